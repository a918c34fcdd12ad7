"""How many orders come in on a day, and at what time."""

import math
from datetime import date
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from flows.generate.days import day_of, number_of, weekday
from flows.generate.randomness import bits_of
from flows.generate.shop import Shop

# Larger days would not fit into memory; numbers of orders have eight digits.
MOST_ORDERS = 2**26
GROWTH_YEARS = 10
CLOCK_STEPS = 2**16


def orders_on(shop: Shop, day: int) -> int:
    """Orders placed on the day with this number; fractions are settled by a draw."""
    noise = bits_of(day, shop.seed, "demand.noise")
    # four uniform draws added: close to normal, and exact on every machine
    standard = (sum((noise >> shift) & 0xFFFF for shift in (0, 16, 32, 48)) / 2**16 - 2) * math.sqrt(3)
    mean = expected_orders(shop, day) * max(0.0, 1 + shop.demand.noise * standard)
    fraction = (bits_of(day, shop.seed, "demand.fraction") >> 11) / 2**53
    return min(MOST_ORDERS, int(mean + fraction))


def expected_orders(shop: Shop, day: int) -> float:
    """The mean that `orders_on` varies around: size, growth, weekday and season."""
    demand = shop.demand
    years = (day - number_of(demand.anchor)) / 365.25
    growth = round((1 + demand.growth_per_year) ** max(-GROWTH_YEARS, min(GROWTH_YEARS, years)), 9)
    week = demand.weekdays[weekday(day)] * 7 / math.fsum(demand.weekdays)
    when = day_of(day)
    return shop.orders_per_day * growth * week * season(demand.season)[when.month, when.day]


@lru_cache(maxsize=16)
def season(points: tuple[tuple[str, float], ...]) -> dict[tuple[int, int], float]:
    """A factor for each (month, day), with a mean of one over a year of 365 days."""
    knots = [(date.fromisoformat(f"2025-{day}").timetuple().tm_yday, factor) for day, factor in points]
    (first, first_factor), (last, last_factor) = knots[0], knots[-1]
    around = [(last - 365, last_factor), *knots, (first + 365, first_factor)]
    start = number_of(date(2025, 1, 1))
    factors = {}
    for number in range(1, 366):
        (low, below), (high, above) = next(
            (one, other) for one, other in pairwise(around) if one[0] <= number <= other[0]
        )
        part = (number - low) / (high - low) if high > low else 0.0
        when = day_of(start + number - 1)
        factors[when.month, when.day] = below + (above - below) * part
    mean = math.fsum(factors.values()) / 365
    factors = {when: factor / mean for when, factor in factors.items()}
    factors[2, 29] = factors[2, 28]
    return factors


@lru_cache(maxsize=16)
def clock(hours: tuple[float, ...]) -> NDArray[np.int64]:
    """Seconds since midnight at `CLOCK_STEPS` equally likely moments of a day, ascending.

    The last minute of the day is left free, so that an order can still be handled after it came.
    """
    total = math.fsum(hours)
    reached = [math.fsum(hours[:hour]) / total for hour in range(25)]
    quantiles = (np.arange(CLOCK_STEPS) + 0.5) / CLOCK_STEPS
    seconds = np.interp(quantiles, reached, np.arange(25) * 3600.0)
    # rounded twice, so that the last bit of a product decides nothing
    return np.minimum(np.rint(np.round(seconds, 6)), 86_340).astype(np.int64)
