"""The shop's clock: what its wall shows as moments in UTC, or as days."""

from dataclasses import dataclass

import polars as pl

TIMESTAMP = pl.Datetime("us")
# Written with four digits, and what Python's datetime can hold. In seconds since 1970.
FIRST_SECOND, LAST_SECOND = -30_610_224_000, 253_402_300_799
_DAY = 86_400_000_000


@dataclass(frozen=True)
class Clock:
    """The clock on the shop's wall, and what is read from it: timestamps in UTC, or calendar days.

    The three kinds of moments all come as timestamps without a zone.
    """

    zone: str
    days: bool

    @property
    def dtype(self) -> pl.DataType:
        """Of what the methods return."""
        return pl.Date() if self.days else TIMESTAMP

    def instants(self, moments: pl.Series) -> pl.Series:
        """Moments in UTC."""
        if not self.days:
            return moments
        return moments.dt.replace_time_zone("UTC").dt.convert_time_zone(self.zone).dt.date()

    def local(self, moments: pl.Series) -> pl.Series:
        """Moments as the clock showed them; of two equal ones the earlier, null where it showed no such."""
        if self.days:
            return moments.dt.date()
        return moments if self.zone == "UTC" else self._to_utc(moments)

    def midnights(self, moments: pl.Series) -> pl.Series:
        """Days without a time of day, which no zone may shift."""
        return moments.dt.date() if self.days else moments

    def _to_utc(self, moments: pl.Series) -> pl.Series:
        """Day by day, which is ten times faster: the clock is rarely changed, and then rows are looked at."""
        local = moments.to_physical()
        days = local // _DAY
        first, last = days.min(), days.max()
        if not isinstance(first, int) or not isinstance(last, int) or last - first > len(moments):
            return self._exactly(moments)
        midnights = pl.int_range(first, last + 2, eager=True) * _DAY
        offsets = midnights - self._exactly(midnights.cast(TIMESTAMP)).to_physical()
        steady = offsets.set((offsets != offsets.shift(-1)).fill_null(True), None)
        shift = steady.gather((days - first).cast(pl.UInt32))
        utc = (local - shift).cast(TIMESTAMP)
        changed = (shift.is_null() & moments.is_not_null()).arg_true()
        return utc.scatter(changed, self._exactly(moments.gather(changed))) if len(changed) else utc

    def _exactly(self, moments: pl.Series) -> pl.Series:
        zoned = moments.dt.replace_time_zone(self.zone, ambiguous="earliest", non_existent="null")
        return zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
