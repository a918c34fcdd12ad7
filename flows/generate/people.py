"""Customers: how many have registered by a day, and who they are.

Customer number c lives in region c mod R (R regions) and is the (c div R)-th there to register.
"""

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from flows.generate import ids
from flows.generate.days import number_of
from flows.generate.names import LOCAL_WIDTH, people_of
from flows.generate.pools import chosen
from flows.generate.randomness import bits, field
from flows.generate.shop import Shop
from flows.tables import SCHEMAS

Integers = NDArray[np.int64]

LEAD_DAYS = 500
GROWING_DAYS = 40 * 365
NUMBER_DIGITS = 9
MOST_NUMBERS = 10**NUMBER_DIGITS

SEGMENTS = pl.Series(["consumer"] * 187 + ["business"] * 51 + ["vip"] * 18)  # of 256
_IS_BUSINESS = (SEGMENTS == "business").to_numpy().astype(np.int64)
DOMAINS = np.frombuffer(b"@example.com@example.com@example.org@example.net", np.uint32).reshape(4, 3)


def pool_sizes(shop: Shop, days: Integers | int) -> Integers:
    """How many accounts each region had before a day, int64 of the shape of `days` plus `[regions]`.

    `days` are days since 1970-01-01. Accounts grow in a straight line from 500 days before the shop
    opens through `shop.accounts` on `demand.anchor` (on the opening day, where that is later), and
    stop 40 years after the opening (or on that day, where that is later). There is always one, and
    never more than customer numbers of nine digits allow.
    """
    start, span, last = _growth(shop)
    elapsed = np.minimum(np.asarray(days, np.int64), last) - start
    return np.clip(elapsed[..., np.newaxis] * _accounts(shop) // span, 1, MOST_NUMBERS // len(shop.regions))


def customers(shop: Shop, numbers: NDArray[Any]) -> pl.DataFrame:
    """The accounts with these numbers, one row each in their order, columns of the customers' schema.

    An account is a function of the shop and its number alone, and was created on the day before the
    first day for which `pool_sizes` counts it (the first of a region: 500 days before the opening).

    Raises:
        ValueError: a number is negative or has more than nine digits.
    """
    figures = ids.figures(numbers, NUMBER_DIGITS)
    place, region = _place_and_region(shop, numbers)
    words = bits(numbers.astype(np.uint64), shop.seed, "customer")
    pools = _pools(shop.seed, tuple(region.country for region in shop.regions))
    segment = field(words, 0, 8).astype(np.int64)
    row = _drawn(words, 8, 24, pools.people, region + _IS_BUSINESS.take(segment) * len(shop.regions))
    local_part = pools.local_parts.take(row, axis=0)
    domain = DOMAINS.take(field(words, 32, 2).astype(np.int64), axis=0)
    second = (field(words, 34, 17) * np.uint64(86_400) >> np.uint64(17)).astype(np.int64)
    created = (_created_day(shop, place, region) * 86_400 + second) * 1_000_000
    return pl.DataFrame(
        {
            "customer_id": ids.joined([b"C-", *figures], len(numbers)),
            "name": chosen(pools.names, row),
            "email": ids.trimmed([local_part, *figures, domain], pools.blanks.take(row)),
            "city": chosen(pools.cities, _drawn(words, 51, 12, pools.places, region)),
            "country": chosen(pools.countries, region),
            "segment": chosen(SEGMENTS, segment),
            "created_at": pl.Series(created.view("datetime64[us]")),
        },
        schema=SCHEMAS["customers"],
    )


def _place_and_region(shop: Shop, numbers: NDArray[Any]) -> tuple[Integers, Integers]:
    whole = numbers.astype(np.uint32)  # dividing these is ten times faster
    place = whole // np.uint32(len(shop.regions))
    return place.astype(np.int64), (whole - place * np.uint32(len(shop.regions))).astype(np.int64)


def _created_day(shop: Shop, place: Integers, region: Integers) -> Integers:
    """The last day d for which `accounts x (d - start) // span` is not above the place."""
    start, span, _ = _growth(shop)
    day = ((place + 1) * span - 1) // _accounts(shop).take(region)
    day *= place > 0
    day += start
    return day


@lru_cache(maxsize=4)
def _accounts(shop: Shop) -> Integers:
    total = math.fsum(region.share for region in shop.regions)
    return np.array(
        [max(1, round(shop.accounts * region.share / total)) for region in shop.regions], np.int64
    )


def _growth(shop: Shop) -> tuple[int, int, int]:
    """First day, days until `shop.accounts` is reached, and the last day of growth (days since 1970)."""
    opened = number_of(shop.opened)
    reached = max(number_of(shop.demand.anchor), opened)
    start = opened - LEAD_DAYS
    return start, reached - start, max(reached, opened + GROWING_DAYS)


class _Slices(NamedTuple):
    """Parts of a pool: where each begins, and how many entries it has."""

    first: Integers
    size: NDArray[np.uint64]


class _Pools(NamedTuple):
    names: pl.Series
    local_parts: NDArray[np.uint64]  # of an address, one row a name, with blanks on the left
    blanks: NDArray[np.uint32]
    people: _Slices  # of names: by region for persons, then by region for companies
    cities: pl.Series
    places: _Slices  # of cities: by region
    countries: pl.Series  # by region


def _drawn(words: NDArray[np.uint64], low_bit: int, width: int, slices: _Slices, part: Integers) -> Integers:
    """One entry of the given part of a pool for each word, by `width` of its bits."""
    entry = field(words, low_bit, width) * slices.size.take(part) >> np.uint64(width)
    return slices.first.take(part) + entry.astype(np.int64)


@lru_cache(maxsize=4)
def _pools(seed: int, countries: tuple[str, ...]) -> _Pools:
    """Pools for regions in these countries."""
    known = {country: people_of(seed, country) for country in dict.fromkeys(countries)}
    frames = [frame for people in known.values() for frame in (people.persons, people.companies)]
    begins = np.cumsum([0, *(frame.height for frame in frames)])[:-1].reshape(-1, 2)
    first = dict(zip(known, begins, strict=True))
    together = pl.concat(frames)
    local = together["local"].to_list()
    # The regions of a country take its cities in turn; each has more than a shop can have regions.
    cities = [
        known[country].cities[countries[:region].count(country) :: countries.count(country)]
        for region, country in enumerate(countries)
    ]
    return _Pools(
        names=together["name"].rechunk(),
        local_parts=np.frombuffer(
            "".join(text.rjust(LOCAL_WIDTH) for text in local).encode("ascii"), np.uint64
        ).reshape(-1, LOCAL_WIDTH // 8),
        blanks=np.array([LOCAL_WIDTH - len(text) for text in local], np.uint32),
        people=_slices(
            [(first[country][0], known[country].persons.height) for country in countries]
            + [(first[country][1], known[country].companies.height) for country in countries]
        ),
        cities=pl.Series([city for part in cities for city in part]),
        places=_slices((sum(map(len, cities[:region])), len(part)) for region, part in enumerate(cities)),
        countries=pl.Series(countries),
    )


def _slices(parts: Iterable[tuple[int, int]]) -> _Slices:
    first, size = np.array(list(parts), np.int64).T
    return _Slices(first, size.astype(np.uint64))
