"""What the warehouse already holds: one row per loaded (entity, day)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from snowflake.connector import SnowflakeConnection

from flows.tables import ENTITIES
from flows.warehouse import read_sql, rows

_SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class LoadedDay:
    """The manifest's word on one (entity, day)."""

    rows: int
    content_hash: str
    origin: str
    batch_id: str


Manifest = dict[str, dict[date, LoadedDay]]


def read_manifest(connection: SnowflakeConnection, first: date, last: date) -> Manifest:
    """Loaded days in [first, last], by entity."""
    manifest: Manifest = {entity: {} for entity in ENTITIES}
    found = rows(connection, read_sql(_SQL / "read_manifest.sql"), (first, last))
    for entity, day, row_count, content_hash, origin, batch_id in found:
        manifest.setdefault(entity, {})[day] = LoadedDay(int(row_count), content_hash, origin, batch_id)
    return manifest


@dataclass(frozen=True)
class MissingDays:
    """Days to be loaded, oldest first, and how many days each entity has already."""

    missing: list[date]
    present: dict[str, int]


def missing_days(connection: SnowflakeConnection, as_of: date, days: int) -> MissingDays:
    """Days of [as_of - days + 1, as_of] that at least one entity lacks."""
    window = [as_of - timedelta(days=back) for back in reversed(range(days))]
    manifest = read_manifest(connection, window[0], window[-1])
    missing = [day for day in window if any(day not in manifest[entity] for entity in ENTITIES)]
    present = {entity: sum(day not in missing for day in window) for entity in ENTITIES}
    return MissingDays(missing, present)


def origins(connection: SnowflakeConnection) -> Sequence[str]:
    """Where the rows in the warehouse came from: `simulated`, `files`, both or none."""
    return [origin for (origin,) in rows(connection, read_sql(_SQL / "read_origins.sql"))]
