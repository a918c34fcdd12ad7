"""Every way an order can go, in whole days, and how likely each is.

An itinerary is one combination of tier, carrier and region (a cell), fate, days to hand-over and
days in transit. Durations are log-normal, rounded to whole days (a hand-over may be on the day of
the order, a first attempt is on the day after the hand-over at the soonest).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.generate.shop import Shop

NEVER = np.int16(30_000)
SCALE = 2**32
CANCELLED_AFTER = ((0, 0.5), (1, 0.3), (2, 0.2))
FEWEST_RETURN_DAYS, MOST_RETURN_DAYS = 2, 14
# What is less likely than this is not told apart from the day before.
_TAIL = 1e-4

Offsets = NDArray[np.int16]


@dataclass(frozen=True)
class Itineraries:
    """One row an itinerary. Days are counted from the one before: order, hand-over, attempt, delivery.

    Itinerary i takes the share from `reached[i]` to `reached[i + 1]` of all orders, of `SCALE`.
    """

    reached: NDArray[np.int64]
    tier: NDArray[np.int8]
    carrier: NDArray[np.int8]
    region: NDArray[np.int8]
    cancelled: Offsets  # days after the order, NEVER if not
    handover: Offsets  # days after the order, NEVER if cancelled or stuck
    transit: Offsets  # days after the hand-over, NEVER if lost
    fails: NDArray[np.bool_]  # the first attempt
    returned: Offsets  # days after the delivery, NEVER if kept

    def __len__(self) -> int:
        return len(self.tier)

    def take(self, rows: NDArray[np.int64]) -> "Itineraries":
        """The itineraries in `rows`, in that order, without their shares."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        shares = {"reached": columns.pop("reached")[:0]}
        return Itineraries(**shares, **{name: column[rows] for name, column in columns.items()})


def whole_days(median_hours: float, sigma: float, fewest: int) -> list[tuple[int, float]]:
    """Each number of days with its probability: a log-normal law of hours, rounded to days.

    Probabilities are rounded to 1e-6, so that the last bit of a machine's logarithm decides nothing.
    """
    if sigma == 0:
        return [(max(fewest, math.floor(median_hours / 24 + 0.5)), 1.0)]
    law = NormalDist(math.log(median_hours / 24), sigma)
    days, reached, found = fewest, 0.0, []
    while reached < 1:
        below = round(law.cdf(math.log(days + 0.5)), 6)
        below = 1.0 if below > 1 - _TAIL else below
        if below > reached:
            found.append((days, below - reached))
            reached = below
        days += 1
    return found


@lru_cache(maxsize=8)
def itineraries(shop: Shop) -> Itineraries:
    """All itineraries of a shop, without what incidents make of them."""
    columns: list[tuple[NDArray[np.float64], ...]] = []
    cells = [
        (t, c, r)
        for t in range(len(shop.tiers))
        for c in range(len(shop.carriers))
        for r in range(len(shop.regions))
    ]
    for tier, carrier, region in cells:
        fates = _fates(shop, tier, carrier, region)
        weight = _share(shop.tiers, tier) * _share(shop.carriers, carrier) * _share(shop.regions, region)
        fates[0] *= weight
        cell = np.repeat(np.array([[tier], [carrier], [region]], dtype=float), fates.shape[1], axis=1)
        columns.append((cell, fates))
    cell = np.concatenate([one for one, _ in columns], axis=1).astype(np.int8)
    fates = np.concatenate([other for _, other in columns], axis=1)
    kept = fates[0] > 0
    cell, fates = cell[:, kept], fates[:, kept]
    spread = np.arange(fates.shape[1]) * 7 % (MOST_RETURN_DAYS - FEWEST_RETURN_DAYS + 1)
    days = fates[1:].astype(np.int16)
    reached = np.concatenate([[0.0], np.cumsum(fates[0])])
    return Itineraries(
        reached=np.rint(reached / reached[-1] * SCALE).astype(np.int64),
        tier=cell[0],
        carrier=cell[1],
        region=cell[2],
        cancelled=days[0],
        handover=days[1],
        transit=days[2],
        fails=days[3] == 1,
        returned=np.where(days[4] == 1, FEWEST_RETURN_DAYS + spread, NEVER).astype(np.int16),
    )


def _share(parts: Sequence[Any], index: int) -> float:
    return float(parts[index].share / math.fsum(part.share for part in parts))


def _fates(shop: Shop, tier: int, carrier: int, region: int) -> NDArray[np.float64]:
    """Rows: weight, cancelled, handover, transit, fails, returned; one column a fate of this cell."""
    never = float(NEVER)
    way, hauler = shop.tiers[tier], shop.carriers[carrier]
    stuck = shop.incidents.stuck_rate
    found: list[tuple[float, ...]] = [
        (shop.cancelled_rate * part, days, never, never, 0, 0) for days, part in CANCELLED_AFTER
    ]
    found.append((stuck, never, never, never, 0, 0))
    handed_over = 1 - shop.cancelled_rate - stuck
    transits = whole_days(
        way.transit_hours * hauler.transit * shop.regions[region].distance, way.transit_sigma, fewest=1
    )
    fails, returned = shop.failed_attempt_rate, shop.returned_rate
    for handover, part in whole_days(way.handover_hours * hauler.pickup, way.handover_sigma, fewest=0):
        weight = handed_over * part
        lost = min(1.0, shop.incidents.lost_rate / handed_over) if handed_over > 0 else 0.0
        found.append((weight * lost, never, handover, never, 0, 0))
        for transit, likely in transits:
            arrives = weight * (1 - lost) * likely
            for fail, sends_back, chance in (
                (0, 0, (1 - fails) * (1 - returned)),
                (0, 1, (1 - fails) * returned),
                (1, 0, fails * (1 - returned)),
                (1, 1, fails * returned),
            ):
                found.append((arrives * chance, never, handover, transit, fail, sends_back))
    return np.array(found).T
