"""An ordinary simulated shop, with everything that happens in one, is in the marts as its orders lived."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from snowflake.connector import SnowflakeConnection

from flows.generate import truth
from flows.generate.shop import Shop
from flows.transform.build import DbtSummary
from flows.warehouse import connect, rows
from tests.integration.flows.simulated_shops import build, load

OPENED, AS_OF = date(2026, 2, 1), date(2026, 3, 4)
# rates high enough that a small shop has every kind of life
SHOP = Shop(
    seed=3, opened=OPENED, orders_per_day=150, cancelled_rate=0.1, returned_rate=0.1, failed_attempt_rate=0.2
)


@pytest.fixture(scope="module")
def lives() -> pl.DataFrame:
    """What was known of every order at the end of the as-of day; moments after it are null."""
    end = datetime.combine(AS_OF + timedelta(days=1), time())
    known = [
        pl.when(pl.col(moment) < end).then(moment).alias(moment)
        for moment in ("shipped_at", "failed_attempt_at", "delivered_at", "cancelled_at", "returned_at")
    ]
    return truth.lives(SHOP, OPENED, AS_OF).with_columns(known)


@pytest.fixture(scope="module")
def built(
    new_connector, data_root: Path, prefect_api: None
) -> Iterator[tuple[DbtSummary, SnowflakeConnection]]:
    connector = new_connector()
    with connect(connector) as connection:
        days = [OPENED + timedelta(days=number) for number in range((AS_OF - OPENED).days + 1)]
        load(connection, SHOP, days, data_root)
        yield build(connector, AS_OF), connection


@pytest.fixture(scope="module")
def orders(built: tuple[DbtSummary, SnowflakeConnection]) -> dict[str, dict[str, Any]]:
    """MARTS.FCT_ORDERS by order id."""
    columns = "order_id, status, is_open, is_late, ordered_at, shipped_at, delivered_at, carrier, region"
    found = rows(built[1], f"select {columns} from marts.fct_orders")
    return {row[0]: dict(zip(columns.split(", "), row, strict=True)) for row in found}


def of(orders: dict[str, dict[str, Any]], *columns: str) -> dict[str, tuple[Any, ...]]:
    return {order_id: tuple(row[column] for column in columns) for order_id, row in orders.items()}


def expected(lives: pl.DataFrame, *columns: str | pl.Expr) -> dict[str, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in lives.select("order_id", *columns).iter_rows()}


def test_every_data_test_passes_without_a_warning(built: tuple[DbtSummary, SnowflakeConnection]) -> None:
    dbt, _ = built
    assert (dbt.warned, dbt.failed, dbt.skipped) == (0, 0, 0)
    assert dbt.passed


def test_every_order_is_there_with_its_times(orders, lives: pl.DataFrame) -> None:
    assert of(orders, "ordered_at", "delivered_at") == expected(lives, "placed_at", "delivered_at")


def test_every_order_has_the_status_of_what_happened_to_it_last(orders, lives: pl.DataFrame) -> None:
    status = pl.coalesce(
        pl.when(pl.col(moment).is_not_null()).then(pl.lit(status))
        for moment, status in (
            ("cancelled_at", "cancelled"),
            ("returned_at", "returned"),
            ("delivered_at", "delivered"),
            ("shipped_at", "shipped"),
            ("placed_at", "pending"),
        )
    )
    assert of(orders, "status") == expected(lives, status)
    assert {row["status"] for row in orders.values()} == {
        "pending",
        "shipped",
        "delivered",
        "returned",
        "cancelled",
    }


def test_an_order_was_shipped_at_its_first_hand_over_however_many_attempts_follow(
    orders, lives: pl.DataFrame
) -> None:
    shipped = lives.with_columns(
        pl.when(pl.col("shipped_at").is_not_null()).then(part).alias(part) for part in ("carrier", "region")
    )
    columns = ("shipped_at", "carrier", "region")
    assert of(orders, *columns) == expected(shipped, *columns)
    again = lives.filter(pl.col("failed_attempt_at").is_not_null())
    assert not again.filter(pl.col("delivered_at").is_null()).is_empty()
    assert not again.filter(pl.col("delivered_at").is_not_null()).is_empty()


def test_breaches_are_the_orders_neither_cancelled_nor_delivered_whose_time_is_up(
    built: tuple[DbtSummary, SnowflakeConnection], lives: pl.DataFrame
) -> None:
    overdue = lives.filter(
        pl.col("placed_at").dt.date() < AS_OF - timedelta(days=7),
        pl.col("cancelled_at").is_null(),
        pl.col("delivered_at").is_null(),
    )
    found = rows(built[1], "select order_id from alerts.sla_breaches where rule_id = 'delivery_7d'")
    assert sorted(order_id for (order_id,) in found) == sorted(overdue["order_id"])
    assert found
