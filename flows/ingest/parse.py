"""Columns of a shop's file as typed series, or an error that names file, row, column and value."""

from pathlib import Path

import polars as pl

from flows.errors import SourceError
from flows.tables import STATUSES

_DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
)
_ZONED_DATE_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M%#z",
    "%Y-%m-%d %H:%M%#z",
)
_FIRST_YEAR = 1000  # ISO 8601 writes a year with four digits
_TIMESTAMP = pl.Datetime("us")


def parse_dates(values: pl.Series, path: Path) -> pl.Series:
    """Timestamps in UTC without a zone. Text must be ISO 8601; an offset or `Z` is converted."""
    if values.dtype == pl.Null:
        return values.cast(_TIMESTAMP)
    if isinstance(values.dtype, pl.Datetime):
        naive = values if values.dtype.time_zone is None else values.dt.convert_time_zone("UTC")
        return naive.dt.replace_time_zone(None).cast(_TIMESTAMP)
    if values.dtype == pl.Date:
        return values.cast(_TIMESTAMP)
    if values.dtype != pl.String:
        raise SourceError(f"{path}: column {values.name} holds {values.dtype}, not dates")
    text = _as_text(values, path)
    attempts = [text.str.to_datetime(form, time_unit="us", strict=False) for form in _DATE_FORMATS]
    zoned = text.str.replace(r"Z$", "+0000")
    attempts += [
        zoned.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False).dt.replace_time_zone(None)
        for form in _ZONED_DATE_FORMATS
    ]
    parsed = pl.select(pl.coalesce(attempts)).to_series().alias(values.name)
    parsed = parsed.set(parsed.dt.year() < _FIRST_YEAR, None)  # a year of two digits
    _reject_unparsed(text, parsed, path, "a date (ISO 8601: 2026-11-21 or 2026-11-21 14:30:00)")
    return parsed


def parse_statuses(values: pl.Series, path: Path) -> pl.Series:
    """One of `STATUSES`, whatever the case in the file."""
    text = reject_nulls(_as_text(values, path), path)
    known = text.str.to_lowercase()
    _reject_unparsed(text, known.set(~known.is_in(STATUSES), None), path, f"one of {', '.join(STATUSES)}")
    return known


def parse_integers(values: pl.Series, path: Path) -> pl.Series:
    """Whole numbers of at most ten digits that are not negative."""
    if values.dtype == pl.Boolean:
        raise SourceError(f"{path}: column {values.name} holds {values.dtype}, not whole numbers")
    text = _as_text(values, path)
    parsed = (text if values.dtype == pl.String else values).cast(pl.Int64, strict=False)
    parsed = parsed.set((parsed < 0) | (parsed >= 10**10), None)
    if values.dtype.is_float() or values.dtype.is_decimal():
        parsed = parsed.set(parsed != values, None)  # a cast would cut the fraction off
    _reject_unparsed(text, parsed, path, "a whole number that is not negative (ten digits at most)")
    return parsed


def parse_decimals(values: pl.Series, path: Path) -> pl.Series:
    """Money with at most two decimals kept, not negative."""
    text = _as_text(values, path)
    parsed = text.str.to_decimal(scale=2).cast(pl.Decimal(12, 2), strict=False)
    parsed = parsed.set(parsed < 0, None)
    if not values.dtype.is_float():  # a float has no cents to lose, only noise
        parsed = parsed.set(text.str.contains(r"\.\d{2}0*[1-9]").fill_null(False), None)
    _reject_unparsed(text, parsed, path, "an amount of money such as 19.90")
    return parsed


def parse_text(values: pl.Series, path: Path) -> pl.Series:
    """Text without blanks around it; numbers as they print."""
    if values.dtype.is_nested():
        raise SourceError(f"{path}: column {values.name} holds {values.dtype}, not single values")
    try:
        return values.cast(pl.String).str.strip_chars()
    except pl.exceptions.PolarsError:
        raise SourceError(f"{path}: column {values.name} holds {values.dtype} that is not text") from None


def reject_nulls(values: pl.Series, path: Path) -> pl.Series:
    """The same series.

    Raises:
        SourceError: a value is missing or blank.
    """
    empty = values.is_null()
    if values.dtype == pl.String:
        empty = empty | (values == "").fill_null(True)
    if empty.any():
        row = empty.arg_true()[0] + 1
        raise SourceError(
            f"{path}: row {row}: {values.name} is empty ({empty.sum():,} such row(s)); it is required"
        )
    return values


def _reject_unparsed(text: pl.Series, parsed: pl.Series, path: Path, expected: str) -> None:
    wrong = text.is_not_null() & parsed.is_null()
    if wrong.any():
        position = wrong.arg_true()[0]
        raise SourceError(
            f"{path}: row {position + 1}: {text.name} {_shown(text[position])} is not {expected} "
            f"({wrong.sum():,} such row(s))"
        )


def _as_text(values: pl.Series, path: Path) -> pl.Series:
    """Like `parse_text`, with null for blank."""
    stripped = parse_text(values, path)
    return stripped.set((stripped == "").fill_null(False), None)


def _shown(value: str) -> str:
    return repr(value if len(value) <= 60 else value[:57] + "...")
