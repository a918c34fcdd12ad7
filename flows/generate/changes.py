"""What changed on a day: for every order with an event, the state it is in at the day's end."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flows.generate.cohorts import EVENTS, Cohort, Cohorts
from flows.generate.itineraries import NEVER
from flows.generate.people import pool_sizes
from flows.generate.randomness import Words

# A day number that no simulated day reaches.
NO_DAY = np.int32(2_000_000)

Days = NDArray[np.int32]


@dataclass(frozen=True)
class States:
    """One row an itinerary in a state; days are numbers, NO_DAY for what has not happened yet."""

    seen: Days  # the day at whose end the state is seen
    placed: Days
    orders: NDArray[np.float64]  # placed on that day
    accounts: NDArray[np.int64]  # in the region by then
    tier: NDArray[np.int8]
    carrier: NDArray[np.int8]
    region: NDArray[np.int8]
    cancelled: Days
    shipped: Days
    attempted: Days
    retried: Days
    delivered: Days
    returned: Days

    def __len__(self) -> int:
        return len(self.seen)


@dataclass(frozen=True)
class Changes:
    """Orders in their states: for each order its number and the row of its state in `states`.

    `orders` holds both as one integer, `number << 32 | row`.
    """

    states: States
    orders: Words

    def __len__(self) -> int:
        return len(self.orders)

    @cached_property
    def state(self) -> NDArray[np.int64]:
        """The row in `states` of each order's state."""
        return (self.orders & np.uint64(2**32 - 1)).view(np.int64)

    @cached_property
    def number(self) -> Words:
        """The number of each order among those placed on its day."""
        return self.orders >> np.uint64(32)

    def part(self, first: int, last: int) -> "Changes":
        """The rows [first, last)."""
        return Changes(self.states, self.orders[first:last])


def changes_on(cohorts: Cohorts, day: int) -> Iterator[Changes]:
    """Every order that was placed or changed on a day, by the day it was placed and its number."""
    for cohort in cohorts.changing_on(day):
        yield _of(cohort, cohort.changing_on(day), day)


def whole_lives(cohort: Cohort) -> Changes:
    """Every order of a cohort, with all that will ever happen to it."""
    return _of(cohort, np.arange(len(cohort.first)), int(NO_DAY) - 1)


def joined(parts: list[Changes]) -> Changes:
    """Several changes as one, in the order given."""
    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0, *(len(part.states) for part in parts)]).astype(np.uint64)
    return Changes(
        States(
            **{
                field.name: np.concatenate([getattr(part.states, field.name) for part in parts])
                for field in fields(States)
            }
        ),
        np.concatenate([part.orders + start for part, start in zip(parts, starts, strict=False)]),
    )


def _of(cohort: Cohort, rows: NDArray[np.int64], seen: int) -> Changes:
    offsets = cohort.days[:, rows]
    known = np.where(
        (offsets == NEVER) | (offsets > seen - cohort.day), NO_DAY, offsets + np.int32(cohort.day)
    )
    region = cohort.region[rows]
    count = len(rows)
    return Changes(
        States(
            seen=np.full(count, seen, dtype=np.int32),
            placed=np.full(count, cohort.day, dtype=np.int32),
            orders=np.full(count, float(cohort.size)),
            accounts=pool_sizes(cohort.shop, cohort.day)[region],
            tier=cohort.tier[rows],
            carrier=cohort.carrier[rows],
            region=region,
            **dict(zip(EVENTS, known, strict=True)),
        ),
        cohort.orders(rows),
    )
