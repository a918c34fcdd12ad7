"""From typed rows to staged ones: what breaks the contract or stands twice is set aside, all is counted."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import repeat
from pathlib import Path

import numpy as np
import polars as pl

from flows.errors import ReconciliationError
from flows.ingest.balance import rows_by_day
from flows.ingest.contracts import Broken, judge
from flows.ingest.keys import key_hashes
from flows.ingest.quarantine import Flaw, Origin, first_flaws, publish, set_aside
from flows.ingest.references import References
from flows.ingest.sink import Sink
from flows.ingest.tally import EXAMPLES, Reading, example
from flows.tables import SCHEMAS

SIMULATED = "simulated shop"
REPEATED = "stands more than once"


@dataclass(frozen=True)
class Piece:
    """Some rows of an entity on their way in.

    `frame` has the columns of `SCHEMAS[entity]` and `_batch_day`; `origin` says where its rows come from,
    `theirs` what our columns are called there. `unreadable` are values that could not be read; nothing
    is asked of the `ignored` rows, which nobody wants.
    """

    frame: pl.DataFrame
    origin: Origin
    theirs: Mapping[str, str] = field(default_factory=dict)
    unreadable: Sequence[Flaw] = ()
    ignored: pl.Series | None = None

    def named(self, column: str) -> str:
        """What the origin calls a column of ours."""
        return self.theirs.get(column, column)


class Intake:
    """Takes rows in, piece by piece: the good ones and the others go to the sink, the counts to `reading`.

    Of a row that is wrong in several ways the first is told: what cannot be read before what breaks the
    contract before what stands twice. Rows that cannot be used are not looked at for repetitions.
    """

    def __init__(self, sink: Sink, as_of: date, references: References | None = None) -> None:
        self.reading = Reading()
        self._sink = sink
        self._as_of = as_of
        self._references = references or References(())

    def take(
        self,
        entity: str,
        piece: Piece,
        days: Iterable[date],
        repeated: Callable[[pl.Series], pl.Series],
        with_updated_at: bool = False,
    ) -> None:
        """Take a piece in.

        Args:
            entity: one of `ENTITIES`.
            piece: the rows.
            days: days it speaks of, whether it has rows of them or not.
            repeated: tells by their hashes which rows stood before.
            with_updated_at: whether a key may have several versions on one day.

        Raises:
            StagingError: the disk is full or cannot be written.
            ReconciliationError: there are not as many rows as records.
        """
        frame, origin = piece.frame, piece.origin
        if frame.height != origin.records.height:
            raise ReconciliationError(
                f"{entity}: {origin.records.height:,} records were read from {origin.file}, but "
                f"{frame.height:,} rows were made of them; nothing was loaded"
            )
        ignored = piece.ignored if piece.ignored is not None and piece.ignored.any() else None
        broken = judge(entity, frame)
        broken_flaws = (Flaw(found.rows, piece.named(found.column), found.reason) for found in broken)
        flaws, unusable = first_flaws([*piece.unreadable, *broken_flaws], ignored)
        out = _either(unusable, ignored)
        hashes = key_hashes(entity, frame, with_updated_at)
        again = repeated(hashes if out is None else hashes.filter(~out))
        if again.any():
            later = again if out is None else _spread(again, ~out)
            flaws.append(Flaw(later, piece.named(_key(entity)), REPEATED))
            out = _either(out, later)
        kept = frame if out is None else frame.filter(~out)

        batch_days = self._batch_days(frame, broken)
        read = rows_by_day(batch_days)
        unwanted = {} if ignored is None else rows_by_day(batch_days.filter(ignored))
        self.reading.of(entity).read(read, unwanted)
        # rows that changed after the as-of day are ignored under that day, and say nothing about it
        spoken_of = (day for day in read if day != self._as_of or read[day] > unwanted.get(day, 0))
        self._sink.write(entity, kept, {*days, *spoken_of})
        if flaws:
            rejects = set_aside(entity, flaws, origin, batch_days)
            self.reading.of(entity).rejected(rejects)
            self._sink.reject(rejects)
        self._refer(entity, piece, kept, out)
        if ignored is not None:
            self._references.know(entity, frame.filter(ignored))

    def take_simulated(self, entity: str, frame: pl.DataFrame, days: Sequence[date]) -> None:
        """Take in rows of the simulated shop, whose keys stand twice within one frame or not at all.

        The line of such a row is its number in its day's partition, the first being 1.

        Args:
            entity: one of `ENTITIES`.
            frame: the columns of `SCHEMAS[entity]` plus `_batch_day`.
            days: every day this frame speaks of.
        """
        counts = self.reading.of(entity).days
        before = {day: counts[day].read if day in counts else 0 for day in days}

        def lines(rows: pl.Series) -> pl.Series:
            number = pl.int_range(1, pl.len() + 1).over("_batch_day")
            earlier = pl.col("_batch_day").replace_strict(before, return_dtype=pl.Int64)
            return frame.select(number + earlier).to_series().gather(rows)

        origin = Origin(SIMULATED, frame.drop("_batch_day"), lines)
        self.take(entity, Piece(frame, origin), days, _within)

    def forget(self, entity: str) -> None:
        """Begin this entity again, as if none of its rows had come."""
        self.reading.entities.pop(entity, None)
        self._references.forget(entity)
        self._sink.forget(entity)

    def finish(self) -> None:
        """Hand in the counts.

        Raises:
            ReconciliationError: rows were lost or doubled on the way.
        """
        for entity, tally in self.reading.entities.items():
            for column, other in self._references.columns(entity).items():
                tally.names_unknown(column, other, self._references.late(entity, column))
            read = {day: count.read for day, count in tally.days.items()}
            ignored = {day: count.ignored for day, count in tally.days.items()}
            self._sink.hand_in(entity, read, ignored)

    def _batch_days(self, frame: pl.DataFrame, broken: Iterable[Broken]) -> pl.Series:
        """The day each row is counted under: the as-of day where its own cannot be."""
        days = frame["_batch_day"]
        for found in broken:
            if found.column == "_batch_day":
                days = days.set(found.rows, self._as_of)
        return days

    def _refer(self, entity: str, piece: Piece, kept: pl.DataFrame, out: pl.Series | None) -> None:
        """Remember which rows there are, and count those that name what is not."""
        self._references.know(entity, kept)
        for column, other in self._references.columns(entity).items():
            unknown = self._references.unknown(entity, column, kept)
            if unknown.is_empty():
                continue
            some = unknown.head(EXAMPLES)
            rows = some if out is None else (~out).arg_true().gather(some)
            lines, values = piece.origin.lines(rows), kept[column].gather(some)
            examples = map(example, repeat(piece.origin.file), lines, values)
            self.reading.of(entity).names_unknown(piece.named(column), other, unknown.len(), examples)


def settle(reading: Reading, rejected: Path, as_of: date, limit: float, warn: Callable[[str], None]) -> None:
    """Publish what was set aside, stop a batch of which too much was, and warn about the rest.

    Args:
        reading: what became of the rows.
        rejected: the staged rows that were set aside.
        limit: the largest share of them allowed, 0 to 1.
        warn: told one line about each entity and each kind of unknown reference.

    Raises:
        RejectedError: more rows were rejected than allowed.
        StagingError: the disk is full or cannot be written.
    """
    published = publish(rejected, as_of)
    reading.check(limit, f"see {', '.join(map(str, published.values()))}")
    for entity, tally in reading.entities.items():
        if entity in published:
            reasons = "; ".join(map(str, tally.reasons))
            count = tally.total
            warn(f"{count.rejected:,} of {count.read:,} {entity} set aside in {published[entity]}: {reasons}")
        for unknown in tally.unknown:
            warn(f"{entity}: {unknown}; kept")


def _key(entity: str) -> str:
    return next(iter(SCHEMAS[entity]))


def _either(one: pl.Series | None, other: pl.Series | None) -> pl.Series | None:
    """Rows that are in one of the masks, None standing for no rows."""
    if one is None or other is None:
        return one if other is None else other
    return one | other


def _spread(mask: pl.Series, rows: pl.Series) -> pl.Series:
    """The mask of some rows as one of all: `mask` has a value for each row that `rows` holds."""
    spread = np.zeros(rows.len(), dtype=bool)
    spread[rows.to_numpy()] = mask.to_numpy()
    return pl.Series(spread)


def _within(hashes: pl.Series) -> pl.Series:
    """Which rows of one frame repeat an earlier one of it."""
    ascending = np.sort(hashes.to_numpy())
    if (ascending[1:] == ascending[:-1]).any():
        return ~hashes.is_first_distinct()
    return pl.Series([False])
