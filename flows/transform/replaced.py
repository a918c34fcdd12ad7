"""Days whose content was replaced since the models were last built.

A load writes them in its own transaction. Whoever builds the models reads them before, and takes away
exactly what it read once every model has been built: a run that dies in between leaves them to the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from snowflake.connector import SnowflakeConnection

from flows.warehouse import read_sql, rows

_SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class ReplacedDay:
    """One day of an entity that one load gave other content."""

    entity: str
    batch_id: str
    replaced_at: datetime
    day: date


def replaced_days(connection: SnowflakeConnection) -> list[ReplacedDay]:
    """What is pending, oldest load first."""
    return [ReplacedDay(*row) for row in rows(connection, read_sql(_SQL / "read_replaced.sql"))]


def forget(connection: SnowflakeConnection, done: Sequence[ReplacedDay]) -> None:
    """Take away the loads these days were read from, and no others. Safe to be repeated."""
    loads = sorted({(day.entity, day.batch_id, day.replaced_at) for day in done})
    for load in loads:
        rows(connection, read_sql(_SQL / "forget_replaced.sql"), load)


def in_words(days: Sequence[ReplacedDay]) -> str:
    """The days by entity: `orders of 2026-01-05 to 2026-01-09 (3 days)`."""
    by_entity: dict[str, set[date]] = {}
    for day in days:
        by_entity.setdefault(day.entity, set()).add(day.day)
    return ", ".join(f"{entity} of {_span(found)}" for entity, found in sorted(by_entity.items()))


def _span(days: set[date]) -> str:
    return str(min(days)) if len(days) == 1 else f"{min(days)} to {max(days)} ({len(days)} days)"
