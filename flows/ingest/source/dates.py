"""Columns of dates: what a shop wrote as timestamps in UTC, or as days of its calendar."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from flows.ingest.source.cells import Cells, WrongKindError, as_text, given, is_text, mask, trimmed
from flows.ingest.source.clock import FIRST_SECOND, LAST_SECOND, TIMESTAMP, Clock
from flows.ingest.source.date_formats import DateFormat, Iso, Unix, date_format

_PER_SECOND = {"ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY_SECONDS = 86_400


class Dates:
    """Reads dates as one shop writes them.

    Text with an offset, and types with a zone, are moments; without, they stand in the shop's zone, and
    a time that its clocks skipped is unreadable, one that they showed twice the earlier of the two. A date
    without a time is a day and nothing shifts it. Years before 1000 are unreadable.

    Args:
        formats: tried in this order; none: ISO 8601.
        time_zone: IANA name of the shop's zone.

    Raises:
        ValueError: a format is not understood; the message says why.
    """

    def __init__(self, formats: Sequence[str], time_zone: str) -> None:
        self._zone = time_zone
        self._formats: list[DateFormat] = [date_format(text) for text in formats] or [Iso()]
        expected = " or ".join(formats) or "ISO 8601, like 2026-11-21 or 2026-11-21 14:30:00"
        self._no_date = f"is not a date (expected {expected})"
        self._skipped = f"is a time that does not exist in {time_zone}, where the clocks skipped it"

    def timestamps(self, values: pl.Series, nothing: Sequence[str]) -> Cells:
        """Datetime in microseconds, UTC, without a zone.

        Raises:
            WrongKindError: the column holds neither text nor dates (nor numbers, for `unix`).
        """
        return self._read(values, nothing, Clock(self._zone, days=False))

    def days(self, values: pl.Series, nothing: Sequence[str]) -> Cells:
        """Date: the day on the shop's calendar. Raises like `timestamps`."""
        return self._read(values, nothing, Clock(self._zone, days=True))

    def _read(self, values: pl.Series, nothing: Sequence[str], clock: Clock) -> Cells:
        if values.dtype == pl.Null:
            return Cells(values.cast(clock.dtype))
        if is_text(values):
            values = given(as_text(values), nothing)
        read = self._attempt(values, clock)
        if read.null_count() == values.null_count():
            return Cells(read)
        rows = (values.is_not_null() & read.is_null()).arg_true()
        left = values.gather(rows)
        if left.dtype == pl.String:
            # hardly any value has blanks around it: only what cannot be read is trimmed
            left = trimmed(left, nothing)
            again = self._attempt(left, clock)
            read = read.scatter(rows, again)
            left = left.set(again.is_not_null(), None)
        reasons = {self._no_date: left.is_not_null()}
        if not clock.days:
            # the shop's clock may have skipped what one in UTC shows
            shown = self._attempt(left, replace(clock, zone="UTC"))
            skipped = shown.is_not_null() & clock.local(shown).is_null()
            reasons = {self._no_date: left.is_not_null() & ~skipped, self._skipped: skipped}
        unreadable = {
            why: mask(rows.filter(wrong), len(values)) for why, wrong in reasons.items() if wrong.any()
        }
        return Cells(read, unreadable)

    def _attempt(self, values: pl.Series, clock: Clock) -> pl.Series:
        kind = values.dtype
        if kind == pl.String:
            return _in_reach(_by_first_that_fits(self._formats, values, clock))
        if kind == pl.Date:
            return clock.midnights(_in_reach(values).cast(TIMESTAMP))
        if isinstance(kind, pl.Datetime):
            moments = _in_reach(values)
            if kind.time_zone is None:
                return _in_reach(clock.local(moments.cast(TIMESTAMP)))
            in_utc = moments.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
            return clock.instants(in_utc.cast(TIMESTAMP))
        if kind.is_integer() or kind.is_float():
            formats = [form for form in self._formats if isinstance(form, Unix)]
            if formats:
                return _by_first_that_fits(formats, values, clock)
            raise WrongKindError(
                f'holds {kind}, not dates (date_formats = ["unix"] or ["unix_ms"] would read numbers)'
            )
        raise WrongKindError(f"holds {kind}, not dates")


def _by_first_that_fits(formats: Sequence[DateFormat], values: pl.Series, clock: Clock) -> pl.Series:
    read = formats[0].read(values, clock)
    for form in formats[1:]:
        if read.null_count() == values.null_count():
            break
        rows = (values.is_not_null() & read.is_null()).arg_true()
        read = read.scatter(rows, form.read(values.gather(rows), clock))
    return read


def _in_reach(values: pl.Series) -> pl.Series:
    """Null for years with less or more than four digits, of which some would overflow later."""
    if isinstance(values.dtype, pl.Datetime):
        unit = _PER_SECOND[values.dtype.time_unit]
        first, last = FIRST_SECOND * unit, (LAST_SECOND + 1) * unit - 1
    else:
        first, last = FIRST_SECOND // _DAY_SECONDS, LAST_SECOND // _DAY_SECONDS
    outside = ~values.to_physical().is_between(max(first, -(2**63)), min(last, 2**63 - 1))
    return values.set(outside, None) if outside.any() else values
