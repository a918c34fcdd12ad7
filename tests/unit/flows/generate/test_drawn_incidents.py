from collections import Counter
from datetime import date
from math import sqrt

import pytest

from flows.generate.days import number_of
from flows.generate.incidents import between
from flows.generate.partitions import change_partitions
from flows.generate.parts import Incident
from flows.generate.shop import Shop
from tests.unit.flows.generate.shops import NOTHING_DRAWN, fits, listed

YEARS, SEEDS = range(2001, 2011), range(12)
RATES = {"outage": 8.0, "backlog": 3.0, "strike": 4.0}
LENGTHS = {"outage": range(2, 7), "backlog": range(2, 6), "strike": range(1, 5)}


def drawn(seed: int, **fields: object) -> list[Incident]:
    """Incidents that start in the years looked at."""
    shop = Shop(
        seed=seed, incidents={**{f"{kind}s_per_year": rate for kind, rate in RATES.items()}, **fields}
    )
    first, last = number_of(date(YEARS[0], 1, 1)), number_of(date(YEARS[-1], 12, 31))
    return [found for found in between(shop, first, last) if number_of(found.first) >= first]


@pytest.fixture(scope="module")
def incidents() -> list[Incident]:
    return [incident for seed in SEEDS for incident in drawn(seed)]


@pytest.mark.parametrize("kind", RATES)
def test_as_many_happen_in_a_year_as_the_shop_says(incidents: list[Incident], kind: str) -> None:
    def is_number(expected: float) -> bool:
        """Within five standard deviations of a Poisson number."""
        return abs(sum(one.kind == kind for one in incidents) - expected) < 5 * sqrt(expected)

    years = len(YEARS) * len(SEEDS)
    assert is_number(RATES[kind] * years)
    assert not is_number(RATES[kind] * years * 1.6)
    assert not is_number(RATES[kind] * years / 1.6)


@pytest.mark.parametrize("kind", RATES)
def test_they_last_as_long_as_their_kind_may(incidents: list[Incident], kind: str) -> None:
    lengths = Counter(one.days for one in incidents if one.kind == kind)
    assert set(lengths) == set(LENGTHS[kind])
    assert fits([lengths[days] for days in LENGTHS[kind]], [1] * len(LENGTHS[kind]))


def test_they_happen_in_all_seasons(incidents: list[Incident]) -> None:
    months = Counter(one.first.month for one in incidents)
    assert fits([months[month] for month in range(1, 13)], [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def test_an_outage_is_of_a_carrier_in_a_region_by_their_shares(incidents: list[Incident]) -> None:
    shop = Shop()
    for attribute, parts in (("carrier", shop.carriers), ("region", shop.regions)):
        counts = Counter(getattr(one, attribute) for one in incidents if one.kind == "outage")
        weights = {part.name: part.share for part in parts}
        assert set(counts) <= set(weights)
        assert fits([counts[name] for name in weights], list(weights.values()))
        assert not fits([counts[name] for name in weights], [1] * len(weights))


def test_a_strike_is_of_a_country_and_a_backlog_of_the_warehouse(incidents: list[Incident]) -> None:
    for one in incidents:
        scope = {name for name in ("carrier", "region", "country", "tier") if getattr(one, name) is not None}
        assert scope == {"outage": {"carrier", "region"}, "strike": {"country"}, "backlog": set()}[one.kind]
        assert one.share == (0.7 if one.kind == "backlog" else 1)
    assert len({one.country for one in incidents if one.kind == "strike"}) > 3


def test_none_are_drawn_at_a_rate_of_zero_and_listed_ones_stay() -> None:
    own = listed("outage", date(2005, 5, 5), date(2005, 5, 6))
    assert drawn(1, **NOTHING_DRAWN) == []
    assert drawn(1, **NOTHING_DRAWN, listed=[own]) == [Incident(**own)]
    assert len(drawn(1, listed=[own])) == len(drawn(1)) + 1


def test_other_seeds_draw_other_incidents() -> None:
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_a_range_of_days_meets_what_its_days_meet() -> None:
    shop = Shop(seed=3, incidents={"outages_per_year": 24})
    reaching = 0
    for year in range(1985, 2025):
        first, last = number_of(date(year, 12, 25)), number_of(date(year + 1, 1, 5))
        days = {day: between(shop, day, day) for day in range(first, last + 1)}
        assert {str(one) for met in days.values() for one in met} == set(map(str, between(shop, first, last)))
        for day, met in days.items():
            assert all(number_of(one.first) <= day <= number_of(one.last) for one in met)
        reaching += sum(one.first.year == year for one in days[number_of(date(year + 1, 1, 1))])
    assert reaching > 2  # from one year into the next


def test_a_shop_with_an_incident_on_most_days_is_simulated() -> None:
    shop = Shop(
        orders_per_day=20,
        incidents={"outages_per_year": 24, "backlogs_per_year": 24, "strikes_per_year": 24},
        tiers=Shop().tiers[:1],
        carriers=Shop().carriers[:1],
        regions=Shop().regions[:1],
    )
    day = date(2026, 3, 4)
    assert sum(frames["orders"].height for _, frames in change_partitions(shop, [day])) > 10
