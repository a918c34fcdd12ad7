from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from math import log
from statistics import NormalDist

import polars as pl
import pytest

from flows.generate import truth
from flows.generate.itineraries import whole_days
from flows.generate.parts import Carrier, Region, Tier
from tests.unit.flows.generate.shops import days_from, fits, shop_with

MOST = 40
SHOP = shop_with(seed=9, orders_per_day=2_500, failed_attempt_rate=0.1, cancelled_rate=0.1, returned_rate=0.3)
DAYS = days_from(date(2026, 3, 2), 14)
CARRIERS = {carrier.name: carrier for carrier in SHOP.carriers}


@pytest.fixture(scope="module")
def lives() -> pl.DataFrame:
    """Whole lives with the number of the weekday (Sunday 7) and the days between events."""
    attempted = pl.coalesce("failed_attempt_at", "delivered_at")
    return truth.lives(SHOP, DAYS[0], DAYS[-1]).with_columns(
        ordered=pl.col("placed_at").dt.weekday(),
        collected=pl.col("shipped_at").dt.weekday(),
        handover=days_between("placed_at", "shipped_at"),
        transit=days_between("shipped_at", attempted),
        again=days_between("failed_attempt_at", "delivered_at"),
        back=days_between("delivered_at", "returned_at"),
        withdrawn=days_between("placed_at", "cancelled_at"),
    )


def days_between(start: str, end: str | pl.Expr) -> pl.Expr:
    last = pl.col(end) if isinstance(end, str) else end
    return (last.dt.date() - pl.col(start).dt.date()).dt.total_days()


def law(median_hours: float, sigma: float, fewest: int) -> list[float]:
    """The chance of each number of whole days: hours are log-normal, days the nearest whole number."""
    hours = NormalDist(log(median_hours), sigma)
    upper = [hours.cdf(log(24 * (days + 0.5))) for days in range(MOST)]
    chances = [0.0] * fewest + [upper[fewest]]
    return chances + [
        above - below for below, above in zip(upper[fewest:], upper[fewest + 1 :], strict=False)
    ]


def closed_on_sundays(chances: Sequence[float], weekday: int) -> list[float]:
    """What is due on a Sunday happens on the Monday after; `weekday` is that of day zero."""
    moved = [*chances, 0.0]
    for days, chance in enumerate(chances):
        if (weekday + days) % 7 == 0:
            moved[days] -= chance
            moved[days + 1] += chance
    return moved


def mixed(laws: Sequence[tuple[float, Sequence[float]]]) -> list[float]:
    total = sum(share for share, _ in laws)
    return [
        sum(share * chance for share, chance in zip((s for s, _ in laws), column, strict=True)) / total
        for column in zip(*(chances for _, chances in laws), strict=True)
    ]


def agrees(lives: pl.DataFrame, column: str, start: str, expected: Callable[[int], Sequence[float]]) -> bool:
    """Whether the days counted in `column` follow what is expected for each weekday of their start."""
    counts: list[float] = []
    weights: list[float] = []
    for weekday in range(1, 8):
        found = lives.filter(pl.col(start) == weekday)[column].drop_nulls()
        chances = expected(weekday)
        counts += [(found == days).sum() for days in range(len(chances))]
        weights += [len(found) * chance for chance in chances]
    assert sum(counts) == lives[column].drop_nulls().len()
    return fits(counts, weights)


def handovers(tier: Tier, weekday: int, slower: float = 1, open_on_sundays: bool = False) -> list[float]:
    chances = mixed(
        [
            (carrier.share, law(slower * tier.handover_hours * carrier.pickup, tier.handover_sigma, 0))
            for carrier in SHOP.carriers
        ]
    )
    return chances if open_on_sundays else closed_on_sundays(chances, weekday)


@pytest.mark.parametrize("tier", SHOP.tiers, ids=lambda tier: tier.name)
def test_hand_over_follows_its_law_and_rests_on_sundays(lives: pl.DataFrame, tier: Tier) -> None:
    ways = lives.filter(shipping_tier=tier.name)
    assert agrees(ways, "handover", "ordered", lambda weekday: handovers(tier, weekday))
    assert not agrees(ways, "handover", "ordered", lambda weekday: handovers(tier, weekday, slower=1.1))
    assert not agrees(
        ways, "handover", "ordered", lambda weekday: handovers(tier, weekday, open_on_sundays=True)
    )


