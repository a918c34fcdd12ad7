"""Shops, days and measures that the tests of the generator share."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from math import sqrt
from typing import Any

import polars as pl

from flows.generate.partitions import Partitions, change_partitions
from flows.generate.shop import Shop
from flows.tables import ENTITIES

KEYS = {
    "customers": "customer_id",
    "products": "product_id",
    "orders": "order_id",
    "deliveries": "delivery_id",
}
EVENTS = ["placed_at", "shipped_at", "failed_attempt_at", "delivered_at", "cancelled_at", "returned_at"]
NOTHING_DRAWN = {"outages_per_year": 0, "backlogs_per_year": 0, "strikes_per_year": 0}
NOTHING_WRONG = {"lost_rate": 0, "stuck_rate": 0, "given_up_days": 0, **NOTHING_DRAWN}


def days_from(first: date, count: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]


def listed(kind: str, first: date, last: date, **scope: Any) -> dict[str, Any]:
    """An incident as a shop's file lists it."""
    return {"kind": kind, "from": first, "to": last, **scope}


def shop_with(*incidents: dict[str, Any], **fields: Any) -> Shop:
    """A shop in which nothing goes wrong but these incidents."""
    return Shop(**{"orders_per_day": 300, "incidents": {**NOTHING_WRONG, "listed": incidents}, **fields})


def collected(shop: Shop, days: Iterable[date]) -> Partitions:
    """All rows of these days, in the order in which they come."""
    runs = [partitions for _, partitions in change_partitions(shop, days)]
    return {entity: pl.concat([run[entity] for run in runs]) for entity in ENTITIES}


def events(lives: pl.DataFrame) -> pl.DataFrame:
    """One row for each order and day on which something happens to it."""
    moments = lives.unpivot(on=EVENTS, index="order_id", value_name="at").drop_nulls("at")
    return moments.group_by("order_id", pl.col("at").dt.date().alias("_batch_day")).agg(pl.col("at").max())


def digest(partitions: Partitions) -> str:
    """A hash of every value, whatever writes the files."""
    found = hashlib.sha256()
    for entity, frame in partitions.items():
        found.update(f"{entity}\n{frame.write_csv()}".encode())
    return found.hexdigest()


def fits(counts: Sequence[float], weights: Sequence[float]) -> bool:
    """Whether counts agree with a distribution: Pearson's chi-square stays within five sigma.

    Cells that expect fewer than ten are counted together. The bound is Wilson and Hilferty's approximation.
    """
    total, weight = sum(counts), sum(weights)
    cells = [(count, total * share / weight) for count, share in zip(counts, weights, strict=True)]
    rare = [cell for cell in cells if cell[1] < 10]
    cells = [cell for cell in cells if cell[1] >= 10]
    cells.append((sum(count for count, _ in rare), sum(expected for _, expected in rare)))
    if cells[-1][1] == 0:
        if cells[-1][0]:
            return False
        cells.pop()
    found = sum((count - expected) ** 2 / expected for count, expected in cells)
    freedom = len(cells) - 1
    assert freedom > 0
    return found < freedom * (1 - 2 / (9 * freedom) + 5 * sqrt(2 / (9 * freedom))) ** 3


def is_share(count: int, total: int, share: float) -> bool:
    """Whether `count` of `total` is within five standard deviations of a binomial draw with this chance."""
    return abs(count - total * share) <= 5 * sqrt(total * share * (1 - share))
