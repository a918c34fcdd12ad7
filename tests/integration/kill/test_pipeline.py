"""The whole pipeline is killed while it loads, again and again, until a run is left alone."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from prefect.settings import PREFECT_API_URL
from prefect_email import EmailServerCredentials

from blocks.settings import SnowflakeSettings
from flows.tables import ENTITIES
from tests.integration.flows.mail_servers import Inbox, serving
from tests.integration.kill.lanes import Warehouse
from tests.integration.kill.rounds import Clients, comes_to_its_point, kill
from tests.integration.kill.wire import AFTER, BEFORE, Boundary, Hold, wired

BLOCK = "tests-of-the-killed-pipeline"
AS_OF = date(2026, 1, 31)
PARAMETERS = {
    "as_of": AS_OF,
    "days": 20,
    "orders_per_day": 60,
    "warehouse_block": BLOCK,
    "email_block": BLOCK,
    "alert_to": "ops@example.com",
}
# Each begins where the one before it ended: customers and products are there, then orders.
HOLDS = (
    Hold(Boundary("copy into raw.orders from @raw.landing/…/orders/"), AFTER),
    Hold(Boundary("commit"), AFTER),
    Hold(Boundary("commit"), BEFORE),
)
# What differs from run to run; a digest's name and its Message-ID are those of its database.
VARYING = (
    "applied_at",
    *("_batch_id", "batch_id", "digest_id", "message_id", "builder"),
    *("loaded_at", "recorded_at", "reserved_at", "sent_at"),
)


class Pipeline:
    """One database, the local state of the runs that fill it, and where their messages go."""

    def __init__(self, clients: Clients, warehouse: Warehouse, database: str, data_dir: Path) -> None:
        self._clients = clients
        self._warehouse = warehouse
        self._database = database
        self._data_dir = data_dir
        self._runs: list[str] = []
        self.inbox = Inbox()

    def run(self, hold: Hold | None = None) -> int | None:
        """The exit status of one run, which is killed where it is held."""
        name = f"run-{len(self._runs)}"
        with wired(self._warehouse.port, hold) as wire, serving(self.inbox) as mail_port:
            settings = SnowflakeSettings(port=wire.port, database=self._database)
            settings.to_block().save(BLOCK, overwrite=True)
            mail = EmailServerCredentials(smtp_server="127.0.0.1", smtp_type="INSECURE", smtp_port=mail_port)
            mail.save(BLOCK, overwrite=True)
            process = self._clients.start_flow(
                "flows.main:ecommerce_pipeline", PREFECT_API_URL.value(), self._data_dir, name, PARAMETERS
            )
            self._runs.append(name)
            if hold and comes_to_its_point(process, hold):
                kill(process, wire)
            process.join()
        return process.exitcode

    def log(self) -> str:
        """What all runs said."""
        return "\n".join((self._data_dir / f"{name}.log").read_text() for name in self._runs)

    def tables(self) -> dict[str, pl.DataFrame]:
        """Everything that is in the database, without what differs from run to run."""
        with self._warehouse.connect() as session, session.cursor() as cursor:

            def rows(sql: str) -> pl.DataFrame:
                cursor.execute(sql)
                return pl.DataFrame(cursor.fetch_arrow_all(force_return_table=True)).rename(str.lower)

            cursor.execute(f"use database {self._database}")
            schemas = "('RAW', 'OPS', 'STAGING', 'MARTS', 'ALERTS')"
            names = rows(
                "select table_schema, table_name from information_schema.tables "
                f"where table_schema in {schemas} order by 1, 2"
            )
            found = {}
            for schema, name in names.iter_rows():
                frame = rows(f"select * from {schema}.{name}").drop(VARYING, strict=False)
                found[f"{schema}.{name}".lower()] = frame.sort(frame.columns)
            return found

    def left(self) -> list[str]:
        """Files of batches on the client's disk and on the warehouse's."""
        stage = self._data_dir / "stage"
        return [*map(str, stage.iterdir()), *self._warehouse.staged_files(self._database)]


@pytest.fixture
def new_pipeline(
    clients: Clients, warehouse: Warehouse, prefect_api: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Pipeline]]:
    """Makes a pipeline with a database of its own."""

    def make(database: str) -> Pipeline:
        return Pipeline(clients, warehouse, database, tmp_path_factory.mktemp("pipeline"))

    yield make


def test_a_pipeline_that_was_killed_three_times_ends_up_as_one_that_never_was(
    new_pipeline: Callable[[str], Pipeline],
) -> None:
    undisturbed, killed = new_pipeline("UNDISTURBED"), new_pipeline("KILLED")
    assert undisturbed.run() == 0, undisturbed.log()
    for hold in HOLDS:
        assert killed.run(hold) == -9, killed.log()
        assert killed.inbox.messages == []
    assert killed.run() == 0, killed.log()

    expected, found = undisturbed.tables(), killed.tables()
    told = {"alerts.sla_breaches", "ops.alert_events", "ops.digests"}
    assert told | {f"raw.{entity}" for entity in ENTITIES} < expected.keys()
    assert all(expected[name].height for name in told)
    assert found.keys() == expected.keys()
    different = [name for name, rows in expected.items() if not rows.equals(found[name])]
    assert different == []
    assert len(undisturbed.inbox.messages) == len(killed.inbox.messages) == 1
    assert killed.left() == []
