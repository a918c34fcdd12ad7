"""A shop's columns as ours: typed, named, dated; and what in them could not be read."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_

import polars as pl

from flows.errors import SourceError
from flows.ingest.source.cells import Cells, Statuses, WrongKindError, texts
from flows.ingest.source.clock import TIMESTAMP
from flows.ingest.source.columns import Columns
from flows.ingest.source.dates import Dates
from flows.ingest.source.description import IGNORE, MAPPED_STATUSES, EntitySource
from flows.ingest.source.numbers import Decimals, Numbers, WholeNumbers
from flows.ingest.source.records import Records
from flows.tables import SCHEMAS

_BATCH_DAY = "_batch_day"


@dataclass(frozen=True)
class Failures:
    """Rows of which a value could not be read: a Boolean mask, the column as the file calls it, and why."""

    rows: pl.Series
    column: str
    reason: str


@dataclass(frozen=True)
class Parsed:
    """A piece of a file as rows of one of our tables; everything has the height of the records.

    `frame` has the columns of `SCHEMAS[entity]` in their order, and `_batch_day` (Date, never null): the day
    of change, or the as-of day where that is unknown or later. `ignored` (Boolean) are the rows whose
    status the shop does not want, or that changed after the as-of day. `failures` name the other rows with
    a value that is there but cannot be read, or without a day of change; what else must not be missing is the
    contract's to say. `theirs` leads from our columns to the file's.
    """

    frame: pl.DataFrame
    ignored: pl.Series
    failures: list[Failures]
    theirs: dict[str, str]


class Parser:
    """Parses the files of one entity, piece by piece in the order they are read.

    Args:
        source: what the shop says about them.
        as_of: the day at whose end the files were written.

    Raises:
        SourceError: a date format is not understood.
    """

    def __init__(self, source: EntitySource, as_of: date) -> None:
        self._schema = SCHEMAS[source.entity]
        self._as_of = as_of
        self._columns = Columns(source)
        self._nothing = ("", *source.null_values)
        self._statuses = Statuses(MAPPED_STATUSES.get(source.entity, ()), source.statuses)
        self._numbers = Numbers(source.decimal_comma)
        try:
            self._dates = Dates(source.date_formats, source.time_zone)
        except ValueError as error:
            raise SourceError(f"{source.described_in}: {source.entity}.date_formats: {error}") from None

    def parse(self, records: Records) -> Parsed:
        """The records as typed rows.

        Raises:
            SourceError: the file lacks a column that is required or that the description names, or has one
                of a type that cannot be meant.
        """
        theirs, day_column = self._columns.of(records)
        wanted = dict(theirs)
        dated_by = None
        if day_column is not None:
            # mostly this is updated_at, which is not read twice
            dated_by = self._timestamps_of(day_column, theirs) or _BATCH_DAY
            wanted[dated_by] = day_column
        cells = self._read(records, wanted)
        failures = [
            Failures(rows, wanted[ours], reason)
            for ours, column in cells.items()
            for reason, rows in column.unreadable.items()
        ]
        height = records.frame.height
        columns = {
            ours: cells[ours].values if ours in cells else _nulls(height).cast(kind)
            for ours, kind in self._schema.items()
        }
        ignored = pl.repeat(False, height, eager=True)
        if "status" in columns:
            unwanted = (columns["status"] == IGNORE).fill_null(False)
            columns["status"] = columns["status"].set(unwanted, None)
            ignored = ignored | unwanted
        days = pl.repeat(self._as_of, height, dtype=pl.Date, eager=True)
        if dated_by is not None:
            changed = cells[dated_by].values.dt.date()
            later = (changed > self._as_of).fill_null(False)
            ignored = ignored | later
            days = changed.set(later, None).fill_null(self._as_of)
            told = reduce(or_, cells[dated_by].unreadable.values(), changed.is_not_null())
            failures.append(Failures(~told, wanted[dated_by], "is missing"))
        asked = [Failures(each.rows & ~ignored, each.column, each.reason) for each in failures]
        frame = pl.DataFrame([values.alias(name) for name, values in {**columns, _BATCH_DAY: days}.items()])
        return Parsed(frame, ignored, [each for each in asked if each.rows.any()], theirs)

    def _timestamps_of(self, column: str, theirs: dict[str, str]) -> str | None:
        """Which of our columns of timestamps this column of theirs is."""
        ours = (ours for ours, name in theirs.items() if name == column and self._schema[ours] == TIMESTAMP)
        return next(ours, None)

    def _read(self, records: Records, wanted: dict[str, str]) -> dict[str, Cells]:
        # a column keeps one core busy
        with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
            return dict(
                zip(
                    wanted,
                    pool.map(lambda ours: self._cells(records, ours, wanted[ours]), wanted),
                    strict=True,
                )
            )

    def _cells(self, records: Records, ours: str, name: str) -> Cells:
        frame = records.frame
        values = frame[name] if name in frame.columns else _nulls(frame.height)
        kind = self._schema.get(ours, TIMESTAMP)
        try:
            if kind == TIMESTAMP:
                return self._dates.timestamps(values, self._nothing)
            if kind == pl.Date:
                return self._dates.days(values, self._nothing)
            if isinstance(kind, pl.Decimal):
                return self._numbers.read(values, self._nothing, Decimals(kind))
            if kind == pl.Int64:
                return self._numbers.read(values, self._nothing, WholeNumbers())
            if ours == "status":
                return self._statuses.read(values, self._nothing)
            return texts(values, self._nothing)
        except WrongKindError as error:
            raise SourceError(f"{records.file}: column {name} {error}") from None


def _nulls(height: int) -> pl.Series:
    return pl.repeat(None, height, dtype=pl.Null, eager=True)
