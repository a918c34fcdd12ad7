from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from flows.generate import truth
from flows.generate.shop import Shop
from tests.unit.flows.generate.shops import collected, days_from, events, is_share, listed, shop_with

# Monday to Saturday, and the orders that may meet it
FIRST, LAST = date(2026, 3, 9), date(2026, 3, 14)
FROM, TO = date(2026, 2, 25), date(2026, 3, 17)
HANDS_OVER, DELIVERS = ["shipped_at"], ["failed_attempt_at", "delivered_at"]
COUNTRY = {region.name: region.country for region in Shop().regions}


_KNOWN: dict[str, pl.DataFrame] = {}


def lives(*incidents: dict[str, Any]) -> pl.DataFrame:
    """Lives with the country, kept because several tests look at the same incident."""
    if (said := str(incidents)) not in _KNOWN:
        shop = shop_with(*incidents, seed=2, orders_per_day=200, failed_attempt_rate=0.1)
        country = pl.col("region").replace_strict(COUNTRY)
        _KNOWN[said] = truth.lives(shop, FROM, TO).with_columns(country=country)
    return _KNOWN[said]


@pytest.fixture(scope="module")
def undisturbed() -> pl.DataFrame:
    """The same orders when nothing goes wrong."""
    return lives()


def in_time(event: str, first: date = FIRST, last: date = LAST) -> pl.Expr:
    return pl.col(event).dt.date().is_between(first, last).fill_null(False)


def in_scope(scope: dict[str, str]) -> pl.Expr:
    columns = {"tier": "shipping_tier"}
    return pl.all_horizontal(pl.lit(True), *(pl.col(columns.get(k, k)) == v for k, v in scope.items()))


def any_in_time(events: list[str]) -> pl.Expr:
    return pl.any_horizontal(in_time(event) for event in events)


def differing(one: pl.DataFrame, other: pl.DataFrame) -> pl.Series:
    """Ids of the orders whose lives are not the same in both."""
    assert one["order_id"].equals(other["order_id"])
    same = pl.all_horizontal(pl.Series(one[name].eq_missing(other[name])).alias(name) for name in one.columns)
    return one.filter(~pl.select(same).to_series())["order_id"]


SCOPES = [
    {},
    {"carrier": "NordPost"},
    {"region": "DE-South"},
    {"country": "FI"},
    {"tier": "standard"},
    {"carrier": "Baltic Express", "region": "FI-South", "tier": "standard"},
]


@pytest.mark.parametrize("scope", SCOPES, ids=str)
@pytest.mark.parametrize(
    ("kind", "held"), [("outage", DELIVERS), ("backlog", HANDS_OVER), ("strike", HANDS_OVER + DELIVERS)]
)
def test_nothing_happens_while_it_is_held_up_and_it_happens_after(
    undisturbed: pl.DataFrame, kind: str, held: list[str], scope: dict[str, str]
) -> None:
    found = lives(listed(kind, FIRST, LAST, **scope))
    due = undisturbed.filter(in_scope(scope) & any_in_time(held))
    assert due.height >= 5
    assert found.filter(in_scope(scope) & any_in_time(held)).is_empty()
    for event in held:
        both = found.join(due.filter(in_time(event)).select("order_id", due=event), on="order_id")
        assert (both[event].dt.date() > LAST).all()


