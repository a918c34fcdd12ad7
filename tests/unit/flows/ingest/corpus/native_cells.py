"""Columns of Parquet in types of their own: values nobody can use, and values that only look odd."""

from datetime import date, datetime
from decimal import Decimal

import polars as pl

from tests.unit.flows.ingest.corpus import reasons
from tests.unit.flows.ingest.corpus.cases import Native

NAN, INFINITE = float("nan"), float("inf")
MOST_32, MOST_64 = 2**31 - 1, 2**63 - 1
NOON = datetime(2026, 10, 1, 12)


def _column(column: str, values: list, kind: pl.DataType, *told: str | None) -> Native:
    """What is told of each value: a reason, or nothing."""
    return Native(column, pl.Series(values, dtype=kind), told)


def _days(*numbers: int) -> pl.Series:
    """Days since 1970, which Polars cannot write beyond some hundred thousand years."""
    return pl.Series(numbers, dtype=pl.Int32).cast(pl.Date)


def _moments(unit: str, *numbers: int, zone: str | None = None) -> pl.Series:
    return pl.Series(numbers, dtype=pl.Int64).cast(pl.Datetime(unit, zone))  # type: ignore[arg-type]


NUMBERS = {
    "counts: floats": _column(
        "quantity",
        [3.0, -0.0, 1.5, NAN, INFINITE, 1e20, None],
        pl.Float64(),
        *(None, None, reasons.NO_COUNT, reasons.NO_COUNT, reasons.NO_COUNT, reasons.LONG_COUNT, None),
    ),
    "counts: half floats": _column("quantity", [3.0, 1.5], pl.Float32(), None, reasons.NO_COUNT),
    "counts: integers": _column(
        "quantity", [0, -1, 10**10, MOST_64], pl.Int64(), None, reasons.NEGATIVE, *[reasons.LONG_COUNT] * 2
    ),
    "counts: without a sign": _column("quantity", [1, 2**64 - 1], pl.UInt64(), None, reasons.LONG_COUNT),
    "counts: decimals": _column(
        "quantity", [Decimal("3.00"), Decimal("3.50")], pl.Decimal(9, 2), None, reasons.NO_COUNT
    ),
    "money: floats": _column(
        "unit_price",
        [0.1 + 0.2, 19.999, -0.004, -0.01, 1e12, NAN, -INFINITE],
        pl.Float64(),
        *(None, None, None, reasons.NEGATIVE, reasons.LONG_MONEY, reasons.NO_MONEY, reasons.NO_MONEY),
    ),
    "money: decimals": _column(
        "unit_price",
        [Decimal("1.5000"), Decimal("1.0050"), None],
        pl.Decimal(20, 4),
        *(None, reasons.FINE_MONEY, None),
    ),
    "money: integers": _column("unit_price", [5, 2**64 - 1], pl.UInt64(), None, reasons.LONG_MONEY),
}

EVER = [(0, reasons.OUT_OF_REACH), (20_000, None)]
NEVER = [(MOST_32, reasons.NO_DATE), (-MOST_32, reasons.NO_DATE), (3_000_000, reasons.NO_DATE)]

DATES = {
    "dates: days": Native(
        "promised_date", _days(*(day for day, _ in EVER + NEVER)), tuple(told for _, told in EVER + NEVER)
    ),
    "dates: days of orders": Native(
        "order_date", _days(*(day for day, _ in EVER + NEVER)), tuple(told for _, told in EVER + NEVER)
    ),
    **{
        f"dates: {unit} {zone or 'without a zone'}": Native(
            "order_date",
            _moments(unit, MOST_64, -MOST_64, 0, zone=zone),
            (told, told, reasons.OUT_OF_REACH),
        )
        for unit, told in {"ms": reasons.NO_DATE, "us": reasons.NO_DATE, "ns": reasons.OUT_OF_REACH}.items()
        for zone in (None, "UTC")
    },
    "dates: nothing at all": _column("delivery_date", [None, None], pl.Null(), None, None),
}

TEXTS = {
    "texts: statuses as truths": _column(
        "status", [True, None], pl.Boolean(), reasons.NO_STATUS, reasons.MISSING
    ),
    "texts: statuses as numbers": _column("status", [1], pl.Int8(), reasons.NO_STATUS),
    "texts: statuses as choices": _column(
        "status", ["shipped", "lost"], pl.Enum(["shipped", "lost"]), None, reasons.NO_STATUS
    ),
    "texts: ids as floats": _column("order_id", [1.0, 2.5, NAN], pl.Float64(), None, None, reasons.MISSING),
    "texts: ids as numbers": _column("order_id", [1, 2, 1], pl.Int64(), None, None, reasons.TWICE),
    "texts: ids as categories": _column(
        "order_id", ["a", "b", "a"], pl.Categorical(), None, None, reasons.TWICE
    ),
    "texts: no ids": _column("order_id", [None], pl.Null(), reasons.MISSING),
}

# Beside ours, in rows that are set aside whole.
BESIDE = {
    f"beside: {name}": Native("note", values, (reasons.NO_STATUS,) * len(values))
    for name, values in {
        "days": _days(20_000, MOST_32, -MOST_32),
        "moments": _moments("ms", MOST_64, 0),
        "lists of days": pl.Series([[MOST_32], [0]], dtype=pl.List(pl.Int32)).cast(pl.List(pl.Date)),
        "durations": pl.Series([MOST_64, 0]).cast(pl.Duration("ms")),
        "bytes": pl.Series([b"\xff\x00", None]),
        "records of bytes": pl.Series([{"a": b"\xff"}, {"a": None}]),
        "floats": pl.Series([NAN, INFINITE]),
        "records without a field": pl.Series([[], [1]], dtype=pl.List(pl.Int8)),
        "times": pl.Series([0, 86_399_999_999_999]).cast(pl.Time),
        "a date and time": pl.Series([NOON, None]),
        "a day": pl.Series([date(2026, 10, 1)]),
        "categories": pl.Series(["a", None], dtype=pl.Categorical),
        "truths": pl.Series([True, None]),
    }.items()
}

NATIVE: dict[str, Native] = NUMBERS | DATES | TEXTS | BESIDE
