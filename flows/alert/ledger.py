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


def create_ledger(connection: SnowflakeConnection) -> None:
    """Create the ledger where it is missing."""
    connection.execute_string(read_sql(_SQL / "create_ledger.sql"), remove_comments=True)


def record_lives(cursor: Cursor, as_of: date) -> dict[str, int]:
    """Write what became of the alerts on the day the models stand at; a second time there is nothing to
    write.

    Returns:
        How many were `resolved`, `opened` (or reopened) and `escalated`.
    """
    parameters = {"as_of": as_of, "now": now()}
    return {
        file.removeprefix("record_").removesuffix(".sql"): execute(cursor, file, parameters) for file in _LIFE
    }


def record_told(cursor: Cursor, digest_id: str) -> None:
    """Write that the digest has told of its alerts."""
    execute(cursor, "record_told.sql", {"digest_id": digest_id, "now": now()})


def execute(cursor: Cursor, file: str, parameters: dict[str, Any], **names: str) -> int:
    """Run a statement of this room; returns how many rows it changed. `names` are filled in as they are."""
    statement = read_sql(_SQL / file)
    cursor.execute(statement.format(**names) if names else statement, parameters)
    return cursor.rowcount or 0


def fetch(
    connection: SnowflakeConnection, file: str, parameters: dict[str, Any] | None = None, **names: str
) -> list[tuple[Any, ...]]:
    """All rows of a query of this room."""
    statement = read_sql(_SQL / file)
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**names) if names else statement, parameters or None)
        return [tuple(row) for row in cursor.fetchall()]


def statement(file: str, **names: str) -> str:
    """The text of a query of this room, with names filled in."""
    return read_sql(_SQL / file).format(**names)


def now() -> datetime:
    """The moment something is recorded, UTC without a zone. Nothing is judged by it."""
    return datetime.now(UTC).replace(tzinfo=None)
