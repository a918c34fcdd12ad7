"""The shop's parameters: how much it sells, how it ships, what goes wrong."""

import math
from dataclasses import dataclass, field
from datetime import date
from statistics import NormalDist

import polars as pl

from flows.errors import InputError

MAX_HANDOVER_MINUTES = 5 * 24 * 60
MAX_TRANSIT_MINUTES = 18 * 24 * 60
MAX_RETURN_DAYS = 10
MAX_CANCEL_MINUTES = 2 * 24 * 60

# No order changes later than this many days after it was placed.
LOOK_BACK_DAYS = (MAX_HANDOVER_MINUTES + MAX_TRANSIT_MINUTES) // (24 * 60) + MAX_RETURN_DAYS + 2

CARRIERS = ("NordPost", "NordPost", "NordPost", "Baltic Express", "Baltic Express", "Kurier 24")
QUANTITIES = (1, 1, 1, 1, 1, 1, 2, 2, 3, 5)

# Orders are numbered from 1970 on, and a day looks back at those placed before it.
FIRST_DAY = date(1975, 1, 1)

# Orders per hour of the day, relative: a quiet night, a lunch bump, an evening peak.
HOURLY_DEMAND = (2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 13, 14, 15, 13, 12, 12, 13, 15, 18, 21, 22, 18, 11, 5)


@dataclass(frozen=True)
class Tier:
    """One way to ship: share of orders, transit time and the promise given."""

    name: str
    share_permille: int
    median_transit_hours: float
    sigma: float
    promised_days: int


TIERS = (
    Tier("standard", 700, 66.0, 0.42, 6),
    Tier("express", 150, 26.0, 0.35, 2),
    Tier("economy", 150, 88.0, 0.38, 9),
)


@dataclass(frozen=True)
class Shop:
    """What is simulated. Shares are in orders per thousand.

    Raises:
        InputError: a number is out of range.
    """

    seed: int = 7
    orders_per_day: int = 1_000
    products: int = 240
    cancelled_permille: int = 25
    stuck_permille: int = 6
    lost_permille: int = 6
    returned_permille: int = 20
    customers: int = field(init=False)

    def __post_init__(self) -> None:
        if not 1 <= self.orders_per_day <= 10_000_000:
            raise InputError(f"orders per day must be between 1 and 10,000,000, not {self.orders_per_day}")
        if not 0 <= self.seed < 2**63:
            raise InputError(f"the seed must be between 0 and 2^63 - 1, not {self.seed}")
        object.__setattr__(self, "customers", max(200, self.orders_per_day * 12))

    @property
    def origin(self) -> str:
        """How the manifest names where the rows came from: orders of two shops do not go together."""
        return f"simulated, seed {self.seed}, {self.orders_per_day} orders a day"


def log_normal_minutes(median_hours: float, sigma: float, maximum: int) -> pl.Series:
    """1,000 equally likely durations in whole minutes of a log-normal law, cut at `maximum`.

    Integers from a table, so that no machine's `log` or `exp` can change a generated row.
    """
    normal = NormalDist()
    minutes = [
        round(median_hours * 60 * math.exp(sigma * normal.inv_cdf((step + 0.5) / 1000)))
        for step in range(1000)
    ]
    return pl.Series(minutes, dtype=pl.Int64).clip(upper_bound=maximum)


HANDOVER_MINUTES = log_normal_minutes(17.0, 0.55, MAX_HANDOVER_MINUTES)
TRANSIT_MINUTES = {
    tier.name: log_normal_minutes(tier.median_transit_hours, tier.sigma, MAX_TRANSIT_MINUTES)
    for tier in TIERS
}
TIER_NAMES = pl.Series([tier.name for tier in TIERS for _ in range(tier.share_permille)])
HOURS = pl.Series([hour for hour, weight in enumerate(HOURLY_DEMAND) for _ in range(weight)], dtype=pl.Int64)