@cache
def transits(tier: Tier, carrier: Carrier, regions: tuple[Region, ...], slower: float = 1) -> list[float]:
    return mixed(
        [
            (
                region.share,
                law(slower * tier.transit_hours * carrier.transit * region.distance, tier.transit_sigma, 1),
            )
            for region in regions
        ]
    )


@pytest.mark.parametrize("tier", SHOP.tiers, ids=lambda tier: tier.name)
@pytest.mark.parametrize("carrier", SHOP.carriers[:2], ids=lambda carrier: carrier.name)
def test_transit_follows_its_law_and_rests_on_sundays(
    lives: pl.DataFrame, tier: Tier, carrier: Carrier
) -> None:
    ways = lives.filter(shipping_tier=tier.name, carrier=carrier.name)
    right, slow = (transits(tier, carrier, SHOP.regions, slower) for slower in (1, 1.25))
    assert agrees(ways, "transit", "collected", lambda weekday: closed_on_sundays(right, weekday))
    assert not agrees(ways, "transit", "collected", lambda weekday: closed_on_sundays(slow, weekday))
    assert not agrees(ways, "transit", "collected", lambda _: right)


def test_far_regions_take_longer(lives: pl.DataFrame) -> None:
    for region in SHOP.regions[:2]:
        ways = lives.filter(shipping_tier="standard", carrier="NordPost", region=region.name)
        for assumed in SHOP.regions[:2]:
            expected = transits(SHOP.tiers[0], SHOP.carriers[0], (assumed,))
            found = agrees(
                ways, "transit", "collected", lambda weekday, law=expected: closed_on_sundays(law, weekday)
            )
            assert found == (assumed == region)


def test_a_second_attempt_is_made_on_the_next_working_day(lives: pl.DataFrame) -> None:
    failed = lives.drop_nulls("failed_attempt_at")
    is_saturday = failed["failed_attempt_at"].dt.weekday() == 6
    assert is_saturday.sum() > 100
    assert set(failed.filter(is_saturday)["again"]) == {2}
    assert set(failed.filter(~is_saturday)["again"]) == {1}


def test_who_cancels_does_so_within_two_days(lives: pl.DataFrame) -> None:
    counts = [(lives["withdrawn"] == days).sum() for days in range(3)]
    assert sum(counts) == lives["withdrawn"].drop_nulls().len()
    assert fits(counts, [0.5, 0.3, 0.2])
    assert not fits(counts, [0.4, 0.4, 0.2])


def test_what_comes_back_does_so_two_to_fourteen_days_after_the_delivery(lives: pl.DataFrame) -> None:
    counts = lives["back"].drop_nulls().value_counts(sort=True)
    assert set(counts["back"]) == set(range(2, 15))
    assert counts["count"].min() > 0.5 * counts["count"].mean()


@pytest.mark.parametrize(
    ("median", "sigma", "fewest"), [(17, 0.55, 0), (58, 0.4, 1), (400, 1, 1), (3, 0.2, 0)]
)
def test_whole_days_are_chances_that_add_up_to_one(median: float, sigma: float, fewest: int) -> None:
    found = whole_days(median, sigma, fewest)
    assert sum(chance for _, chance in found) == pytest.approx(1)
    assert min(chance for _, chance in found) > 0
    expected = law(median, sigma, fewest)
    for days, chance in found[:-1]:
        if days < MOST:
            assert chance == pytest.approx(expected[days], abs=2e-6)
    assert found[-1][1] < 1.5e-4 + expected[min(found[-1][0], MOST - 1)] or len(found) == 1


def test_without_a_spread_every_parcel_takes_the_median() -> None:
    assert whole_days(36, 0, 0) == [(2, 1.0)]
    assert whole_days(35, 0, 0) == [(1, 1.0)]
    assert whole_days(3, 0, 1) == [(1, 1.0)]
