from datetime import date, timedelta

import polars as pl
import pytest

from flows.generate import truth
from flows.generate.shop import Shop
from tests.unit.flows.generate.shops import EVENTS, NOTHING_DRAWN, collected, days_from, listed, shop_with

FIRST, LAST = date(2026, 3, 9), date(2026, 3, 14)
FROM, TO = date(2026, 2, 16), date(2026, 3, 22)
SIZE = {"seed": 8, "orders_per_day": 200, "failed_attempt_rate": 0.1}
HELD = {
    "backlog": ["shipped_at"],
    "outage": ["failed_attempt_at", "delivered_at"],
    "strike": ["shipped_at", "failed_attempt_at", "delivered_at"],
    "lost": [],
    "stuck": [],
}
# Every parcel takes the same time: what is later than that is late because of something.
PUNCTUAL = {
    "failed_attempt_rate": 0,
    "tiers": [
        {"name": "only", "share": 1, "promised_days": 4, "handover_hours": 24, "transit_hours": 48}
        | {"handover_sigma": 0, "transit_sigma": 0}
    ],
    "carriers": [{"name": "One", "share": 1}, {"name": "Other", "share": 2}],
    "regions": [
        {"name": "North", "country": "FI", "share": 1},
        {"name": "South", "country": "SE", "share": 1},
    ],
}


@pytest.fixture(scope="module")
def undisturbed() -> pl.DataFrame:
    return truth.lives(shop_with(**SIZE), FROM, TO)


@pytest.mark.parametrize("kind", HELD)
def test_labels_name_exactly_the_orders_whose_life_is_another(undisturbed: pl.DataFrame, kind: str) -> None:
    shop = shop_with(listed(kind, FIRST, LAST), **SIZE)
    lives, labels = truth.lives(shop, FROM, TO), truth.labels(shop, FROM, TO)
    same = [lives[event].eq_missing(undisturbed[event]) for event in EVENTS]
    changed = lives.filter(~pl.select(pl.all_horizontal(same)).to_series())
    assert changed.height > 100
    assert labels["order_id"].to_list() == changed["order_id"].to_list()
    assert set(labels["kind"]) == {kind}


@pytest.mark.parametrize("kind", HELD)
def test_a_label_says_when_it_was_due_and_when_it_came(undisturbed: pl.DataFrame, kind: str) -> None:
    shop = shop_with(listed(kind, FIRST, LAST), **SIZE)
    labels = truth.labels(shop, FROM, TO)
    assert labels["from"].is_between(FIRST, LAST).all()
    due = labels.join(undisturbed, on="order_id")
    if kind in ("lost", "stuck"):
        assert labels["to"].null_count() == labels.height
        event = "shipped_at" if kind == "lost" else "placed_at"
        assert due["from"].equals(due[event].dt.date(), check_names=False)
        return
    assert (labels["to"] > LAST).all()
    both = labels.join(truth.lives(shop, FROM, TO), on="order_id")
    assert both.filter(~pl.any_horizontal(pl.col("to") == pl.col(e).dt.date() for e in HELD[kind])).is_empty()
    # what was held up first was due on the day of the label; with nothing before it on the undisturbed day
    first = due.filter(~pl.any_horizontal(pl.col("from") == pl.col(e).dt.date() for e in HELD[kind]))
    assert first.is_empty()


@pytest.mark.parametrize("seed", [1, 2])
def test_an_order_is_late_exactly_when_it_has_a_label(seed: int) -> None:
    often = {"outages_per_year": 12, "backlogs_per_year": 6, "strikes_per_year": 6}
    rates = {"lost_rate": 0.02, "stuck_rate": 0.02, "given_up_days": 0}
    shop = Shop(seed=seed, orders_per_day=100, incidents={**often, **rates}, **PUNCTUAL)
    first, last = date(2026, 1, 5), date(2026, 4, 5)
    lives = truth.lives(shop, first, last).filter(pl.col("cancelled_at").is_null())

    def working(day: pl.Expr) -> pl.Expr:
        return day + pl.when(day.dt.weekday() == 7).then(pl.duration(days=1)).otherwise(pl.duration(days=0))

    lives = lives.with_columns(
        collected=working(pl.col("placed_at").dt.date() + pl.duration(days=1))
    ).with_columns(brought=working(pl.col("collected") + pl.duration(days=2)))
    on_time = (pl.col("shipped_at").dt.date() == pl.col("collected")) & (
        pl.col("delivered_at").dt.date() == pl.col("brought")
    )
    late = lives.filter(~on_time.fill_null(False))
    labels = truth.labels(shop, first, last)
    assert set(labels["kind"]) >= {"outage", "backlog", "lost", "stuck"}
    assert late.height > 300
    assert lives.height - late.height > 3_000
    assert set(late["order_id"]) == set(labels["order_id"])
    assert lives.filter(
        (pl.col("shipped_at").dt.date() < pl.col("collected"))
        | (pl.col("delivered_at").dt.date() < pl.col("brought"))
    ).is_empty()


