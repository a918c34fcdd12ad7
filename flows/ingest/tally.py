"""What became of the rows that were taken in, in numbers and a few examples."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import islice

import polars as pl

from flows.errors import RejectedError, printable
from flows.ingest.balance import rows_by_day

DEFAULT_REJECT_RATE = 0.05
EXAMPLES = 3
_REASONS_SHOWN = 5
_SHOWN_CHARACTERS = 60


@dataclass
class Count:
    """Rows of one day, or of several."""

    read: int = 0
    rejected: int = 0
    ignored: int = 0

    @property
    def loaded(self) -> int:
        """Rows to be loaded."""
        return self.read - self.rejected - self.ignored

    def __add__(self, other: "Count") -> "Count":
        return Count(self.read + other.read, self.rejected + other.rejected, self.ignored + other.ignored)


@dataclass
class Reason:
    """Why rows were rejected: how many, and the first of them as `file:line 'value'`."""

    column: str
    reason: str
    rows: int = 0
    examples: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{printable(self.column)} {self.reason}: {_rows(self.rows, self.examples)}"


@dataclass
class Unknown:
    """Rows, kept, whose `column` names something that `entity` does not have, and the first of them."""

    column: str
    entity: str
    rows: int = 0
    examples: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{printable(self.column)} is not among the {self.entity}: {_rows(self.rows, self.examples)}"


@dataclass
class Tally:
    """What became of one entity's rows."""

    files: list[str] = field(default_factory=list)
    days: dict[date, Count] = field(default_factory=dict)
    _reasons: dict[tuple[str, str], Reason] = field(default_factory=dict)
    _unknown: dict[str, Unknown] = field(default_factory=dict)

    @property
    def total(self) -> Count:
        """All days together."""
        return sum(self.days.values(), Count())

    @property
    def reasons(self) -> list[Reason]:
        """Why rows were rejected, what hit most rows first."""
        return sorted(self._reasons.values(), key=lambda reason: -reason.rows)

    @property
    def unknown(self) -> list[Unknown]:
        """What rows name that is not there."""
        return [unknown for unknown in self._unknown.values() if unknown.rows]

    def read(self, rows: Mapping[date, int], ignored: Mapping[date, int]) -> None:
        """Count rows that were read, by their day, and those of them that nobody wants."""
        for day in rows:
            count = self.days.setdefault(day, Count())
            count.read += rows[day]
            count.ignored += ignored.get(day, 0)

    def rejected(self, rejects: pl.DataFrame) -> None:
        """Count rows of `REJECTS` by day and reason, and keep the first examples."""
        for day, rows in rows_by_day(rejects["_batch_day"]).items():
            self.days[day].rejected += rows
        by_reason = rejects.group_by("column_name", "reason", maintain_order=True).agg(
            pl.len(), pl.struct("file", "line", "value").head(EXAMPLES).alias("examples")
        )
        for column, reason, rows, examples in by_reason.iter_rows():
            found = self._reasons.setdefault((column, reason), Reason(column, reason))
            found.rows += rows
            found.examples += [example(**some) for some in examples[: EXAMPLES - len(found.examples)]]

    def names_unknown(self, column: str, entity: str, rows: int, examples: Iterable[str] = ()) -> None:
        """Count rows whose `column`, as their file calls it, names nothing of `entity`."""
        found = self._unknown.setdefault(column, Unknown(column, entity))
        found.rows += rows
        found.examples += islice(examples, EXAMPLES - len(found.examples))


@dataclass
class Reading:
    """What became of the rows of all entities."""

    entities: dict[str, Tally] = field(default_factory=dict)

    @property
    def total(self) -> Count:
        """All entities together."""
        return sum((tally.total for tally in self.entities.values()), Count())

    def of(self, entity: str) -> Tally:
        """The entity's tally, to be added to."""
        return self.entities.setdefault(entity, Tally())

    def reasons(self) -> list[str]:
        """Why rows were rejected, one line for each of the most frequent reasons."""
        found = [
            (reason.rows, entity, reason)
            for entity, tally in self.entities.items()
            for reason in tally.reasons
        ]
        found.sort(key=lambda one: -one[0])
        lines = [f"{entity}: {reason}" for _, entity, reason in found[:_REASONS_SHOWN]]
        if more := len(found) - len(lines):
            lines.append(f"and {more} more reason{'s' if more > 1 else ''}")
        return lines

    def check(self, limit: float, where: str = "") -> None:
        """Compare the share of rejected rows with the limit, of all rows and of the orders alone.

        Args:
            limit: the largest share allowed, 0 to 1.
            where: says where the rejected rows can be looked at.

        Raises:
            RejectedError: it is larger.
        """
        orders = self.entities.get("orders", Tally()).total
        for count, what in ((self.total, "rows"), (orders, "orders")):
            if count.rejected > Fraction(str(limit)) * count.read:
                share = 100 * count.rejected / count.read
                raise RejectedError(
                    "\n  ".join(
                        [
                            f"{count.rejected:,} of {count.read:,} {what} rejected ({share:.3g} %, at most "
                            f"{100 * limit:.3g} %); nothing was loaded{where and f'; {where}'}",
                            *self.reasons(),
                        ]
                    )
                )


def _rows(rows: int, examples: list[str]) -> str:
    """How many, and where the first of them stand."""
    such_as = f", such as {', '.join(examples)}" if examples else ""
    return f"{rows:,} row{'' if rows == 1 else 's'}{such_as}"


def example(file: str, line: int, value: str | None) -> str:
    """Where a value stands, and the value, for a message."""
    return f"{printable(file)}:{line}" + (f" {cut(value)!r}" if value else "")


def cut(text: str) -> str:
    """The text, or its beginning where it is long."""
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 3]}..."
