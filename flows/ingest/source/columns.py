"""Which column of a shop's file is which of ours."""

from collections.abc import Sequence
from pathlib import Path

from flows.errors import SourceError
from flows.ingest.source.description import SNAPSHOT, EntitySource
from flows.ingest.source.files import described_format
from flows.ingest.source.records import Records
from flows.tables import REQUIRED_ORDER_COLUMNS, SCHEMAS

REQUIRED_COLUMNS = {
    "customers": ("customer_id",),
    "products": ("product_id",),
    "orders": REQUIRED_ORDER_COLUMNS,
    "deliveries": ("delivery_id", "order_id"),
}
_DELIMITERS = {";": ";", ",": ",", "\t": r"\t", "|": "|"}
_SHOWN_NAMES, _SHOWN_CHARACTERS = 20, 40


class Columns:
    """Finds our columns in the files of one entity.

    A record of JSON need not have every key: a piece of a file may lack a column that an earlier piece had,
    or have one that none had, so a name seen once in a file stays known until the next file. And what may be
    empty may be missing from all of them, because many tools leave out what is null.
    """

    def __init__(self, source: EntitySource) -> None:
        self._source = source
        self._mapped = {_plain(name): (name, ours) for name, ours in source.columns.items()}
        self._file: Path | None = None
        self._names: list[str] = []

    def of(self, records: Records) -> tuple[dict[str, str], str | None]:
        """Ours to theirs, for those the file has; and their column with the day of change, if there is one.

        Raises:
            SourceError: the file lacks a required column or one that the description names, or has one twice.
        """
        if records.file != self._file:
            self._file, self._names = records.file, []
        self._names += [name for name in records.frame.columns if name not in self._names]
        named: dict[str, list[str]] = {}
        for name in self._names:
            named.setdefault(_plain(name), []).append(name)

        entity, theirs = self._source.entity, {}
        optional = self._optional()
        for name, ours in self._mapped.values():
            if ours not in optional or _plain(name) in named:
                theirs[ours] = self._only(named, name, f"[{entity}.columns] is {ours}")
        for ours in SCHEMAS[entity]:
            if ours in named and ours not in theirs and ours not in self._mapped:
                theirs[ours] = self._only(named, ours)
        missing = [ours for ours in REQUIRED_COLUMNS[entity] if ours not in {*theirs, *optional}]
        if missing:
            raise SourceError(self._missing(missing))
        if self._source.change_day == SNAPSHOT:
            return theirs, None
        return theirs, self._only(named, self._source.change_day, f"[{entity}] is the change_day")

    def _optional(self) -> set[str]:
        """Our columns that a file may lack although it is described or expected to have them."""
        assert self._file is not None
        if described_format(self._file, self._source) != "ndjson":
            return set()
        never_empty = {*REQUIRED_COLUMNS[self._source.entity]} - {"delivery_date"}
        return {*SCHEMAS[self._source.entity]} - never_empty

    def _only(self, named: dict[str, list[str]], name: str, role: str = "") -> str:
        found = named.get(_plain(name), [])
        if len(found) > 1:
            raise SourceError(f"{self._file}: column {name} stands more than once ({_shown(found)})")
        if not found:
            raise SourceError(
                f"{self._file}: has no column {name!r}, which in {self._source.described_in} {role}; "
                f"the file has {_shown(self._names)}"
            )
        return found[0]

    def _missing(self, missing: Sequence[str]) -> str:
        advice = (
            f"if they have other names there, say which in {self._source.described_in}: "
            f'[{self._source.entity}.columns] "Their name" = "{missing[0]}"'
        )
        if len(self._names) == 1:
            for mark, written in _DELIMITERS.items():
                if mark in self._names[0]:
                    advice = f'say delimiter = "{written}" in {self._source.described_in}'
                    break
        return (
            f"{self._file}: missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"the file has {_shown(self._names)}; {advice}"
        )


def _plain(name: str) -> str:
    return name.strip().lower()


def _shown(names: Sequence[str]) -> str:
    cut = [name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}..." for name in names]
    more = len(names) - _SHOWN_NAMES
    return ", ".join(cut[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
