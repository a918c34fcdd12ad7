"""The `dbt-build` step on real dbt: days that were replaced, and another build on the same models."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from snowflake.connector.errors import Error

from flows.errors import TransformError
from flows.ingest.load import load_batch
from flows.ingest.staging import BatchWriter
from flows.migrations import prepare
from flows.tables import SCHEMAS
from flows.transform.build import dbt_build
from flows.transform.environment import connection_variables, dbt_variables
from flows.transform.flow import build_models
from flows.warehouse import connect
from tests.integration.flows.conftest import Shop

AS_OF = date(2026, 1, 20)
PLACED = [date(2026, 1, 5), date(2026, 1, 6)]
BLOCK = "tests-of-the-dbt-step"
ENDLESS = "select count(*) as n from range(10000000) a, range(10000000) b where (a.range + b.range) % 11 = 3"


@pytest.fixture(scope="module")
def built_shop(new_connector, data_root: Path, prefect_api: None) -> Iterator[Shop]:
    """A shop with the database the stored block points at."""
    connector = new_connector()
    connector.save(BLOCK, overwrite=True)
    with connect(connector) as connection:
        prepare(connection, "prod")
        with connection_variables(dbt_variables(connector)):
            yield Shop(connection, partial(connect, connector))


def load_orders(shop: Shop, root: Path, batch_id: str, orders: dict[date, Iterable[str]]) -> None:
    """Orders by the day they were placed, none of them delivered."""
    rows = [
        {
            "order_id": order_id,
            "customer_id": "c",
            "product_id": "p",
            "order_date": datetime(day.year, day.month, day.day, 12),
            "status": "shipped",
            "_batch_day": day,
        }
        for day, order_ids in orders.items()
        for order_id in order_ids
    ]
    frame = pl.DataFrame(rows, schema={**SCHEMAS["orders"], "_batch_day": pl.Date})
    with BatchWriter(batch_id, root, origin="files") as writer:
        writer.write("orders", frame, orders)
    load_batch(shop.connect, writer.batch, lambda line: None)


def order_ids(shop: Shop) -> dict[str, set[str]]:
    """The orders that each model with orders in it knows."""
    models = shop.rows(
        "select table_schema || '.' || table_name from information_schema.columns "
        "where column_name = 'ORDER_ID' and table_schema in ('STAGING', 'MARTS', 'ALERTS')"
    )
    return {
        model: {row[0] for row in shop.rows(f"select order_id from {model}")} for (model,) in sorted(models)
    }


def test_no_model_holds_what_a_replaced_day_has_lost_and_a_failed_build_forgets_nothing(
    built_shop: Shop, tmp_path: Path
) -> None:
    load_orders(built_shop, tmp_path, "first", {PLACED[0]: ["a", "b"], PLACED[1]: ["c", "d", "e"]})
    build_models(AS_OF, BLOCK)
    before = order_ids(built_shop)
    assert before["MARTS.FCT_ORDERS"] == before["ALERTS.SLA_BREACHES"] == {"a", "b", "c", "d", "e"}

    load_orders(built_shop, tmp_path, "second", {PLACED[0]: ["a", "b"], PLACED[1]: ["d"]})
    built_shop.rows(
        "update ops.load_manifest set row_count = row_count + 1"
    )  # which a test of dbt's will see
    with pytest.raises(TransformError, match="every_loaded_day_holds_the_rows_its_manifest_counts"):
        build_models(AS_OF, BLOCK)
    built_shop.rows("update ops.load_manifest set row_count = row_count - 1")
    build_models(AS_OF, BLOCK)
    after = order_ids(built_shop)
    assert {model for model in after if not model.startswith("STAGING.MADE_")} == set(before)
    assert set().union(*after.values()) == {"a", "b", "d"}
    assert after["MARTS.FCT_ORDERS"] == {"a", "b", "d"}


def test_a_build_that_meets_another_one_says_so_and_is_made_again(built_shop: Shop) -> None:
    with built_shop.connect() as connection:
        other = threading.Thread(
            target=interrupted,
            args=(connection.cursor(), f"create or replace table marts.carrier_scorecard as {ENDLESS}"),
        )
        other.start()
        lines: list[str] = []

        def report(line: str) -> None:
            lines.append(line)
            if line.startswith("dbt: another run is building the same models; building again in "):
                connection.close()  # which ends what it runs

        summary = dbt_build(AS_OF, report)
        other.join()
    assert (summary.failed, summary.skipped) == (0, 0)
    assert sum("another run is building" in line for line in lines) == 1


def interrupted(cursor, statement: str) -> None:
    with suppress(Error):
        cursor.execute(statement)