def test_an_order_hit_by_several_kinds_of_incidents_has_a_label_for_each() -> None:
    backlog, outage = listed("backlog", FIRST, FIRST), listed("outage", FIRST + timedelta(days=3), LAST)
    shop = shop_with(backlog, outage, orders_per_day=100, **PUNCTUAL)
    lives, labels = truth.lives(shop, FROM, TO), truth.labels(shop, FROM, TO)
    # ordered on the Sunday before, due on Monday, collected on Tuesday, due at the door on Thursday
    sunday = lives.filter(
        (pl.col("placed_at").dt.date() == FIRST - timedelta(days=1)) & pl.col("cancelled_at").is_null()
    )
    assert sunday.height > 50
    found = labels.join(sunday.select("order_id"), on="order_id")
    assert found.group_by("kind").len().sort("kind").rows() == [
        ("backlog", sunday.height),
        ("outage", sunday.height),
    ]
    assert set(found.filter(kind="backlog").select("from", "to").rows()) == {
        (FIRST, FIRST + timedelta(days=1))
    }


def test_an_order_hit_twice_by_one_kind_of_incident_has_one_label_for_both() -> None:
    first, again = listed("strike", FIRST, FIRST), listed("strike", FIRST + timedelta(days=3), LAST)
    shop = shop_with(first, again, orders_per_day=100, **PUNCTUAL)
    lives, labels = truth.lives(shop, FROM, TO), truth.labels(shop, FROM, TO)
    # collected on Tuesday instead of Monday, brought after the second strike instead of on Thursday
    hit = lives.filter(pl.col("placed_at").dt.date() == FIRST - timedelta(days=1)).drop_nulls("shipped_at")
    assert hit.height > 50
    found = labels.join(hit.select("order_id", "delivered_at"), on="order_id")
    assert found.height == hit.height
    assert set(found["from"]) == {FIRST}
    assert found["to"].equals(found["delivered_at"].dt.date(), check_names=False)


def test_an_event_that_two_kinds_of_incidents_put_off_has_a_label_for_each() -> None:
    outage, strike = listed("outage", FIRST, LAST), listed("strike", LAST, LAST + timedelta(days=4))
    shop = shop_with(outage, strike, orders_per_day=100, **PUNCTUAL)
    labels = truth.labels(shop, FROM, TO)
    lives = truth.lives(shop, FROM, TO)
    # due on the first day of the outage, and on the Monday after it, when they strike
    due = lives.filter(pl.col("shipped_at").dt.date() == FIRST - timedelta(days=2)).select("order_id")
    assert due.height > 50
    assert set(labels.join(due, on="order_id")["kind"]) == {"outage", "strike"}


def test_labels_and_lives_of_a_range_are_those_of_its_days() -> None:
    shop = Shop(seed=3, orders_per_day=100, incidents={"outages_per_year": 24, "backlogs_per_year": 20})
    days = days_from(date(2026, 1, 5), 20)
    for told in (truth.lives, truth.labels):
        whole = told(shop, days[0], days[-1])
        assert whole.height > 100
        single = {day: told(shop, day, day) for day in reversed(days)}
        assert pl.concat([single[day] for day in days]).equals(whole)


def test_every_order_has_one_life_and_what_the_partitions_say_of_it() -> None:
    shop = Shop(seed=3, orders_per_day=100)
    day = date(2026, 3, 3)
    lives = truth.lives(shop, day, day)
    orders = collected(shop, [day])["orders"].filter(pl.col("order_date").dt.date() == day)
    assert lives["order_id"].is_unique().all()
    for ours, theirs in (
        ("placed_at", "order_date"),
        ("customer_id", "customer_id"),
        ("shipping_tier", "shipping_tier"),
        ("promised_date", "promised_date"),
        ("order_id", "order_id"),
    ):
        assert lives[ours].equals(orders[theirs], check_names=False)


def test_a_shop_in_which_nothing_goes_wrong_has_no_labels() -> None:
    labels = truth.labels(shop_with(orders_per_day=100), FROM, FROM + timedelta(days=5))
    assert labels.is_empty()
    assert labels.schema == truth.LABEL_SCHEMA


def test_rates_are_labelled_too() -> None:
    shop = Shop(
        seed=4,
        orders_per_day=300,
        incidents={"lost_rate": 0.1, "stuck_rate": 0.1, "given_up_days": 0, **NOTHING_DRAWN},
    )
    lives, labels = (told(shop, FROM, FROM + timedelta(days=5)) for told in (truth.lives, truth.labels))
    ended = {
        "lost": pl.col("shipped_at").is_not_null() & pl.col("delivered_at").is_null(),
        "stuck": pl.col("shipped_at").is_null() & pl.col("cancelled_at").is_null(),
    }
    for kind, condition in ended.items():
        expected = lives.filter(condition)["order_id"].to_list()
        assert len(expected) > 50
        assert labels.filter(kind=kind)["order_id"].to_list() == expected
