"""Rows that name a customer, a product or an order that is not there, in memory that does not grow."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from flows.ingest.hashes import Hashes, Spill, distinct, found
from flows.tables import SCHEMAS

# entity -> its columns that name rows of another entity
REFERENCES = {
    "orders": {"customer_id": "customers", "product_id": "products"},
    "deliveries": {"order_id": "orders"},
}
IN_MEMORY = 4_000_000
_LEADING_BYTES = np.arange(1, 256, dtype=np.uint64) << np.uint64(56)
_NOWHERE = pl.Series(dtype=pl.UInt32)


class References:
    """Knows which ids there are, and tells which rows name another.

    Entities come in the order of `ENTITIES`, so what may be named is known before it is named. Ids are
    compared by hashes of 64 bits, 8 bytes for each id of an entity that another one names. Of an entity
    with more than `in_memory` ids they are written to an unnamed file, as are then the ids that name
    it, and the unknown ones are counted at the end.

    Args:
        entities: what there is; references to what is not there at all are not looked at.
        scratch: a directory for the file; None: the system's own for temporary files.
        in_memory: how many ids of an entity are remembered.
    """

    def __init__(
        self, entities: Collection[str], scratch: Path | None = None, in_memory: int = IN_MEMORY
    ) -> None:
        self._scratch = scratch
        self._in_memory = in_memory
        self._columns = {
            entity: {column: other for column, other in columns.items() if other in entities}
            for entity, columns in REFERENCES.items()
            if entity in entities
        }
        self._known = {
            other: _Ids(scratch, in_memory)
            for columns in self._columns.values()
            for other in columns.values()
        }
        self._late: dict[tuple[str, str], Spill] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for entity in {*self._known, *self._columns}:
            self.forget(entity)

    def columns(self, entity: str) -> dict[str, str]:
        """Columns of the entity that name rows of another one, and which one."""
        return self._columns.get(entity, {})

    def know(self, entity: str, frame: pl.DataFrame) -> None:
        """Remember that these rows are there."""
        if entity in self._known:
            ids = frame[next(iter(SCHEMAS[entity]))]
            self._known[entity].add(ids.hash().to_numpy())

    def unknown(self, entity: str, column: str, frame: pl.DataFrame) -> pl.Series:
        """Positions in the frame (UInt32) of rows whose column names nothing, as far as that is known yet."""
        known = self._known[self._columns[entity][column]]
        named = frame[column].drop_nulls().hash().to_numpy()
        if known.spilled:
            self._late.setdefault((entity, column), Spill(self._scratch)).add(named)
            return _NOWHERE
        ascending = np.sort(named)
        missing = ascending[~found(ascending, known.ascending())[0]]
        if not missing.size:
            return _NOWHERE
        rows = found(frame[column].hash().to_numpy(), distinct(missing)[0])[0]
        return pl.Series(np.flatnonzero(rows), dtype=pl.UInt32)

    def late(self, entity: str, column: str) -> int:
        """After the entity's last frame: how many rows name nothing, beyond those that `unknown` told."""
        named = self._late.get((entity, column))
        known = self._known[self._columns[entity][column]].spilled
        if named is None or known is None:
            return 0
        return sum(
            int((~found(names, ids)[0]).sum())
            for names, ids in zip(_parts(named), _parts(known), strict=True)
        )

    def forget(self, entity: str) -> None:
        """Begin this entity again, as if none of its rows had come."""
        for column in self.columns(entity):
            if spill := self._late.pop((entity, column), None):
                spill.close()
        if entity in self._known:
            self._known[entity].close()
            self._known[entity] = _Ids(self._scratch, self._in_memory)


class _Ids:
    """The ids of one entity: in memory, or, of too many, on disk."""

    def __init__(self, scratch: Path | None, in_memory: int) -> None:
        self.spilled: Spill | None = None
        self._scratch, self._in_memory = scratch, in_memory
        self._ids: Hashes = np.empty(0, np.uint64)
        self._fresh: list[Hashes] = []

    def add(self, ids: Hashes) -> None:
        """Remember more of them; some may be there already."""
        if self.spilled:
            self.spilled.add(ids)
            return
        self._fresh.append(ids)
        if len(self._ids) + sum(map(len, self._fresh)) > self._in_memory < len(self.ascending()):
            self.spilled = Spill(self._scratch)
            self.spilled.add(self._ids)

    def ascending(self) -> Hashes:
        """Those in memory, each once."""
        if self._fresh:
            self._ids = distinct(np.sort(np.concatenate([self._ids, *self._fresh])))[0]
            self._fresh.clear()
        return self._ids

    def close(self) -> None:
        """Forget the file."""
        if self.spilled:
            self.spilled.close()


def _parts(spill: Spill) -> Iterator[Hashes]:
    """One part for each leading byte, ascending, however many the spill has."""
    parts = spill.parts()
    first, second = next(parts, np.empty(0, np.uint64)), next(parts, None)
    if second is None:
        yield from np.split(first, np.searchsorted(first, _LEADING_BYTES))
        return
    yield first
    yield second
    yield from parts