@pytest.mark.parametrize(("kind", "event"), [("backlog", "shipped_at"), ("outage", "delivered_at")])
def test_what_piles_up_is_worked_off_twice_as_fast_as_it_came_in(kind: str, event: str) -> None:
    rates = {"orders_per_day": 200, "failed_attempt_rate": 0}
    before, after = (
        truth.lives(shop_with(*incidents, **rates), FROM, TO)
        for incidents in ([], [listed(kind, FIRST, LAST)])
    )
    due = before.filter(in_time(event)).select("order_id", due=pl.col(event).dt.date())
    found = due.join(after.select("order_id", came=pl.col(event).dt.date()), on="order_id")
    for day, came in found.select("due", "came").unique().rows():
        expected = LAST + timedelta(days=1 + (day - FIRST).days // 2)
        assert came == expected + timedelta(days=expected.weekday() == 6)
    assert found["due"].n_unique() == 6
    assert found["came"].n_unique() == 2


@pytest.mark.parametrize("scope", SCOPES, ids=str)
@pytest.mark.parametrize("kind", ["outage", "backlog", "strike", "lost", "stuck"])
def test_who_is_not_in_its_scope_notices_nothing(
    undisturbed: pl.DataFrame, kind: str, scope: dict[str, str]
) -> None:
    hit = differing(undisturbed, lives(listed(kind, FIRST, LAST, **scope)))
    assert hit.len() >= 5
    assert undisturbed.filter(pl.col("order_id").is_in(hit.implode()) & ~in_scope(scope)).is_empty()


@pytest.mark.parametrize("kind", ["outage", "backlog", "strike"])
def test_what_is_held_up_is_never_early_and_nothing_is_lost(undisturbed: pl.DataFrame, kind: str) -> None:
    found = lives(listed(kind, FIRST, LAST))
    for event in ["placed_at", "cancelled_at", *HANDS_OVER, *DELIVERS, "returned_at"]:
        assert found[event].is_null().equals(undisturbed[event].is_null())
        assert (found[event].dt.date() >= undisturbed[event].dt.date()).all()


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_what_was_handed_over_in_its_time_is_lost(undisturbed: pl.DataFrame, scope: dict[str, str]) -> None:
    found = lives(listed("lost", FIRST, LAST, **scope))
    expected = undisturbed.filter(in_scope(scope) & in_time("shipped_at"))["order_id"]
    gone = found.filter(pl.col("shipped_at").is_not_null() & pl.col("delivered_at").is_null())
    assert gone["order_id"].equals(expected)
    assert gone.select("failed_attempt_at", "returned_at").null_count().row(0) == (gone.height, gone.height)
    assert differing(undisturbed, found).equals(expected)


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_what_was_ordered_in_its_time_is_stuck(undisturbed: pl.DataFrame, scope: dict[str, str]) -> None:
    found = lives(listed("stuck", FIRST, LAST, **scope))
    expected = undisturbed.filter(in_scope(scope) & in_time("placed_at") & pl.col("cancelled_at").is_null())[
        "order_id"
    ]
    kept = found.filter(pl.col("shipped_at").is_null() & pl.col("cancelled_at").is_null())
    assert kept["order_id"].equals(expected)
    assert kept["delivered_at"].null_count() == kept.height
    assert differing(undisturbed, found).equals(expected)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_a_share_of_the_scope_is_hit(share: float) -> None:
    shop = shop_with(listed("stuck", FIRST, LAST, share=share), seed=2, orders_per_day=800, cancelled_rate=0)
    found = truth.lives(shop, FIRST, LAST)
    assert is_share(found["shipped_at"].null_count(), found.height, share)
    assert not is_share(found["shipped_at"].null_count(), found.height, share / 2)
    assert not is_share(found["shipped_at"].null_count(), found.height, (1 + share) / 2)


@pytest.mark.parametrize("other", [0.2, 0.4, 0.9])
def test_an_incident_hits_its_share_whatever_overlaps_it(other: float) -> None:
    held = listed("backlog", FIRST, LAST, share=0.4)
    lost = listed("stuck", FROM, TO, share=other)
    shop = shop_with(held, lost, seed=2, orders_per_day=800, cancelled_rate=0)
    found = truth.lives(shop, FIRST, LAST)
    assert is_share(found["shipped_at"].null_count(), found.height, other)
    alone = truth.lives(shop_with(held, seed=2, orders_per_day=800, cancelled_rate=0), FIRST, LAST)
    labelled = truth.labels(shop_with(held, seed=2, orders_per_day=800, cancelled_rate=0), FIRST, LAST)
    due = labelled.height + alone.filter(in_time("shipped_at")).height
    assert is_share(labelled.height, due, 0.4)
    assert not is_share(labelled.height, due, 0.5)


def test_overlapping_incidents_hold_up_until_the_last_one_is_over() -> None:
    middle, end = FIRST + timedelta(days=3), LAST + timedelta(days=4)
    found = lives(listed("outage", FIRST, LAST), listed("strike", middle, end), listed("backlog", end, end))
    for event in DELIVERS:
        assert found.filter(in_time(event, FIRST, end)).is_empty()
    assert found.filter(in_time("shipped_at", middle, end)).is_empty()
    assert not found.filter(in_time("shipped_at", FIRST, middle)).is_empty()
    assert found["delivered_at"].is_not_null().equals(lives()["delivered_at"].is_not_null())


def test_an_incident_between_two_sundays_and_one_next_to_it_leave_no_gap() -> None:
    second = LAST + timedelta(days=2)
    found = lives(listed("strike", FIRST, LAST), listed("strike", second, second + timedelta(days=2)))
    for event in HANDS_OVER + DELIVERS:
        assert found.filter(in_time(event, FIRST, second + timedelta(days=2))).is_empty()


def test_an_incident_of_another_time_changes_nothing(undisturbed: pl.DataFrame) -> None:
    long_ago, far_off = date(2010, 1, 1), date(9999, 12, 1)
    found = lives(
        listed("strike", long_ago, long_ago + timedelta(days=89)),
        listed("strike", far_off, date.max),
        listed("lost", FROM - timedelta(days=1), FROM - timedelta(days=1)),
    )
    assert found.equals(undisturbed)


@pytest.mark.parametrize("length", [0, 20, 90])
def test_no_change_is_missed_however_long_an_incident_was(length: int) -> None:
    start = date(2026, 2, 2)
    backlogs = [listed("backlog", start, start + timedelta(days=length - 1))] if length else []
    shop = shop_with(*backlogs, orders_per_day=40, opened=date(2026, 1, 20), returned_rate=0.5)
    lives = truth.lives(shop, shop.opened, start + timedelta(days=length))
    expected = events(lives).select("order_id", "_batch_day")
    days = days_from(shop.opened, (expected["_batch_day"].max() - shop.opened).days + 1)
    found = collected(shop, days)["orders"].select("order_id", "_batch_day")
    assert expected.join(found, on=["order_id", "_batch_day"], how="anti").is_empty()
