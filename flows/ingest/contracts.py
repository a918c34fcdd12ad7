"""What a row must be to be loaded: one schema an entity, and which rows break it where."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import dataframely as dy
import numpy as np
import polars as pl

from flows.tables import DELIVERY_STATUSES, STATUSES

# A computer without a date writes 1970-01-01, a spreadsheet some day of 1899 or 1900.
FIRST_DAY = date(1971, 1, 1)
FURTHEST_AHEAD = timedelta(days=366)

Check = dict[str, Callable[[pl.Expr], pl.Expr]]

# The name of a check is the reason given for a row that fails it: what is wrong with its column, with
# no value in it, so that equal reasons can be counted. Nothing is wrong with a null, unless it is missing.
IN_REACH: Check = {
    f"lies before {FIRST_DAY.year} or more than a year after the day of the batch": lambda when: (
        when.dt.date().is_between(FIRST_DAY, pl.col("_batch_day") + FURTHEST_AHEAD)
    )
}
REASONS = {"nullability": "is missing", "min": "is negative"}  # of the checks that dataframely names


def one_of(known: Sequence[str]) -> Check:
    """The value is one of these."""
    return {f"is not one of {', '.join(known)}": lambda value: value.is_in(known)}


def not_before(start: str) -> Check:
    """The day is that of column `start`, or later."""
    return {f"lies before {start}": lambda when: when.dt.date() >= pl.col(start).dt.date()}


class _Row(dy.Schema):
    """What the rows of all entities have."""

    _row = dy.UInt32()  # its position in the frame
    _batch_day = dy.Date(check={f"lies before {FIRST_DAY.year}": lambda day: day >= FIRST_DAY})


class Customers(_Row):
    """A customer at the end of `_batch_day`."""

    customer_id = dy.String()
    name = dy.String(nullable=True)
    email = dy.String(nullable=True)
    city = dy.String(nullable=True)
    country = dy.String(nullable=True)
    segment = dy.String(nullable=True)
    created_at = dy.Datetime(nullable=True, check=IN_REACH)


class Products(_Row):
    """A product at the end of `_batch_day`."""

    product_id = dy.String()
    name = dy.String(nullable=True)
    category = dy.String(nullable=True)
    unit_price = dy.Decimal(12, 2, nullable=True, min=Decimal(0))
    weight_kg = dy.Decimal(9, 3, nullable=True, min=Decimal(0))


class Orders(_Row):
    """An order at the end of `_batch_day`."""

    order_id = dy.String()
    customer_id = dy.String()
    product_id = dy.String()
    order_date = dy.Datetime(check=IN_REACH)
    status = dy.String(check=one_of(STATUSES))
    delivery_date = dy.Datetime(nullable=True, check=IN_REACH | not_before("order_date"))
    quantity = dy.Int64(nullable=True, min=0)
    unit_price = dy.Decimal(12, 2, nullable=True, min=Decimal(0))
    shipping_tier = dy.String(nullable=True)
    promised_date = dy.Date(nullable=True, check=IN_REACH)
    updated_at = dy.Datetime(nullable=True, check=IN_REACH)


class Deliveries(_Row):
    """An attempt to deliver an order, at the end of `_batch_day`."""

    delivery_id = dy.String()
    order_id = dy.String()
    carrier = dy.String(nullable=True)
    region = dy.String(nullable=True)
    status = dy.String(nullable=True, check=one_of(DELIVERY_STATUSES))
    shipped_at = dy.Datetime(nullable=True, check=IN_REACH)
    promised_at = dy.Datetime(nullable=True, check=IN_REACH)
    delivered_at = dy.Datetime(nullable=True, check=IN_REACH | not_before("shipped_at"))


CONTRACTS: dict[str, type[_Row]] = {
    "customers": Customers,
    "products": Products,
    "orders": Orders,
    "deliveries": Deliveries,
}


@dataclass(frozen=True)
class Broken:
    """A rule of the contract that some rows break.

    `rows` is a Boolean series over all rows of the frame, `column` one of its columns, `reason` what
    is wrong with the column, without values.
    """

    rows: pl.Series
    column: str
    reason: str


def judge(entity: str, frame: pl.DataFrame) -> list[Broken]:
    """The rules of the entity's contract that rows of the frame break: what is missing first, then in the
    order of the contract. Empty if all is well.

    Args:
        entity: one of `ENTITIES`.
        frame: the columns of `SCHEMAS[entity]` plus `_batch_day` (Date).

    Raises:
        dataframely.exc.SchemaError: the frame has other columns or types.
    """
    contract = CONTRACTS[entity]
    # a lazy frame is not split into good and bad rows: only the bad ones are taken out
    failure = contract.filter(frame.lazy().with_row_index("_row")).failure
    if not len(failure):
        return []
    found = failure.details()
    rules = [name for name in found.columns if name not in contract.column_names()]
    broken = []
    for rule in sorted(rules, key=lambda rule: not rule.endswith("|nullability")):
        rows = found.filter(pl.col(rule) == "invalid")["_row"]
        if not rows.is_empty():
            mask = np.zeros(frame.height, dtype=bool)
            mask[rows.to_numpy()] = True
            column, check = rule.split("|", maxsplit=1)
            reason = REASONS.get(check, check.removeprefix("check__"))
            broken.append(Broken(pl.Series(mask), column, reason))
    return broken
