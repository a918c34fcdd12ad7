"""Change partitions: what a day leaves behind in each entity's table.

A day's partition holds every order placed or changed that day, as it stands at the day's end, its
deliveries that changed, and the customers and products those orders name: every reference of a
partition can be resolved within it. A partition depends on the shop and the day alone: days may be
produced one by one, in any order, on any machine, or in one sweep.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from flows.errors import InputError
from flows.generate import dirt
from flows.generate.changes import Changes, changes_on, joined
from flows.generate.cohorts import Cohorts
from flows.generate.days import number_of
from flows.generate.demand import MOST_ORDERS, expected_orders
from flows.generate.people import customers
from flows.generate.products import catalogue
from flows.generate.rows import distinct, rows
from flows.generate.shop import Shop
from flows.tables import SCHEMAS

# Bounds memory: days are taken together up to so many changes expected, a larger day comes in parts.
PART_ROWS = 80_000
UNCUT = 2**40
LAST_DAY = date(2999, 12, 31)
# About how often an order changes: placed, handed over, delivered.
CHANGES_PER_ORDER = 3

Partitions = dict[str, pl.DataFrame]


def change_partitions(shop: Shop, days: Iterable[date]) -> Iterator[tuple[list[date], Partitions]]:
    """Partitions of `days`, ascending, in bounded memory, with the shop's dirt.

    Yields days with one frame per entity: the columns of `SCHEMAS` plus `_batch_day`. Small days
    come together; a large one comes in several parts, one after the other, under the same days.
    Within a day, orders are sorted by their id and (without dirt) no key stands twice.

    Raises:
        InputError: a day lies before the shop opened, or after `LAST_DAY`.
    """
    for group, partitions in clean_partitions(shop, days):
        yield group, dirt.spoiled(shop, partitions)[0]


def clean_partitions(shop: Shop, days: Iterable[date]) -> Iterator[tuple[list[date], Partitions]]:
    """The same without dirt."""
    cohorts = Cohorts(shop)
    for group in _groups(shop, days_of(shop, days)):
        for partitions in _parts(cohorts, group):
            yield group, partitions


def days_of(shop: Shop, days: Iterable[date]) -> list[date]:
    """The days, ascending and once each.

    Raises:
        InputError: a day lies before the shop opened, after `LAST_DAY`, or is too large.
    """
    wanted = sorted(set(days))
    if wanted and wanted[-1] > LAST_DAY:
        raise InputError(f"days after {LAST_DAY} are not simulated, and one of these is {wanted[-1]}")
    if wanted and wanted[0] < shop.opened:
        raise InputError(
            f"the simulated shop opened on {shop.opened}; it has no orders of {wanted[0]} "
            "(a shop file can name an earlier day: opened = 2001-01-01)"
        )
    for day in wanted:
        if expected_orders(shop, number_of(day)) > MOST_ORDERS / 2:
            raise InputError(
                f"this shop would take {expected_orders(shop, number_of(day)):,.0f} orders on {day}; "
                f"at most {MOST_ORDERS // 2:,} a day can be simulated"
            )
    return wanted


def _groups(shop: Shop, days: Sequence[date]) -> Iterator[list[date]]:
    """Small days together, each large one alone."""
    group: list[date] = []
    expected = 0.0
    for day in days:
        rows_of_day = _expected_rows(shop, day)
        if group and expected + rows_of_day > PART_ROWS:
            yield group
            group, expected = [], 0.0
        group.append(day)
        expected += rows_of_day
    if group:
        yield group


@lru_cache(maxsize=4096)
def _expected_rows(shop: Shop, day: date) -> float:
    """About how many orders change on a day at most; a quiet day may follow on busy ones."""
    opened, number = number_of(shop.opened), number_of(day)
    busiest = max(expected_orders(shop, earlier) for earlier in range(max(opened, number - 10), number + 1))
    return busiest * CHANGES_PER_ORDER


def _parts(cohorts: Cohorts, days: Sequence[date]) -> Iterator[Partitions]:
    """Orders and deliveries as they come, then the customers and products they named."""
    shop = cohorts.shop
    people: list[NDArray[Any]] = []
    things: list[NDArray[np.uint64]] = []
    changes = (piece for day in days for piece in changes_on(cohorts, number_of(day)))
    # whether a day is cut must not depend on the days it comes with
    most = PART_ROWS if _expected_rows(shop, days[0]) > PART_ROWS else UNCUT
    ready: Partitions = {}
    for part in _cut(changes, most):
        if ready:
            yield _ordered(ready)
        found = rows(shop, part)
        ready = {"orders": found.orders, "deliveries": found.deliveries}
        # of a single day, which may be a large one, the numbers say it all
        people.append(found.customers.astype(np.uint32) if len(days) == 1 else found.customers)
        things.append(found.products)
    ready["products"] = _products(shop, distinct(np.concatenate(things)))
    named = np.concatenate(people)
    people.clear()
    seen = distinct(named)
    del named
    for start in range(0, max(1, len(seen)), most):
        some = seen[start : start + most].astype(np.uint64)
        if len(days) == 1:
            some |= np.uint64(number_of(days[0])) << np.uint64(32)
        ready["customers"] = _customers(shop, some)
        yield _ordered(ready)
        ready = {}


def _cut(pieces: Iterable[Changes], most: int) -> Iterator[Changes]:
    """The same rows in pieces of at most so many; at least one piece."""
    held: list[Changes] = []
    room = most
    for piece in pieces:
        start = 0
        while len(piece) - start > room:
            yield joined([*held, piece.part(start, start + room)])
            start, held, room = start + room, [], most
        held.append(piece.part(start, len(piece)))
        room -= len(piece) - start
    yield joined(held)


def _ordered(ready: Partitions) -> Partitions:
    """A frame for every entity, in their order."""
    return {
        entity: ready.get(entity, pl.DataFrame(schema={**schema, "_batch_day": pl.Date()}))
        for entity, schema in SCHEMAS.items()
    }


def _customers(shop: Shop, seen: NDArray[np.uint64]) -> pl.DataFrame:
    """One row for each day and customer."""
    days, numbers = _apart(seen)
    if len(seen) == 0 or days[0] == days[-1]:
        frame = customers(shop, numbers)
    else:
        known = distinct(numbers.view(np.uint64).copy())
        frame = customers(shop, known)[np.searchsorted(known, numbers)]
    return frame.with_columns(_batch_day=days)


def _products(shop: Shop, seen: NDArray[np.uint64]) -> pl.DataFrame:
    days, numbers = _apart(seen)
    return catalogue(shop)[numbers].with_columns(_batch_day=days)


def _apart(seen: NDArray[np.uint64]) -> tuple[pl.Series, NDArray[np.int64]]:
    days = pl.Series((seen >> np.uint64(32)).astype(np.int32)).cast(pl.Date)
    return days, (seen & np.uint64(2**32 - 1)).astype(np.int64)
