"""What is known because we decide it: whole lives, who was hit by what, which rows were spoiled.

None of this is ever written to the raw tables; tests and benches compare with it.
"""

from collections.abc import Iterable, Iterator
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from flows.generate import dirt, ids
from flows.generate.changes import whole_lives
from flows.generate.cohorts import Cohort, cohort
from flows.generate.days import number_of
from flows.generate.itineraries import NEVER
from flows.generate.moments import choices, happened, moments, order_keys
from flows.generate.partitions import clean_partitions
from flows.generate.parts import INCIDENT_KINDS
from flows.generate.rows import names, promised_days, timestamps
from flows.generate.shop import Shop
from flows.generate.timeline import Hold

LABEL_SCHEMA = pl.Schema({"order_id": pl.String(), "kind": pl.String(), "from": pl.Date(), "to": pl.Date()})


def lives(shop: Shop, first: date, last: date) -> pl.DataFrame:
    """Whole lives of the orders placed in [first, last], future included; one row an order.

    Columns: `order_id, customer_id, shipping_tier, carrier, region`, the day `promised_date`, and
    the moments `placed_at, shipped_at, failed_attempt_at, delivered_at, cancelled_at, returned_at`
    (UTC), null where it never happens.
    """
    found = [_lives(shop, one) for one, _ in _cohorts(shop, first, last)]
    return pl.concat(found) if found else _lives(shop, cohort(shop, number_of(shop.opened))[0]).clear()


def labels(shop: Shop, first: date, last: date) -> pl.DataFrame:
    """Every order placed in [first, last] that an incident touches, and how.

    Columns: `order_id`; `kind`, one of `INCIDENT_KINDS`; `from`, the day on which the event that
    was held up was due (the day of the order for `stuck`, of the hand-over for `lost`); `to`, the
    day on which it came about, null if it never does (and the order is given up). An order hit by
    several kinds of incidents has a row for each.
    """
    found = [label for one, holds in _cohorts(shop, first, last) for label in _labels(one, holds)]
    return (
        pl.concat([LABEL_SCHEMA.to_frame(), *found])
        .group_by("order_id", "kind")
        .agg(pl.col("from").min(), pl.when(~pl.col("to").has_nulls()).then(pl.col("to").max()))
        .sort("order_id", "kind")
    )


def damage(shop: Shop, days: Iterable[date]) -> pl.DataFrame:
    """Every row that `shop.dirt` spoils in the partitions of `days`.

    Columns: `entity, day, key, kind, column`; `key` as it was before it was spoiled.
    """
    return pl.concat([dirt.spoiled(shop, partitions)[1] for _, partitions in clean_partitions(shop, days)])


def _cohorts(shop: Shop, first: date, last: date) -> Iterator[tuple[Cohort, tuple[Hold, ...]]]:
    for day in range(number_of(max(first, shop.opened)), number_of(last) + 1):
        yield cohort(shop, day)


def _lives(shop: Shop, one: Cohort) -> pl.DataFrame:
    changes = whole_lives(one)
    states, state = changes.states, changes.state
    keys = order_keys(changes)
    when = moments(shop, changes, keys)
    fails = happened(states.attempted) & (states.attempted != states.delivered)
    again = happened(states.retried)
    return pl.DataFrame(
        {
            "order_id": ids.dated("O-", ids.calendar(states.placed)[state], changes.number),
            "customer_id": ids.numbered("C-", choices(shop, changes, keys).customer, 9),
            "shipping_tier": names(shop.tiers, states.tier[state]),
            "carrier": names(shop.carriers, states.carrier[state]),
            "region": names(shop.regions, states.region[state]),
            "promised_date": pl.Series(promised_days(shop, states)[state]).cast(pl.Date),
            "placed_at": timestamps(when.placed),
            "shipped_at": timestamps(when.shipped, happened(states.shipped)[state]),
            "failed_attempt_at": timestamps(when.attempted, fails[state]),
            "delivered_at": timestamps(
                np.where(again[state], when.retried, when.attempted), happened(states.delivered)[state]
            ),
            "cancelled_at": timestamps(when.cancelled, happened(states.cancelled)[state]),
            "returned_at": timestamps(when.returned, happened(states.returned)[state]),
        }
    )


def _labels(one: Cohort, holds: Iterable[Hold]) -> Iterator[pl.DataFrame]:
    for hold in holds:
        for code, kind in enumerate(INCIDENT_KINDS):
            rows = np.flatnonzero(hold.kinds & (1 << code))
            if rows.size:
                yield _labelled(one, rows, kind, hold)


def _labelled(one: Cohort, rows: NDArray[np.int64], kind: str, hold: Hold) -> pl.DataFrame:
    orders = one.orders(rows)
    number, row = orders >> np.uint64(32), rows[orders & np.uint64(2**32 - 1)]
    placed = np.full(len(row), one.day, dtype=np.int32)
    came = pl.Series(placed + hold.came[row]).cast(pl.Date)
    return pl.DataFrame(
        {
            "order_id": ids.dated("O-", ids.calendar(placed), number),
            "kind": pl.repeat(kind, len(row), eager=True, dtype=pl.String),
            "from": pl.Series(placed + hold.due[row]).cast(pl.Date),
            "to": came.zip_with(pl.Series(hold.came[row] != NEVER), pl.Series([None], dtype=pl.Date)),
        },
        schema=LABEL_SCHEMA,
    )
