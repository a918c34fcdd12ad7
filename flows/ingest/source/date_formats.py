"""ISO 8601 and Unix times, read exactly: a text that is not wholly one stays null."""

import re
from typing import Protocol

import polars as pl

from flows.ingest.source.clock import FIRST_SECOND, LAST_SECOND, TIMESTAMP, Clock
from flows.ingest.source.strftime import Strftime


class DateFormat(Protocol):
    """A way to write dates."""

    def read(self, text: pl.Series, clock: Clock) -> pl.Series:
        """What the clock says of these texts; null where one is not wholly written this way."""
        ...


class Iso:
    """ISO 8601: a day, or a day and a time with or without an offset; blank instead of `T`."""

    _DAY = (
        "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
        "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
        # the years that have a 29th of February
        "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
    )
    _TIME = r"[T ](?:[01][0-9]|2[0-3])(?::[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?)?"
    _OFFSET = "(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"
    _LOCAL = f"^{_DAY}(?:{_TIME})?$"
    _ZONED = f"^{_DAY}{_TIME} ?{_OFFSET}$"
    _LOOKS_ZONED = re.compile(f":[0-9.]+ ?{_OFFSET}$")

    def read(self, text: pl.Series, clock: Clock) -> pl.Series:
        """All at once if they are alike, which is much faster; else one kind after the other."""
        first = _first_of(text)
        if first is None:
            return pl.repeat(None, len(text), dtype=clock.dtype, eager=True)
        zoned = self._LOOKS_ZONED.search(first) is not None
        try:
            return _by_arrow(text, zoned, clock)
        except ValueError:  # not alike, or some are no dates
            pass
        fits = text.str.contains(self._ZONED if zoned else self._LOCAL)
        read = _by_arrow(_tidy(text.set(~fits, None)), zoned, clock)
        rows = (~fits).arg_true()
        left = text.gather(rows)
        left = left.set(~left.str.contains(self._LOCAL if zoned else self._ZONED), None)
        return read.scatter(rows, _by_arrow(_tidy(left), not zoned, clock))


def _first_of(text: pl.Series) -> str | None:
    """The first that is not null, for a look at how they are written."""
    given = text.is_not_null()
    return text[given.arg_max() or 0] if given.any() else None


def _tidy(fitting: pl.Series) -> pl.Series:
    """What Arrow would not take: a blank before the offset, and decimals of a second after the sixth."""
    rows = fitting.str.contains(r" (?:Z|[+-])|\.[0-9]{7}").fill_null(False).arg_true()
    if rows.is_empty():
        return fitting
    odd = fitting.gather(rows).str.replace(r" (Z|[+-])", "$1").str.replace(r"(\.[0-9]{6})[0-9]+", "$1")
    return fitting.scatter(rows, odd)


def _by_arrow(text: pl.Series, zoned: bool, clock: Clock) -> pl.Series:
    """By Arrow's reader of ISO 8601, which is exact.

    Raises:
        ValueError: some value is not ISO 8601, or has an offset and should not, or the reverse.
    """
    import pyarrow as pa  # takes a while, and not every shop writes ISO 8601

    target = pa.timestamp("us", tz="UTC" if zoned else None)
    moments = pl.Series(text.name, text.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(target))
    if zoned:
        return clock.instants(moments.dt.replace_time_zone(None))
    read = clock.local(moments)
    if read is moments or clock.days:
        return read
    bare = text.str.len_bytes() == len("2026-11-21")
    return clock.midnights(moments).zip_with(bare, read) if bare.any() else read


class Unix:
    """Seconds (or milliseconds) since 1970, as text or as numbers."""

    _FRACTIONAL = r"^[+-]?[0-9]+\.[0-9]+$"

    def __init__(self, per_second: int) -> None:
        self._first, self._last = FIRST_SECOND * per_second, LAST_SECOND * per_second
        self._microseconds = 1_000_000 // per_second

    def read(self, text: pl.Series, clock: Clock) -> pl.Series:
        """Digits, with or without decimals; `text` may also be numbers of any type."""
        if text.dtype != pl.String:
            return self._moments(text, clock)
        whole = self._moments(text.cast(pl.Int64, strict=False), clock)
        if whole.null_count() == text.null_count():
            return whole
        fractional = text.set(~text.str.contains(self._FRACTIONAL), None).cast(pl.Float64, strict=False)
        return whole.zip_with(whole.is_not_null(), self._moments(fractional, clock))

    def _moments(self, numbers: pl.Series, clock: Clock) -> pl.Series:
        wide = numbers.cast(pl.Float64 if numbers.dtype.is_float() else pl.Int64, strict=False)
        within = wide.set(~wide.is_between(self._first, self._last), None) * self._microseconds
        return clock.instants(within.round().cast(pl.Int64).cast(TIMESTAMP))


def date_format(text: str) -> DateFormat:
    """What an entry of `date_formats` stands for: `unix`, `unix_ms`, or a strftime format.

    Raises:
        ValueError: it has a directive that is not understood.
    """
    if text == "unix":
        return Unix(per_second=1)
    if text == "unix_ms":
        return Unix(per_second=1000)
    return Strftime(text)
