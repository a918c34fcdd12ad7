"""The pipeline's steps as one plain script: the same functions and stand-ins, no Prefect run around them."""

import sys
from datetime import date
from functools import partial
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)


def main(as_of: date, days: int, orders_per_day: int) -> None:
    """One run; prints nothing."""
    from local.processes import StandIn

    warehouse, mailbox = StandIn("warehouse", "SNOWFLAKE_PORT"), StandIn("mailbox", "SMTP_PORT")

    from blocks.settings import read_settings
    from flows.alert.digest import render
    from flows.alert.ledger import create_ledger, read_findings, record, reserve_digest
    from flows.alert.mail import compose, connect, send, sender_address
    from flows.generate.partitions import change_partitions
    from flows.generate.shop import Shop
    from flows.ingest.load import load_batch
    from flows.ingest.manifest import create_landing, missing_days
    from flows.ingest.staging import BatchWriter
    from flows.paths import staging_dir
    from flows.transform.build import dbt_build
    from flows.transform.environment import dbt_variables, environment
    from flows.warehouse import connect as connect_warehouse

    snowflake, email = read_settings()
    connector = snowflake.model_copy(update={"port": warehouse.port()}).to_block()
    credentials = email.model_copy(update={"port": mailbox.port()}).to_block()
    with connect_warehouse(connector) as connection:
        create_landing(connection)
        missing = missing_days(connection, as_of, days).missing
        with BatchWriter("plain", staging_dir(), origin="simulated") as writer:
            for run, partitions in change_partitions(Shop(orders_per_day=orders_per_day), missing):
                for entity, frame in partitions.items():
                    writer.write(entity, frame, run)
        load_batch(partial(connect_warehouse, connector), writer.batch, report=lambda _line: None)
        writer.batch.discard()
        with environment(dbt_variables(connector)):
            dbt_build(as_of, report=lambda _line: None)
        create_ledger(connection)
        findings = read_findings(connection, as_of)
        sender = sender_address(credentials)
        digest = reserve_digest(connection, findings, "example.com")
        message = compose(render(findings), sender, ["order-team@example.com"], digest.message_id)
        with connect(credentials) as server:
            send(server, message, sender, ["order-team@example.com"])
        record(connection, findings, sent=digest)


if __name__ == "__main__":
    main(date.fromisoformat(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
