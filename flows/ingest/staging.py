"""A batch on its way to the warehouse: Parquet files below one directory, with what they hold."""

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from flows.errors import StagingError
from flows.tables import ENTITIES


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

    def discard(self) -> None:
        """Remove the local files."""
        shutil.rmtree(self.directory, ignore_errors=True)


@dataclass
class BatchWriter:
    """Writes frames of day partitions as Parquet under one batch.

    A day of an entity must arrive whole, in one frame. File names carry a part number and the
    content's hash under the batch's own directory, so no name is ever used twice.
    """

    batch_id: str
    root: Path
    origin: str
    _days: dict[str, dict[date, StagedDay]] = field(default_factory=dict)
    _parts: int = 0

    @property
    def directory(self) -> Path:
        """Where this batch's files go."""
        return self.root / self.batch_id

    def write(self, entity: str, frame: pl.DataFrame, days: Iterable[date]) -> None:
        """Write the rows of `days`; a day without rows is recorded as empty.

        Args:
            entity: one of `ENTITIES`.
            frame: the entity's columns plus `_batch_day`, whole days only.
            days: every day this frame speaks of.

        Raises:
            StagingError: the disk is full or cannot be written; the batch's files are removed.
        """
        if entity not in ENTITIES:
            raise ValueError(f"unknown entity {entity!r}")
        recorded = self._days.setdefault(entity, {})
        recorded |= {day: StagedDay(0, _content_hash(frame.clear())) for day in days}
        for (day,), rows in frame.partition_by("_batch_day", as_dict=True, maintain_order=True).items():
            recorded[day] = StagedDay(rows.height, _content_hash(rows))
        if frame.is_empty():
            return
        self._parts += 1
        digest = hashlib.sha256("".join(recorded[day].content_hash for day in days).encode()).hexdigest()
        target = self.directory / entity / f"{entity}-{self._parts:04d}-{digest[:16]}.parquet"
        stamped = frame.with_columns(_batch_id=pl.lit(self.batch_id))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                stamped.write_parquet(file, compression="zstd", compression_level=1)
        except OSError as error:
            self.abandon()
            raise StagingError(
                f"cannot write {target.parent}: {error.strerror or error}; nothing was loaded. "
                "Free some space (or point ORDERS_DATA_DIR at a larger disk) and run again"
            ) from None

    def finish(self) -> StagedBatch:
        """The batch as it was written."""
        return StagedBatch(self.batch_id, self.directory, self.origin, self._days)

    def abandon(self) -> None:
        """Remove what was written so far."""
        shutil.rmtree(self.directory, ignore_errors=True)


def remove_leftovers(root: Path) -> list[str]:
    """Remove batches that a killed run left below `root`; returns their ids."""
    leftovers = sorted(path for path in root.glob("*") if path.is_dir()) if root.is_dir() else []
    for path in leftovers:
        shutil.rmtree(path, ignore_errors=True)
    return [path.name for path in leftovers]


def _content_hash(rows: pl.DataFrame) -> str:
    """SHA-256 over names and values as text, so that memory layout and versions play no part."""
    digest = hashlib.sha256()
    rows.write_csv(_Sink(digest), null_value="\\N")  # type: ignore[call-overload]
    return digest.hexdigest()


class _Sink:
    """A file-like object that feeds what is written to it into a hash."""

    def __init__(self, digest: "hashlib._Hash") -> None:
        self._digest = digest

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is buffered."""
