"""Where rows that were taken in end."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Protocol

import polars as pl

from flows.ingest.balance import Balance, rows_by_day


class Sink(Protocol):
    """Where rows end: a `BatchWriter`, or a `DryRun`."""

    def write(self, entity: str, frame: pl.DataFrame, days: Iterable[date]) -> None:
        """Take the rows of these days."""

    def reject(self, rejects: pl.DataFrame) -> None:
        """Take rows that were set aside."""

    def hand_in(self, entity: str, read: Mapping[date, int], ignored: Mapping[date, int]) -> None:
        """Be told how many rows there were."""

    def forget(self, entity: str) -> None:
        """Begin this entity again."""


class DryRun:
    """Counts what a `BatchWriter` would write, and keeps nothing."""

    def __init__(self) -> None:
        self._balance = Balance()

    def write(self, entity: str, frame: pl.DataFrame, days: Iterable[date]) -> None:
        """Count the rows."""
        for day, rows in rows_by_day(frame["_batch_day"]).items():
            self._balance.of(entity, day).rows += rows

    def reject(self, rejects: pl.DataFrame) -> None:
        """Count the rows."""
        for (entity, day), rows in rejects.group_by("entity", "_batch_day"):
            self._balance.of(entity, day).rejected += rows.height

    def hand_in(self, entity: str, read: Mapping[date, int], ignored: Mapping[date, int]) -> None:
        """Compare, at once.

        Raises:
            ReconciliationError: rows were lost or doubled on the way.
        """
        self._balance.hand_in(entity, read, ignored)
        self._balance.check()

    def forget(self, entity: str) -> None:
        """Count this entity from the beginning."""
        self._balance.forget(entity)
