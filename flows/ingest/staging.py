"""A batch on its way to the warehouse: Parquet files below one directory, with what they hold."""

import hashlib
import json
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Self

import polars as pl

from flows.errors import StagingError
from flows.ingest.balance import Balance
from flows.ingest.content import Content
from flows.ingest.disk import disk_errors, write_new
from flows.ingest.narrowing import narrow
from flows.ingest.ownership import claim, is_abandoned, remove
from flows.tables import ENTITIES, SCHEMAS

_INDEX = "batch.json"
REJECTED = "rejected_rows"
FILE_ROWS = 1_000_000
REJECTS_BYTES = 32 * 2**20


@dataclass(frozen=True)
class StagedDay:
    """What one day partition holds: its rows, a hash of their content, and what became of the others.

    `read` rows said to be of this day were found; `rows` of them are to be loaded, `rejected` were set
    aside, `ignored` are none of the warehouse's business: `read == rows + rejected + ignored`.
    """

    rows: int
    content_hash: str
    read: int
    rejected: int
    ignored: int


@dataclass(frozen=True)
class StagedBatch:
    """A finished batch. `days` has an entry for every (entity, day) the batch speaks of.

    An entity's files lie in `directory / entity`, its rejected rows in `directory / REJECTED / entity`;
    an entity without rows has no files, and no directory.
    """

    batch_id: str
    directory: Path
    origin: str
    days: dict[str, dict[date, StagedDay]]

    def rows(self) -> dict[str, int]:
        """Rows per entity."""
        return {entity: sum(day.rows for day in days.values()) for entity, days in self.days.items()}

    @classmethod
    def open(cls, directory: Path) -> "StagedBatch":
        """The batch that was finished in `directory`.

        Raises:
            StagingError: there is no finished batch, for example on another machine's disk.
        """
        try:
            content = json.loads((directory / _INDEX).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise StagingError(f"{directory}: no finished batch here; run the pipeline again") from None
        days = {
            entity: {date.fromisoformat(day): StagedDay(**staged) for day, staged in days.items()}
            for entity, days in content["days"].items()
        }
        return cls(directory.name, directory, content["origin"], days)

    def save(self) -> None:
        """Write the index that `open` reads; a batch without it is unfinished."""
        days = {
            entity: {day.isoformat(): asdict(staged) for day, staged in days.items()}
            for entity, days in self.days.items()
        }
        index = self.directory / _INDEX
        index.parent.mkdir(parents=True, exist_ok=True)
        index.write_text(json.dumps({"origin": self.origin, "days": days}), encoding="utf-8")

    def discard(self) -> None:
        """Remove the local files."""
        remove(self.directory)

    def narrowed(self, entity: str, days: Collection[date]) -> Path:
        """The directory whose files hold the rows of these days and no others.

        It is the entity's own directory where these days are all that have rows, else one made for them,
        with files of names of their own. Where they have no rows it holds no files.

        Raises:
            StagingError: the disk is full or cannot be written.
        """
        counts = {day: staged.rows for day, staged in self.days[entity].items()}
        return self._narrowed(self.directory / entity, days, counts)

    def narrowed_rejects(self, entity: str, days: Collection[date]) -> Path | None:
        """The same for the rejected rows of these days; None where there are none."""
        counts = {day: staged.rejected for day, staged in self.days[entity].items()}
        if not any(counts[day] for day in days):
            return None
        return self._narrowed(self.directory / REJECTED / entity, days, counts)

    def _narrowed(self, files: Path, days: Collection[date], counts: Mapping[date, int]) -> Path:
        wanted = {day for day in days if counts[day]}
        if wanted == {day for day, rows in counts.items() if rows}:
            return files
        said = (f"{day} {self.days[files.name][day].content_hash}" for day in sorted(wanted))
        tag = hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]
        kept = files.relative_to(self.directory)
        return narrow(files, wanted, self.directory / "narrowed" / kept.parent / f"{kept.name}-{tag}", tag)


