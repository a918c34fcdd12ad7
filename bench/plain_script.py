"""The pipeline's steps as one plain script: the same functions and stand-ins, no Prefect run around them."""

import sys
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect_email import EmailServerCredentials
    from prefect_snowflake import SnowflakeConnector

sys.path[0] = str(Path(__file__).resolve().parent.parent)


def main(as_of: date, days: int, orders_per_day: int) -> None:
    """One run on stand-ins that are started if need be; prints nothing."""
    from local.processes import StandIn

    warehouse, mailbox = StandIn("warehouse", "SNOWFLAKE_PORT"), StandIn("mailbox", "SMTP_PORT")
    from blocks.settings import read_settings

    snowflake, email = read_settings()
    connector = snowflake.model_copy(update={"port": warehouse.port()}).to_block()
    steps(
        connector, email.model_copy(update={"port": mailbox.port()}).to_block(), as_of, days, orders_per_day
    )


def steps(
    connector: "SnowflakeConnector",
    credentials: "EmailServerCredentials",
    as_of: date,
    days: int,
    orders_per_day: int,
) -> None:
    """Simulate, stage, load, build, tell: what the flows do, by the functions they call."""
    from flows.alert.audiences import read_audiences
    from flows.alert.channels import Channel
    from flows.alert.channels.email import EmailChannel
    from flows.alert.findings import read_findings
    from flows.alert.reserving import reserve_day
    from flows.alert.sending import send_reserved
    from flows.alert.telling import Teller
    from flows.generate.shop import Shop
    from flows.generate.stage import stage_days
    from flows.ingest.leftovers import remove_leftovers
    from flows.ingest.load import load_batch
    from flows.ingest.manifest import missing_days, origins
    from flows.migrations import prepare
    from flows.paths import staging_dir
    from flows.transform.build import dbt_build
    from flows.transform.environment import connection_variables, dbt_variables
    from flows.transform.standing import is_past
    from flows.transform.turn import our_turn
    from flows.warehouse import connect

    def silent(_line: str) -> None:
        pass

    session = partial(connect, connector)
    with session() as connection:
        prepare(connection, "prod")
        remove_leftovers(connection, staging_dir(), silent)
        missing = missing_days(connection, as_of, days).missing
    shop = Shop(orders_per_day=orders_per_day)
    batch = stage_days(shop, missing, f"plain-{connector.database}", as_of, staging_dir())
    load_batch(session, batch, silent)
    batch.discard()
    with session() as connection:
        remove_leftovers(connection, staging_dir(), silent)
        origins(connection)
    with our_turn(session, silent, "building the models"), session() as connection:
        past = is_past(connection, as_of)
        with connection_variables(dbt_variables(connector)):
            dbt_build(as_of, silent, past)
    with our_turn(session, silent, "telling people"), session() as connection:
        people = read_audiences()
        channels: dict[str, list[Channel]] = {
            one.name: [EmailChannel(["order-team@example.com"], block=credentials)] for one in people.all
        }
        reserve_day(Teller(connection, read_findings(connection, as_of), people), channels)
        send_reserved(connection, channels, silent, silent)


if __name__ == "__main__":
    main(date.fromisoformat(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
