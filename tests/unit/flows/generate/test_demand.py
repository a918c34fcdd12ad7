from datetime import date, timedelta
from math import sqrt
from statistics import fmean, stdev

import numpy as np
import pytest

from flows.generate.days import number_of
from flows.generate.demand import clock, expected_orders, orders_on
from flows.generate.shop import Shop
from tests.unit.flows.generate.shops import collected, days_from, fits

ANCHOR = date(2026, 1, 1)
FLAT = {"season": {"01-01": 1}, "weekdays": [1] * 7, "growth_per_year": 0, "noise": 0, "anchor": ANCHOR}


def orders(shop: Shop, first: date, days: int) -> list[int]:
    return [orders_on(shop, number_of(day)) for day in days_from(first, days)]


def is_mean(found: float, expected: float, days: int, noise: float = 0.04) -> bool:
    """Within five standard deviations of the mean of so many noisy days."""
    return abs(found / expected - 1) < 5 * noise / sqrt(days)


@pytest.mark.parametrize("years", [-3, 0, 2])
def test_a_year_around_the_anchor_has_the_orders_per_day_and_each_other_year_its_growth(years: int) -> None:
    shop = Shop(orders_per_day=1_000, demand={"growth_per_year": 0.1, "anchor": ANCHOR})
    found = fmean(orders(shop, ANCHOR + timedelta(days=round(years * 365.25) - 182), 365))
    assert is_mean(found, 1_000 * 1.1**years, 365)
    assert not is_mean(found, 1_000 * 1.1 ** (years + 0.5), 365)
    assert not is_mean(found, 1_000 * 1.08**years * 1.02, 365)


def test_growth_ends_ten_years_from_the_anchor() -> None:
    shop = Shop(orders_per_day=1_000, demand={**FLAT, "growth_per_year": 0.1})
    assert [
        round(expected_orders(shop, number_of(ANCHOR.replace(year=2026 + years))))
        for years in (-40, -11, 0, 11, 40)
    ] == [round(1_000 * 1.1**-10), round(1_000 * 1.1**-10), 1_000, round(1_000 * 1.1**10), 2594]


def test_each_weekday_has_its_share() -> None:
    weights = [1.4, 1.2, 1, 1, 0.9, 0.5, 1]
    shop = Shop(orders_per_day=500, demand={**FLAT, "noise": 0.04, "weekdays": weights})
    monday = date(2024, 1, 1)
    found = orders(shop, monday, 7 * 100)
    means = [fmean(found[weekday::7]) for weekday in range(7)]
    assert all(is_mean(mean, 500 * weight, 100) for mean, weight in zip(means, weights, strict=True))
    shifted = weights[1:] + weights[:1]
    assert not all(is_mean(mean, 500 * weight, 100) for mean, weight in zip(means, shifted, strict=True))


def test_a_weekday_without_weight_has_no_orders() -> None:
    shop = Shop(orders_per_day=100, opened=date(2026, 3, 11), demand={"weekdays": [1, 1, 0, 1, 1, 1, 1]})
    wednesday, thursday = collected(shop, [shop.opened]), collected(shop, [shop.opened + timedelta(days=1)])
    assert [frame.height for frame in wednesday.values()] == [0, 0, 0, 0]
    assert thursday["orders"].height > 50


def test_the_season_goes_through_its_points_in_straight_lines() -> None:
    season = {"01-01": 0.5, "06-01": 1, "06-11": 2, "12-31": 0.5}
    shop = Shop(orders_per_day=1_000, demand={**FLAT, "season": season})

    def factor(month: int, day: int) -> float:
        return expected_orders(shop, number_of(date(2026, month, day)))

    one = factor(6, 1)
    assert factor(6, 11) == pytest.approx(2 * one)
    assert factor(6, 6) == pytest.approx(1.5 * one)
    assert factor(1, 1) == pytest.approx(0.5 * one)
    year = [expected_orders(shop, number_of(day)) for day in days_from(ANCHOR, 365)]
    assert fmean(year) == pytest.approx(1_000)


def test_a_season_of_one_point_is_flat_and_leap_days_are_like_the_day_before() -> None:
    flat = Shop(orders_per_day=1_000, demand=FLAT)
    assert {round(expected_orders(flat, number_of(day)), 6) for day in days_from(ANCHOR, 800)} == {1_000}
    peaked = Shop(demand={**FLAT, "season": {"02-01": 0.5, "03-01": 2}})
    assert expected_orders(peaked, number_of(date(2028, 2, 29))) == expected_orders(
        peaked, number_of(date(2028, 2, 28))
    )


def test_black_friday_and_christmas_are_peaks_of_the_default_shop() -> None:
    def week(shop: Shop, *first: int) -> float:
        return fmean(
            fmean(orders(shop, date(year, *first), 7)) / (1.08 ** (year - 2026)) for year in range(2020, 2030)
        )

    def peaks(shop: Shop) -> bool:
        october = week(shop, 10, 8)
        return (
            week(shop, 11, 24) > 1.5 * october
            and week(shop, 12, 10) > 1.3 * october
            and week(shop, 1, 1) < 0.9 * october
            and week(shop, 7, 12) < 0.9 * october
        )

    assert peaks(Shop())
    assert not peaks(Shop(demand={"season": {"01-01": 1}}))


@pytest.mark.parametrize("noise", [0.04, 0.2])
def test_days_scatter_as_much_as_the_noise_says(noise: float) -> None:
    shop = Shop(orders_per_day=1_000_000, demand={**FLAT, "noise": noise})
    found = [count / 1_000_000 for count in orders(shop, ANCHOR, 3_000)]
    assert is_mean(fmean(found), 1, 3_000, noise)
    # the standard deviation of n normal draws has a relative error of 1 / sqrt(2 n)
    assert abs(stdev(found) / noise - 1) < 5 / sqrt(6_000)


def test_without_noise_only_fractions_are_left_to_chance() -> None:
    shop = Shop(orders_per_day=1, demand={**FLAT, "weekdays": [1.25, 0.75, 1, 1, 1, 1, 1]})
    found = orders(shop, date(2024, 1, 1), 7 * 400)
    mondays, tuesdays = found[0::7], found[1::7]
    assert set(mondays) == {1, 2}
    assert set(tuesdays) == {0, 1}
    assert set(found[2::7]) == {1}
    assert abs(sum(mondays) - 500) < 5 * sqrt(400 * 0.25 * 0.75)
    assert abs(sum(tuesdays) - 300) < 5 * sqrt(400 * 0.75 * 0.25)


def test_orders_come_at_the_hours_of_the_curve() -> None:
    shop = Shop(seed=4, orders_per_day=1_500)
    placed = collected(shop, days_from(date(2026, 9, 7), 5))["orders"].unique("order_id")
    counts = np.bincount(placed["order_date"].dt.hour().to_numpy(), minlength=24).tolist()
    hours = list(shop.demand.hours)
    assert fits(counts, hours)
    assert not fits(counts, [1] * 24)
    assert not fits(counts, hours[1:] + hours[:1])


def test_the_clock_gives_each_hour_its_weight() -> None:
    hours = (0, 3, 1, *[0] * 20, 4)
    seconds = clock(hours)
    assert (np.diff(seconds) >= 0).all()
    counts = np.bincount(seconds // 3600, minlength=24)
    assert np.abs(counts / len(seconds) - np.array(hours) / 8).max() < 1e-4  # moments are whole seconds
    assert seconds.max() < 86_400