class BatchWriter:
    """Writes frames of day partitions as Parquet under one batch, finished when the `with` block ends.

    A day of an entity may arrive in several frames, one after the other. Frames are gathered to
    files of some size, because a warehouse copies few large files faster than many small ones. File
    names carry the batch, a part number and the content's hash, so no name is ever used twice. At the
    end, rows written and rejected are compared with the counts of rows read, where they were handed in.
    An error inside the block, or then, removes the batch's files.
    """

    def __init__(self, batch_id: str, root: Path, origin: str) -> None:
        self.batch = StagedBatch(batch_id, root / batch_id, origin, {})
        self._balance = Balance()
        self._contents: dict[tuple[str, date], Content] = {}
        self._gathered: dict[Path, list[pl.DataFrame]] = {}
        self._parts = 0

    def __enter__(self) -> Self:
        directory = self.batch.directory
        if is_abandoned(directory):
            self.batch.discard()
        with disk_errors(directory):
            if directory.exists():
                raise StagingError(f"{directory}: another run stages a batch of this name; run again")
            directory.mkdir()
            try:
                claim(directory)
            except BaseException:
                self.batch.discard()
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self.batch.discard()
            return
        try:
            self._finish()
            with disk_errors(self.batch.directory):
                self.batch.save()
        except BaseException:
            self.batch.discard()
            raise

    def _finish(self) -> None:
        for home in self._gathered:
            self._write_file(home)
        self._balance.check()
        for (entity, day), content in self._contents.items():
            ends = self._balance.of(entity, day)
            staged = StagedDay(ends.rows, content.digest(), ends.total, ends.rejected, ends.ignored)
            self.batch.days.setdefault(entity, {})[day] = staged

    def write(self, entity: str, frame: pl.DataFrame, days: Iterable[date]) -> None:
        """Write the rows of `days`; a day without rows is recorded as empty.

        Args:
            entity: one of `ENTITIES`.
            frame: the entity's columns plus `_batch_day`.
            days: every day this frame speaks of.

        Raises:
            StagingError: the disk is full or cannot be written.
        """
        if entity not in ENTITIES:
            raise ValueError(f"unknown entity {entity!r}")
        for day in days:
            self._contents.setdefault((entity, day), Content(frame.clear()))
        for day, rows in _by_day(frame):
            self._contents[entity, day].add(rows)
            self._balance.of(entity, day).rows += rows.height
        self._gather(self.batch.directory / entity, frame)

    def reject(self, rejects: pl.DataFrame) -> None:
        """Write rows of `REJECTS` that were set aside; their days are days of the batch.

        Raises:
            StagingError: the disk is full or cannot be written.
        """
        for (entity, day), rows in rejects.partition_by(
            "entity", "_batch_day", as_dict=True, maintain_order=True
        ).items():
            empty = pl.DataFrame(schema={**SCHEMAS[entity], "_batch_day": pl.Date()})
            self._contents.setdefault((entity, day), Content(empty)).set_aside(rows)
            self._balance.of(entity, day).rejected += rows.height
        for (entity,), rows in rejects.partition_by("entity", as_dict=True).items():
            self._gather(self.batch.directory / REJECTED / entity, rows)

    def rejected(self) -> Path:
        """The directory with a directory of files for each entity of which rows were set aside so far."""
        for home in self._gathered:
            if home.parent.name == REJECTED:
                self._write_file(home)
        return self.batch.directory / REJECTED

    def hand_in(self, entity: str, read: Mapping[date, int], ignored: Mapping[date, int]) -> None:
        """Say how many rows of each day were read, and how many of them were ignored.

        The counts are compared at the end. A day that was only counted is no day of the batch.
        """
        self._balance.hand_in(entity, read, ignored)

    def forget(self, entity: str) -> None:
        """Begin this entity again, as if nothing of it had been written."""
        for home in (self.batch.directory / entity, self.batch.directory / REJECTED / entity):
            shutil.rmtree(home, ignore_errors=True)
            self._gathered.pop(home, None)
        self._contents = {key: content for key, content in self._contents.items() if key[0] != entity}
        self._balance.forget(entity)

    def _gather(self, home: Path, frame: pl.DataFrame) -> None:
        gathered = self._gathered.setdefault(home, [])
        if not frame.is_empty():
            gathered.append(frame)
        if (
            sum(map(len, gathered)) >= FILE_ROWS
            # what was set aside carries whole records, of any length
            or (home.parent.name == REJECTED and sum(map(_bytes, gathered)) >= REJECTS_BYTES)
        ):
            self._write_file(home)

    def _write_file(self, home: Path) -> None:
        gathered = self._gathered[home]
        if not gathered:
            return
        self._parts += 1
        frame = pl.concat(gathered, rechunk=False)
        gathered.clear()
        hashes = (self._contents[home.name, day].digest() for day in frame["_batch_day"].unique().sort())
        digest = hashlib.sha256("".join(hashes).encode()).hexdigest()
        name = f"{home.name}-{self.batch.batch_id}-{self._parts:04d}-{digest[:16]}.parquet"
        write_new(frame.with_columns(_batch_id=pl.lit(self.batch.batch_id)), home / name)


def _by_day(frame: pl.DataFrame) -> Iterable[tuple[date, pl.DataFrame]]:
    if not frame.is_empty() and frame["_batch_day"].min() == frame["_batch_day"].max():
        return [(frame["_batch_day"][0], frame)]
    parts = frame.partition_by("_batch_day", as_dict=True, maintain_order=True)
    return ((day, rows) for (day,), rows in parts.items())


def _bytes(frame: pl.DataFrame) -> float:
    return frame.estimated_size()
