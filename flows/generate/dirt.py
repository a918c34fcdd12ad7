"""Rows spoiled on purpose, the way a careless export spoils them: off unless a shop asks for it.

Which rows are hit, and how, depends on the shop and the row alone, so the same day is spoiled the
same way however it is produced.
"""

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from flows.generate.pools import chosen
from flows.generate.randomness import Words, bits
from flows.generate.shop import Shop

KEYS = {
    "customers": "customer_id",
    "products": "product_id",
    "orders": "order_id",
    "deliveries": "delivery_id",
}
REQUIRED = {
    "customers": ("customer_id",),
    "products": ("product_id",),
    "orders": ("order_id", "customer_id", "product_id", "order_date", "status"),
    "deliveries": ("delivery_id", "order_id"),
}
DATES = {"orders": ("order_date", "delivery_date"), "deliveries": ("shipped_at", "delivered_at")}
TEXTS = {"customers": ("name", "city"), "products": ("name",)}
UNKNOWN_STATUSES = ("SHIPED", "in progress", "", "7", "livré ?", "null")

# A spreadsheet's day zero, and the far end of a date picker.
_DAY_ZERO = pl.datetime(1899, 12, 30)
_LAST_DAY = pl.datetime(9999, 12, 31)


def spoiled(shop: Shop, partitions: dict[str, pl.DataFrame]) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """The partitions with the shop's share of spoiled rows, and what was done to which.

    Returns:
        The frames, and one row for each damage: `entity, day, key, kind, column` (the key as it was
        before; no column for a duplicate, which stands right after its original).
    """
    damage = [_EMPTY]
    if not shop.dirt.any:
        return partitions, _EMPTY
    frames = {}
    for entity, frame in partitions.items():
        frames[entity], done = _spoil(shop, entity, frame)
        damage += done
    return frames, pl.concat(damage)


_EMPTY = pl.DataFrame(
    schema={"entity": pl.String, "day": pl.Date, "key": pl.String, "kind": pl.String, "column": pl.String}
)


def _spoil(shop: Shop, entity: str, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    keys, days = frame[KEYS[entity]], frame["_batch_day"]
    rows = _row_numbers(keys, days)
    done: list[pl.DataFrame] = []

    def hit(kind: str, rate: float) -> tuple[NDArray[np.bool_], Words]:
        words = bits(rows, shop.seed, f"dirt.{entity}.{kind}")
        return (words >> np.uint64(40)) < np.uint64(round(rate * 2**24)), words & np.uint64(0xFFFF)

    def note(kind: str, mask: NDArray[np.bool_], column: str | None) -> None:
        where = pl.Series(mask)
        done.append(
            pl.DataFrame({"day": days.filter(where), "key": keys.filter(where)}).select(
                pl.lit(entity).alias("entity"),
                "day",
                "key",
                pl.lit(kind).alias("kind"),
                pl.lit(column, dtype=pl.String).alias("column"),
            )
        )

    def change(
        kind: str, rate: float, columns: tuple[str, ...], spoil: Callable[[pl.DataFrame, str], pl.Expr]
    ) -> None:
        nonlocal frame
        if not rate or not columns:
            return
        mask, chooser = hit(kind, rate)
        picks = chooser % np.uint64(len(columns))
        for number, column in enumerate(columns):
            # what is not there cannot be spoiled; the first column always is
            picks[(picks == number) & frame[column].is_null().to_numpy()] = 0
        for number, column in enumerate(columns):
            hits = mask & (picks == number)
            before = frame[column]
            frame = frame.with_columns(
                pl.when(pl.Series(hits)).then(spoil(frame, column)).otherwise(pl.col(column)).alias(column)
            )
            note(kind, hits & ~before.eq_missing(frame[column]).to_numpy(), column)

    dirt = shop.dirt
    change("broken_encoding", dirt.broken_encodings, TEXTS.get(entity, ()), _mangled)
    change("unknown_status", dirt.unknown_statuses, _status_columns(frame), _unknown_status(rows))
    change("impossible_date", dirt.impossible_dates, DATES.get(entity, ()), _impossible_date)
    change("null", dirt.nulls, REQUIRED[entity], lambda _, __: pl.lit(None))
    if dirt.duplicates:
        mask, _ = hit("duplicate", dirt.duplicates)
        note("duplicate", mask, None)
        frame = frame[np.repeat(np.arange(frame.height), 1 + mask)]
    return frame, done


def _row_numbers(keys: pl.Series, days: pl.Series) -> Words:
    """A number for each version of a key, made of its digits and its day."""
    digits = keys.str.replace_all(r"\D", "").cast(pl.UInt64).to_numpy()
    return digits * np.uint64(1_000_003) + days.cast(pl.Int32).to_numpy().astype(np.uint64)


def _status_columns(frame: pl.DataFrame) -> tuple[str, ...]:
    return ("status",) if "status" in frame.columns else ()


def _unknown_status(rows: Words) -> Callable[[pl.DataFrame, str], pl.Expr]:
    words = chosen(pl.Series(UNKNOWN_STATUSES), rows % np.uint64(len(UNKNOWN_STATUSES)))
    return lambda _, __: pl.lit(words)


def _impossible_date(frame: pl.DataFrame, column: str) -> pl.Expr:
    """Before the world began, after it ends, or a delivery before its start."""
    if column in ("delivery_date", "delivered_at"):
        start = "order_date" if column == "delivery_date" else "shipped_at"
        return pl.when(pl.col(column).is_not_null()).then(pl.col(start) - pl.duration(days=3))
    even = pl.col(column).dt.minute() % 2 == 0
    return pl.when(even).then(_DAY_ZERO).otherwise(_LAST_DAY)


def _mangled(frame: pl.DataFrame, column: str) -> pl.Expr:
    """UTF-8 read as Latin-1; a character lost where there is none beyond ASCII."""
    return pl.col(column).map_elements(_mangle, return_dtype=pl.String)


def _mangle(text: str) -> str:
    if text.isascii():
        return f"{text[:1]}\N{REPLACEMENT CHARACTER}{text[2:]}"
    return text.encode("utf-8").decode("latin-1")
