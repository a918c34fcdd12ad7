"""The ledger in `OPS`: the life of every alert, append-only.

What happened to an alert on an as-of day is recorded once, in the transaction that reserves the day's
digests; that somebody was told of it is recorded when the digest has left. The state of an alert is a view
over these events (`ALERTS.ALERT_STATES`).
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from snowflake.connector import SnowflakeConnection
from snowflake.connector.cursor import SnowflakeCursor as Cursor

from flows.warehouse import read_sql

_SQL = Path(__file__).parent / "sql"
_LIFE = ("record_resolved.sql", "record_opened.sql", "record_escalated.sql")


def record_lives(cursor: Cursor, as_of: date) -> None:
    """Write what became of the alerts on the day the models stand at; a second time, nothing has."""
    for file in _LIFE:
        execute(cursor, file, {"as_of": as_of, "now": now()})


def record_told(cursor: Cursor, digest_id: str) -> None:
    """Write that the digest has told of its alerts."""
    execute(cursor, "record_told.sql", {"digest_id": digest_id, "now": now()})


def execute(cursor: Cursor, file: str, parameters: dict[str, Any], **names: str) -> int:
    """Run a statement of this room; returns how many rows it changed."""
    cursor.execute(statement(file, **names), parameters)
    return cursor.rowcount or 0


def fetch(
    connection: SnowflakeConnection, file: str, parameters: dict[str, Any] | None = None, **names: str
) -> list[tuple[Any, ...]]:
    """All rows of a query of this room."""
    with connection.cursor() as cursor:
        cursor.execute(statement(file, **names), parameters or None)
        return [tuple(row) for row in cursor.fetchall()]


def statement(file: str, **names: str) -> str:
    """The text of a statement of this room; `names` are filled in as they are, values are bound later."""
    return read_sql(_SQL / file).format(**names)


def now() -> datetime:
    """The moment something is recorded, UTC without a zone. Nothing is judged by it."""
    return datetime.now(UTC).replace(tzinfo=None)
