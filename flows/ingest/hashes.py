"""Sorted hashes of 64 bits: which are among others, and more of them than memory should hold."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from flows.errors import StagingError

Hashes = NDArray[np.uint64]
Mask = NDArray[np.bool_]

NONE = np.empty(0, np.uint64)
WRITTEN_AT_ONCE = 1_000_000
# The first byte says which part a hash belongs to: one part in 256 is read back at a time.
_PARTS = np.arange(256, dtype=np.uint64) << np.uint64(56)


def distinct(ascending: Hashes) -> tuple[Hashes, Hashes]:
    """Each hash once, and each that stands more than once; both ascending."""
    again = ascending[1:] == ascending[:-1]
    if not again.any():
        return ascending, NONE
    twice = ascending[1:][again]
    return ascending[np.append(True, ~again)], twice[np.append(True, twice[1:] != twice[:-1])]


def found(hashes: Hashes, ascending: Hashes) -> tuple[Mask, NDArray[np.int64]]:
    """Which of `hashes` are among others, and where."""
    if not ascending.size:
        return np.zeros(len(hashes), dtype=bool), np.zeros(len(hashes), dtype=np.int64)
    place = np.searchsorted(ascending, hashes)
    place[place == len(ascending)] = 0
    return ascending[place] == hashes, place


class Spill:
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
