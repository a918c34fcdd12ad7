"""Ids as text, built from columns of bytes: every row of a Series is as wide as the next.

A column is the same bytes in every row, or an array of one integer, or several, a row, taken as the
bytes they are in memory. Digits come from tables of one, two and four characters, so no row is ever
formatted. (Arrays of NumPy's own bytes type would do, but are three times slower.)
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from flows.generate.days import day_of, number_of

Integers = NDArray[np.integer[Any]]
Column = bytes | NDArray[Any]

MOST_DIGITS = 9

_DIGITS_DTYPE = {1: np.uint8, 2: np.uint16, 4: np.uint32}
_ARROW_INLINES = 12
_ARROW_REACHES = 2**31


def numbered(prefix: str, numbers: Integers, digits: int) -> pl.Series:
    """`C-000000042`: a prefix and a number with leading zeros (at most 9 digits).

    Raises:
        ValueError: a number is negative or has too many digits.
    """
    return joined([prefix.encode(), *figures(numbers, digits)], len(numbers))


def dated(
    prefix: str,
    days: NDArray[np.uint64],
    numbers: Integers,
    attempts: Integers | None = None,
    digits: int = 8,
) -> pl.Series:
    """`O-20261121-00000123`, or `D-20261121-00000123-1` with `attempts` (1 to 9), one a row.

    `days` are as `calendar` writes them.

    Raises:
        ValueError: a number has too many digits.
    """
    columns: list[Column] = [prefix.encode(), days, b"-", *figures(numbers, digits)]
    if attempts is not None:
        columns += [b"-", *figures(attempts, 1)]
    return joined(columns, len(numbers))


def figures(numbers: Integers, digits: int) -> list[Column]:
    """The decimal digits of numbers as columns, most significant first, with leading zeros.

    Raises:
        ValueError: a number is negative or has too many digits, or `digits` is not 1 to 9.
    """
    if not 1 <= digits <= MOST_DIGITS:
        raise ValueError(f"ids have 1 to {MOST_DIGITS} digits, not {digits}")
    if len(numbers) and not 0 <= int(numbers.min()) <= int(numbers.max()) < 10**digits:
        raise ValueError(f"{numbers.min()} to {numbers.max()} does not fit {digits} digits")
    rest = numbers.astype(np.uint32)
    columns: list[Column] = []
    while digits:
        width = next(width for width in (4, 2, 1) if width <= digits)
        higher = rest // np.uint32(10**width)
        columns.append(_digits(width).take(rest - higher * np.uint32(10**width)))
        rest = higher
        digits -= width
    return columns[::-1]


def joined(columns: Sequence[Column], count: int) -> pl.Series:
    """One string a row: the columns side by side."""
    rows = _side_by_side(columns, count)
    width = rows.dtype.itemsize
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int64)
    return pl.Series(
        pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(rows)), dtype=pl.String
    )


def trimmed(columns: Sequence[Column], skip: NDArray[np.uint32]) -> pl.Series:
    """One string a row: the columns side by side without the first `skip` bytes of each row.

    Arrow's string views point into the rows, so texts of several lengths cost no more than ids. No
    text may be left with 12 bytes or fewer, because Arrow keeps those elsewhere.

    Raises:
        ValueError: a text would be too short, or all rows together exceed the 2 GiB a view reaches.
    """
    count = len(skip)
    if not count:
        return pl.Series(dtype=pl.String)
    rows = _side_by_side(columns, count)
    width = rows.dtype.itemsize
    if int(skip.max()) >= width - _ARROW_INLINES:
        raise ValueError(f"{int(skip.max())} of {width} bytes are too many to skip")
    if rows.nbytes >= _ARROW_REACHES:
        raise ValueError(f"{count:,} rows of {width} bytes are too many for one series")
    begins = np.arange(0, count * width, width, dtype=np.uint32) + skip
    anywhere = np.ndarray((rows.nbytes - 3,), np.uint32, buffer=rows.data, strides=(1,))
    views = np.zeros(count, [("length", "u4"), ("prefix", "u4"), ("buffer", "u4"), ("offset", "u4")])
    views["length"] = np.uint32(width) - skip
    views["prefix"] = anywhere[begins]  # `take` would copy it first
    views["offset"] = begins
    buffers = [None, pa.py_buffer(views), pa.py_buffer(rows)]
    return pl.Series(pa.Array.from_buffers(pa.string_view(), count, buffers), dtype=pl.String)


def _side_by_side(columns: Sequence[Column], count: int) -> NDArray[np.void]:
    kinds = [(f"S{len(c)}",) if isinstance(c, bytes) else (c.dtype, c.shape[1:]) for c in columns]
    fields = [(f"f{at}", *kind) for at, kind in enumerate(kinds)]
    rows = np.empty(count, fields)
    for (name, *_), column in zip(fields, columns, strict=True):
        rows[name] = column
    return rows


def calendar(days: Integers) -> NDArray[np.uint64]:
    """`20261121` for each of these days since 1970-01-01, as a column of eight bytes.

    Raises:
        ValueError: a day is in no year from 1 to 9999.
    """
    if not len(days):
        return np.empty(0, np.uint64)
    first, last = int(days.min()), int(days.max())
    if not number_of(date.min) <= first <= last <= number_of(date.max):
        raise ValueError(f"days {first} to {last} since 1970-01-01 are not all in the years 1 to 9999")
    texts = (day_of(day).isoformat().replace("-", "") for day in range(first, last + 1))
    return np.frombuffer("".join(texts).encode(), np.uint64).take(days - first)


@lru_cache(maxsize=3)
def _digits(width: int) -> NDArray[Any]:
    text = "".join(f"{number:0{width}d}" for number in range(10**width))
    return np.frombuffer(text.encode(), _DIGITS_DTYPE[width])
