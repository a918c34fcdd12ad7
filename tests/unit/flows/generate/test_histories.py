from datetime import date, timedelta

import polars as pl
import pytest

from flows.generate import truth
from flows.generate.partitions import Partitions
from flows.generate.shop import Shop
from tests.unit.flows.generate.shops import EVENTS, collected, days_from, events

FIRST = date(2026, 1, 20)
# An eventful shop, from its first day: nothing in its partitions began before.
SHOP = Shop(
    seed=5,
    orders_per_day=150,
    opened=FIRST,
    cancelled_rate=0.1,
    returned_rate=0.2,
    failed_attempt_rate=0.2,
    incidents={"lost_rate": 0.03, "stuck_rate": 0.03, "outages_per_year": 20, "backlogs_per_year": 10},
)
DAYS = days_from(FIRST, 80)


@pytest.fixture(scope="module")
def partitions() -> Partitions:
    return collected(SHOP, DAYS)


@pytest.fixture(scope="module")
def lives() -> pl.DataFrame:
    return truth.lives(SHOP, DAYS[0], DAYS[-1])


def test_every_status_history_is_legal(partitions: Partitions) -> None:
    versions = (
        partitions["orders"]
        .sort("order_id", "_batch_day")
        .with_columns(before=pl.col("status").shift().over("order_id"))
    )
    first, later = (versions.filter(pl.col("before").is_null() == is_first) for is_first in (True, False))
    assert first.filter(pl.col("order_date").dt.date() != pl.col("_batch_day")).is_empty()
    # an order may be handed over or cancelled on the day it comes in
    assert set(first["status"]) == {"pending", "shipped", "cancelled"}
    assert set(later.select("before", "status").rows()) == {
        ("pending", "shipped"),
        ("shipped", "shipped"),  # nobody was at home
        ("shipped", "delivered"),
        ("delivered", "returned"),
        ("pending", "cancelled"),
        ("shipped", "cancelled"),  # given up as lost
    }


def test_time_only_goes_forward(partitions: Partitions) -> None:
    versions = partitions["orders"].sort("order_id", "_batch_day")
    steps = versions.select(pl.col("updated_at").diff().over("order_id").alias("step")).drop_nulls()
    assert steps.height > 1000
    assert steps["step"].min() > timedelta(0)


def test_an_order_was_last_updated_on_the_day_of_its_partition(partitions: Partitions) -> None:
    assert partitions["orders"]["updated_at"].dt.date().equals(partitions["orders"]["_batch_day"])


@pytest.mark.parametrize(
    ("entity", "column"),
    [
        ("orders", "order_date"),
        ("orders", "delivery_date"),
        ("orders", "updated_at"),
        ("deliveries", "shipped_at"),
        ("deliveries", "delivered_at"),
        ("customers", "created_at"),
    ],
)
def test_a_day_knows_nothing_of_the_future(partitions: Partitions, entity: str, column: str) -> None:
    moments = partitions[entity].drop_nulls(column)
    assert not moments.is_empty()
    assert moments.filter(pl.col(column).dt.date() > pl.col("_batch_day")).is_empty()


def test_a_life_goes_from_order_to_hand_over_to_attempt_to_delivery_to_return(lives: pl.DataFrame) -> None:
    for earlier, later in (
        ("placed_at", "shipped_at"),
        ("placed_at", "cancelled_at"),
        ("shipped_at", "failed_attempt_at"),
        ("shipped_at", "delivered_at"),
        ("failed_attempt_at", "delivered_at"),
        ("delivered_at", "returned_at"),
    ):
        both = lives.drop_nulls([earlier, later])
        assert both.height > 50, (earlier, later)
        assert both.filter(pl.col(earlier) >= pl.col(later)).is_empty(), (earlier, later)
    for needed, by in (
        ("shipped_at", "delivered_at"),
        ("delivered_at", "returned_at"),
        ("shipped_at", "failed_attempt_at"),
    ):
        assert lives.filter(pl.col(by).is_not_null() & pl.col(needed).is_null()).is_empty()
    assert lives.filter(
        pl.col("cancelled_at").is_not_null() & pl.col("delivered_at").is_not_null()
    ).is_empty()


def test_nobody_collects_or_delivers_on_a_sunday(lives: pl.DataFrame) -> None:
    sundays = {event: lives.filter(pl.col(event).dt.weekday() == 7).height for event in EVENTS}
    assert sundays.pop("placed_at") > 500
    assert sundays.pop("returned_at") > 50
    assert sundays.pop("cancelled_at") > 10
    assert set(sundays.values()) == {0}, sundays


