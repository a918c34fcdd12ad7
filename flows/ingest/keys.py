"""Rows whose key stood before: all of them, in memory that does not grow with the rows."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from flows.errors import StagingError
from flows.tables import SCHEMAS

Hashes = NDArray[np.uint64]
Mask = NDArray[np.bool_]

IN_MEMORY = 4_000_000
WRITTEN_AT_ONCE = 1_000_000
# The first byte says which part a hash belongs to: one part in 256 is read back at a time.
_PARTS = np.arange(256, dtype=np.uint64) << np.uint64(56)
_NONE = np.empty(0, np.uint64)


def key_hashes(entity: str, frame: pl.DataFrame, with_updated_at: bool) -> pl.Series:
    """A hash of each row's key and `_batch_day`, UInt64; null where the key is null.

    Equal rows have equal hashes within one process only.

    Args:
        entity: one of `ENTITIES`; its first column is the key.
        frame: the columns of `SCHEMAS[entity]` plus `_batch_day`.
        with_updated_at: versions of one key on one day are told apart by `updated_at`.
    """
    key = next(iter(SCHEMAS[entity]))
    hashes = frame.select(key, "_batch_day", *["updated_at"] * with_updated_at).hash_rows()
    return hashes.set(frame[key].is_null(), None) if frame[key].has_nulls() else hashes


class Keys:
    """Tells, frame by frame, which keys stood before: the first of each stands, later ones repeat.

    The first `in_memory` keys are remembered (8 bytes each), and every repetition of them is seen at
    once. Further keys are written to an unnamed file (8 bytes each), which is gone when the `with`
    block or the process ends, and a repetition of them is seen within one frame only. At the end
    `missed` says whether there were others. If so, the same rows are read a second time with
    `Keys(known=...)`, which remembers only the keys it is given, and sees every repetition of them.

    So memory does not depend on the number of rows (it stays below 100 MiB with the default); in a
    second reading it is 9 bytes for each key that stands more than once.

    Keys are compared by 64 bits. The probability that any two of n different keys agree, and a good
    row is taken for a repeated one, is about n^2 / 2^65: 3 in a million for 10 million keys, 3 in
    10,000 for 100 million.

    Args:
        scratch: a directory for the file; None: the system's own for temporary files.
        known: what `missed` returned in the first reading.
        in_memory: how many keys are remembered.
    """

    def __init__(
        self, scratch: Path | None = None, known: Hashes | None = None, in_memory: int = IN_MEMORY
    ) -> None:
        self._earlier = _Remembered(scratch, in_memory) if known is None else _Known(known)
        self._seen = _Spill(scratch)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._earlier.close()
        self._seen.close()

    def repeated(self, hashes: pl.Series) -> pl.Series:
        """Which rows of the next frame have a key that stood before, in it or in an earlier one; Boolean.

        A null is no key, and never repeated.

        Raises:
            StagingError: the disk is full or cannot be written.
        """
        values = hashes.drop_nulls().to_numpy()
        distinct, twice = _distinct(np.sort(values))
        before = self._earlier.met(distinct)
        later = np.zeros(len(hashes), dtype=bool)
        if before.size or twice.size:
            self._seen.add(before)
            self._seen.add(twice)
            later[hashes.is_not_null().to_numpy()] = _later(values, before, twice)
        return pl.Series(later)

    def missed(self) -> Hashes:
        """After the last frame: no keys if every repetition was seen, otherwise all that are repeated.

        Ascending, those whose repetitions were seen included.

        Raises:
            StagingError: the disk is full or cannot be read.
        """
        unseen = [_distinct(part)[1] for part in self._earlier.parts()]
        if not any(part.size for part in unseen):
            return _NONE
        seen = [_distinct(part)[0] for part in self._seen.parts()]
        return _distinct(np.sort(np.concatenate([*unseen, *seen])))[0]


class _Remembered:
    """The keys of the first reading: so many in memory, the others on disk.

    Those in memory are sorted runs, each at least twice as long as the next. Of most new keys a table
    of the leading bits that are taken tells without a search that they are in none of the runs.
    """

    def __init__(self, scratch: Path | None, in_memory: int) -> None:
        self._runs: list[Hashes] = []
        self._room = in_memory
        self._spilled = _Spill(scratch)
        bits = (4 * in_memory).bit_length()
        self._shift = np.uint64(64 - bits)
        self._taken = np.zeros(2**bits, dtype=bool)

    def met(self, distinct: Hashes) -> Hashes:
        """Which of these keys (ascending) are in memory; the others are kept from now on."""
        met = self._taken[distinct >> self._shift]
        maybe = distinct[met]
        met[met] = np.any([_found(maybe, run)[0] for run in self._runs], axis=0)
        fresh = distinct[~met]
        self._remember(fresh[: self._room])
        self._spilled.add(fresh[self._room :])
        self._room -= min(self._room, len(fresh))
        return distinct[met]

    def _remember(self, run: Hashes) -> None:
        if run.size:
            self._taken[run >> self._shift] = True
            self._runs.append(run)
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            merged = np.concatenate(self._runs[-2:])
            merged.sort(kind="stable")  # merges what is sorted already
            self._runs[-2:] = [merged]

    def parts(self) -> Iterator[Hashes]:
        """The keys on disk."""
        return self._spilled.parts()

    def close(self) -> None:
        self._spilled.close()


class _Known:
    """The keys of a second reading: only these are looked at."""

    def __init__(self, known: Hashes) -> None:
        self._known = known
        self._met = np.zeros(len(known), dtype=bool)

    def met(self, distinct: Hashes) -> Hashes:
        """Which of these keys (ascending) were met before; the others are met from now on."""
        found, place = _found(distinct, self._known)
        keys, place = distinct[found], place[found]
        before = keys[self._met[place]]
        self._met[place] = True
        return before

    def parts(self) -> Iterator[Hashes]:
        """Nothing is on disk."""
        return iter(())

    def close(self) -> None:
        pass


class _Spill:
    """Hashes in sorted runs of an unnamed file, read back in parts that share no hash."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._file: IO[bytes] | None = None
        self._gathered: list[Hashes] = []
        self._edges: list[NDArray[np.int64]] = []  # of the parts of each run, counted from the file's start
        self._written = 0

    def add(self, hashes: Hashes) -> None:
        """Keep these, in whatever order."""
        if hashes.size:
            self._gathered.append(hashes)
        if sum(map(len, self._gathered)) >= WRITTEN_AT_ONCE:
            self._write()

    def _write(self) -> None:
        run = np.concatenate(self._gathered)
        self._gathered.clear()
        run.sort()
        with self._disk_errors():
            if self._file is None:
                if self._directory:
                    self._directory.mkdir(parents=True, exist_ok=True)
                self._file = tempfile.TemporaryFile(dir=self._directory)  # noqa: SIM115
            self._file.seek(8 * self._written)
            self._file.write(run.data)
            self._file.flush()
        self._edges.append(self._written + np.append(np.searchsorted(run, _PARTS), len(run)))
        self._written += len(run)

    def parts(self) -> Iterator[Hashes]:
        """All hashes, each part ascending."""
        if self._gathered:
            if self._file is None:
                yield np.sort(np.concatenate(self._gathered))
                return
            self._write()
        for part in range(len(_PARTS) if self._file else 0):
            yield np.sort(np.concatenate([self._read(*edges[part : part + 2]) for edges in self._edges]))

    def _read(self, start: int, end: int) -> Hashes:
        assert self._file is not None
        with self._disk_errors():
            self._file.seek(8 * start)
            return np.frombuffer(self._file.read(8 * (end - start)), np.uint64)

    def close(self) -> None:
        """Forget the file."""
        if self._file:
            with suppress(OSError):  # nobody needs what could not be written any more
                self._file.close()

    @contextmanager
    def _disk_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = self._directory or "the directory for temporary files (TMPDIR)"
            raise StagingError(
                f"cannot keep the keys of so many rows in {where}: {error.strerror or error}; "
                "nothing was loaded. Free some space there and run again"
            ) from None


def _distinct(ascending: Hashes) -> tuple[Hashes, Hashes]:
    """Each hash once, and each that stands more than once."""
    again = ascending[1:] == ascending[:-1]
    if not again.any():
        return ascending, _NONE
    twice = ascending[1:][again]
    return ascending[np.append(True, ~again)], twice[np.append(True, twice[1:] != twice[:-1])]


def _found(hashes: Hashes, ascending: Hashes) -> tuple[Mask, NDArray[np.int64]]:
    """Which of `hashes` are among others, and where."""
    if not ascending.size:
        return np.zeros(len(hashes), dtype=bool), np.zeros(len(hashes), dtype=np.int64)
    place = np.searchsorted(ascending, hashes)
    place[place == len(ascending)] = 0
    return ascending[place] == hashes, place


def _later(values: Hashes, before: Hashes, twice: Hashes) -> Mask:
    """Which rows repeat a key: all of the keys in `before`, all but the first of those in `twice`."""
    later = _found(values, before)[0]
    rows = np.flatnonzero(_found(values, twice)[0])
    first = np.unique(values[rows], return_index=True)[1]
    later[np.delete(rows, first)] = True
    return later
