"""A batch on its way to the warehouse: Parquet files below one directory, with what they hold."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Self

import polars as pl

from flows.errors import StagingError
from flows.tables import ENTITIES

_INDEX = "batch.json"
FILE_ROWS = 400_000


@dataclass(frozen=True)
class StagedDay:
    """What one day partition holds: its rows, and a hash of their content."""

    rows: int
    content_hash: str


@dataclass(frozen=True)
class StagedBatch:
    """A finished batch. `days` has an entry for every (entity, day) the batch speaks of.

    An entity's files lie in `directory / entity`; an entity without rows has no files.
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
        shutil.rmtree(self.directory, ignore_errors=True)


class BatchWriter:
    """Writes frames of day partitions as Parquet under one batch, finished when the `with` block ends.

    A day of an entity may arrive in several frames, one after the other. Frames are gathered to
    files of some size, because a warehouse copies few large files faster than many small ones. File
    names carry a part number and the content's hash under the batch's own directory, so no name is
    ever used twice. An error inside the block removes the batch's files.
    """

    def __init__(self, batch_id: str, root: Path, origin: str) -> None:
        self.batch = StagedBatch(batch_id, root / batch_id, origin, {})
        self._contents: dict[tuple[str, date], _Content] = {}
        self._gathered: dict[str, list[pl.DataFrame]] = {}
        self._parts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self.batch.discard()
            return
        try:
            self._finish()
            with self._disk_errors(self.batch.directory):
                self.batch.save()
        except BaseException:
            self.batch.discard()
            raise

    def _finish(self) -> None:
        for entity in self._gathered:
            self._write_file(entity)
        for (entity, day), content in self._contents.items():
            self.batch.days.setdefault(entity, {})[day] = content.staged()

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
            self._contents.setdefault((entity, day), _Content(frame.clear()))
        for (day,), rows in frame.partition_by("_batch_day", as_dict=True, maintain_order=True).items():
            self._contents[entity, day].add(rows)
        gathered = self._gathered.setdefault(entity, [])
        if not frame.is_empty():
            gathered.append(frame)
        if sum(map(len, gathered)) >= FILE_ROWS:
            self._write_file(entity)

    def _write_file(self, entity: str) -> None:
        gathered = self._gathered[entity]
        if not gathered:
            return
        self._parts += 1
        frame = pl.concat(gathered, rechunk=False)
        gathered.clear()
        hashes = (
            self._contents[entity, day].staged().content_hash for day in frame["_batch_day"].unique().sort()
        )
        digest = hashlib.sha256("".join(hashes).encode()).hexdigest()
        target = self.batch.directory / entity / f"{entity}-{self._parts:04d}-{digest[:16]}.parquet"
        stamped = frame.with_columns(_batch_id=pl.lit(self.batch.batch_id))
        with self._disk_errors(target), target.open("xb") as file:
            stamped.write_parquet(file, compression="zstd", compression_level=1)

    @staticmethod
    @contextmanager
    def _disk_errors(target: Path) -> Iterator[None]:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            yield
        except (OSError, pl.exceptions.ComputeError) as error:
            # Polars reports what the disk refuses as a computation that failed
            reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
            raise StagingError(
                f"cannot write {target.parent}: {reason}; nothing was loaded. "
                "Free some space, or point ORDERS_DATA_DIR at a larger disk, and run again"
            ) from None


class _Content:
    """SHA-256 over names and values as text, so that memory layout and versions play no part."""

    def __init__(self, empty: pl.DataFrame) -> None:
        self._rows = 0
        self._digest = hashlib.sha256()
        self._feed(empty, header=True)

    def add(self, rows: pl.DataFrame) -> None:
        """More rows of the same day."""
        self._rows += rows.height
        self._feed(rows, header=False)

    def staged(self) -> StagedDay:
        """What there is so far."""
        return StagedDay(self._rows, self._digest.hexdigest())

    def _feed(self, rows: pl.DataFrame, header: bool) -> None:
        rows.write_csv(_Sink(self._digest), include_header=header, null_value="\\N")  # type: ignore[call-overload]


class _Sink:
    """A file-like object that feeds what is written to it into a hash."""

    def __init__(self, digest: "hashlib._Hash") -> None:
        self._digest = digest

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is buffered."""
