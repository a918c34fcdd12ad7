"""Every row that was read is loaded, rejected or ignored: counted at both ends, and compared."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from flows.errors import ReconciliationError


@dataclass
class Ends:
    """Where the rows of one day ended, and how many were read, where somebody counted them."""

    rows: int = 0
    rejected: int = 0
    ignored: int = 0
    read: int | None = None

    @property
    def total(self) -> int:
        """Rows that ended somewhere."""
        return self.rows + self.rejected + self.ignored


class Balance:
    """Rows per entity and day, counted where they end, against counts of what was read."""

    def __init__(self) -> None:
        self._ends: dict[str, dict[date, Ends]] = defaultdict(lambda: defaultdict(Ends))
        self._handed_in: set[str] = set()

    def of(self, entity: str, day: date) -> Ends:
        """The counts of a day, to be added to."""
        return self._ends[entity][day]

    def hand_in(self, entity: str, read: Mapping[date, int], ignored: Mapping[date, int]) -> None:
        """Say how many rows of each day were read, and how many of them are meant to end nowhere."""
        self._handed_in.add(entity)
        for day, rows in read.items():
            self.of(entity, day).read = rows
            self.of(entity, day).ignored = ignored.get(day, 0)

    def forget(self, entity: str) -> None:
        """Count this entity from the beginning."""
        self._ends.pop(entity, None)
        self._handed_in.discard(entity)

    def check(self) -> None:
        """Compare the entities for which counts were handed in.

        Raises:
            ReconciliationError: rows were lost or doubled on the way.
        """
        for entity in sorted(self._handed_in):
            for day, ends in sorted(self._ends[entity].items()):
                if ends.total != (ends.read or 0):
                    raise ReconciliationError(
                        f"{entity} of {day}: {ends.read or 0:,} rows were read, but {ends.rows:,} are to be "
                        f"loaded, {ends.rejected:,} rejected and {ends.ignored:,} ignored; nothing was loaded"
                    )


def rows_by_day(days: pl.Series) -> dict[date, int]:
    """How often each day stands in a `_batch_day`; cheap where it is one day."""
    if days.is_empty():
        return {}
    first, last = days.min(), days.max()
    if first == last:
        return {first: days.len()}  # type: ignore[dict-item]  # a date
    return dict(days.value_counts().iter_rows())
