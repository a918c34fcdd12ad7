"""Rows whose key stood before: all of them, in memory that does not grow with the rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from flows.ingest.hashes import NONE, Hashes, Mask, Spill, distinct, found
from flows.tables import SCHEMAS

IN_MEMORY = 4_000_000


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
        self._seen = Spill(scratch)

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
        once, twice = distinct(np.sort(values))
        before = self._earlier.met(once)
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
        unseen = [distinct(part)[1] for part in self._earlier.parts()]
        if not any(part.size for part in unseen):
            return NONE
        seen = [distinct(part)[0] for part in self._seen.parts()]
        return distinct(np.sort(np.concatenate([*unseen, *seen])))[0]


class _Remembered:
    """The keys of the first reading: so many in memory, the others on disk.

    Those in memory are sorted runs, each at least twice as long as the next. Of most new keys a table
    of the leading bits that are taken tells without a search that they are in none of the runs.
    """

    def __init__(self, scratch: Path | None, in_memory: int) -> None:
        self._runs: list[Hashes] = []
        self._room = in_memory
        self._spilled = Spill(scratch)
        bits = (4 * in_memory).bit_length()
        self._shift = np.uint64(64 - bits)
        self._taken = np.zeros(2**bits, dtype=bool)

    def met(self, once: Hashes) -> Hashes:
        """Which of these keys (ascending) are in memory; the others are kept from now on."""
        met = self._taken[once >> self._shift]
        maybe = once[met]
        met[met] = np.any([found(maybe, run)[0] for run in self._runs], axis=0)
        fresh = once[~met]
        self._remember(fresh[: self._room])
        self._spilled.add(fresh[self._room :])
        self._room -= min(self._room, len(fresh))
        return once[met]

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

    def met(self, once: Hashes) -> Hashes:
        """Which of these keys (ascending) were met before; the others are met from now on."""
        there, place = found(once, self._known)
        keys, place = once[there], place[there]
        before = keys[self._met[place]]
        self._met[place] = True
        return before

    def parts(self) -> Iterator[Hashes]:
        """Nothing is on disk."""
        return iter(())

    def close(self) -> None:
        pass


def _later(values: Hashes, before: Hashes, twice: Hashes) -> Mask:
    """Which rows repeat a key: all of the keys in `before`, all but the first of those in `twice`."""
    later = found(values, before)[0]
    rows = np.flatnonzero(found(values, twice)[0])
    first = np.unique(values[rows], return_index=True)[1]
    later[np.delete(rows, first)] = True
    return later