def test_the_promise_is_the_day_of_the_order_and_the_days_of_its_tier(partitions: Partitions) -> None:
    days = {tier.name: tier.promised_days for tier in SHOP.tiers}
    orders = partitions["orders"]
    promised = (
        orders["order_date"].dt.date()
        + pl.select(pl.duration(days=orders["shipping_tier"].replace_strict(days))).to_series()
    )
    assert orders["promised_date"].equals(promised, check_names=False)
    both = partitions["deliveries"].join(orders, on=["_batch_day", "order_id"])
    # kept until the day ends
    last_second = pl.datetime(2026, 1, 1, 23, 59, 59).dt.time()
    assert both.select((pl.col("promised_at").dt.date() == pl.col("promised_date")).all()).item()
    assert both.select((pl.col("promised_at").dt.time() == last_second).all()).item()


def test_a_failed_attempt_is_followed_by_a_second_one(partitions: Partitions) -> None:
    found = partitions["deliveries"].with_columns(attempt=pl.col("delivery_id").str.slice(-1))
    assert (
        found["delivery_id"].str.replace("^D", "O").str.head(-2).equals(found["order_id"], check_names=False)
    )
    assert set(found["attempt"]) == {"1", "2"}
    histories = (
        found.sort("_batch_day")
        .group_by("delivery_id", "attempt", maintain_order=True)
        .agg("status", "_batch_day")
        .with_columns(status=pl.col("status").list.join(" "))
    )
    assert set(histories.filter(attempt="1")["status"]) == {
        "in_transit",
        "in_transit delivered",
        "in_transit failed",
    }
    assert set(histories.filter(attempt="2")["status"]) == {"in_transit", "in_transit delivered"}
    failed = found.filter(status="failed").select("order_id", "_batch_day")
    second = found.filter(attempt="2", status="in_transit").select("order_id", "_batch_day")
    assert failed.height > 100
    assert failed.sort("order_id").equals(second.sort("order_id"))


def test_orders_and_deliveries_tell_the_same_story(partitions: Partitions) -> None:
    both = partitions["deliveries"].join(partitions["orders"], on=["_batch_day", "order_id"], suffix="_order")
    assert both.height == partitions["deliveries"].height
    assert set(both.select("status", "status_order").rows()) == {
        ("in_transit", "shipped"),
        ("failed", "shipped"),
        ("delivered", "delivered"),
    }
    assert both["delivered_at"].equals(both["delivery_date"], check_names=False)
    assert both.filter(pl.col("delivered_at") <= pl.col("shipped_at")).is_empty()


def test_a_delivery_date_stands_exactly_where_something_was_delivered(partitions: Partitions) -> None:
    orders = partitions["orders"]
    assert orders["delivery_date"].is_not_null().equals(orders["status"].is_in(["delivered", "returned"]))


def test_a_partition_holds_exactly_the_orders_with_an_event_on_its_day(
    partitions: Partitions, lives: pl.DataFrame
) -> None:
    expected = events(lives).filter(pl.col("_batch_day") <= DAYS[-1]).sort("order_id", "_batch_day")
    found = partitions["orders"].select("order_id", "_batch_day", at="updated_at")
    assert found.sort("order_id", "_batch_day").equals(expected)


def test_a_partition_shows_what_a_life_has_come_to_by_the_days_end(
    partitions: Partitions, lives: pl.DataFrame
) -> None:
    both = partitions["orders"].join(
        lives.drop("shipping_tier", "promised_date", "customer_id"), on="order_id"
    )
    assert both.height == partitions["orders"].height

    def by_now(event: str) -> pl.Expr:
        return (pl.col(event).dt.date() <= pl.col("_batch_day")).fill_null(False)

    told = both.select(
        status=pl.when(by_now("cancelled_at"))
        .then(pl.lit("cancelled"))
        .when(by_now("returned_at"))
        .then(pl.lit("returned"))
        .when(by_now("delivered_at"))
        .then(pl.lit("delivered"))
        .when(by_now("shipped_at"))
        .then(pl.lit("shipped"))
        .otherwise(pl.lit("pending")),
        order_date="placed_at",
        delivery_date=pl.when(by_now("delivered_at")).then("delivered_at"),
    )
    assert told.equals(both.select(told.columns))
