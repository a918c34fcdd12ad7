"""Bring `RAW` and `OPS` to the newest version, forward only, and refuse another environment's database.

On Snowflake every DDL statement commits on its own, and ends the transaction it stands in
(https://docs.snowflake.com/en/sql-reference/transactions#ddl): no lock of a session outlives one, and no
migration is all or nothing. So nothing relies on either. Every statement of a migration bears to be run
again, after a run that was killed half way as well as beside one that does the same; what is recorded as
applied has been applied from its first statement to its last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

from flows.environments import PRODUCTION
from flows.errors import InputError, UpgradeError
from flows.migrations.numbered import Migration, migrations
from flows.warehouse import read_sql, rows

_SQL = Path(__file__).parent / "sql"
_DOES_NOT_EXIST = 2003


@dataclass(frozen=True)
class Record:
    """What a database says of itself: the checksum of each migration it has, and whose it is, if known."""

    applied: dict[int, tuple[str, str]]
    environment: str | None


def prepare(connection: SnowflakeConnection, environment: str) -> None:
    """Make sure that the database is the environment's, and its schema the newest. Costs one query if it is.

    Args:
        connection: a session in the database.
        environment: `prod`, `staging` or `dev`. A database that is nobody's is taken for it.

    Raises:
        InputError: the database belongs to another environment; nothing was changed.
        UpgradeError: a newer version of the pipeline, or other migrations, have been at work; nothing was
            changed.
    """
    known = migrations()
    record = _read(connection)
    if record is None or record.environment is None:
        record = Record(record.applied if record else {}, _owner(connection))
        _require(connection, record, environment)
        _execute(connection, read_sql(_SQL / "create_record.sql"))
        _change(connection, "claim.sql", environment=environment)
    else:
        _require(connection, record, environment)
    _check(connection, record, known)
    for migration in known:
        if migration.number not in record.applied:
            _execute(connection, migration.sql)
            _change(
                connection,
                "record.sql",
                number=migration.number,
                name=migration.name,
                checksum=migration.checksum,
                now=datetime.now(UTC).replace(tzinfo=None),
            )


def _read(connection: SnowflakeConnection) -> Record | None:
    """The record; None where there is none."""
    found = _rows_if_there(connection, "read_record.sql")
    if not found:
        claimed = _rows_if_there(connection, "read_environment.sql")
        return Record({}, claimed[0][0]) if claimed else None
    return Record({int(number): (name, checksum) for number, name, checksum, _ in found}, found[0][3])


def _owner(connection: SnowflakeConnection) -> str | None:
    """Whose a database without a mark is: production's, if a version that made no marks has loaded it."""
    found = _rows_if_there(connection, "has_loaded_days.sql")
    return PRODUCTION if found and found[0][0] else None


def _require(connection: SnowflakeConnection, record: Record, environment: str) -> None:
    if record.environment not in (None, environment):
        raise InputError(
            f"database {connection.database} belongs to the environment {record.environment}, and this run "
            f"is of {environment}: nothing was changed. Name the blocks of {environment}, or run with the "
            f"environment {record.environment}"
        )


def _check(connection: SnowflakeConnection, record: Record, known: Sequence[Migration]) -> None:
    newer = sorted(number for number in record.applied if number > len(known))
    if newer:
        raise UpgradeError(
            f"database {connection.database} was brought to schema version {newer[-1]} by a newer version of "
            f"this pipeline, which knows {len(known)}: bring this checkout, or image, up to date"
        )
    for migration in known:
        name, checksum = record.applied.get(migration.number, (migration.name, migration.checksum))
        if (name, checksum) != (migration.name, migration.checksum):
            raise UpgradeError(
                f"flows/migrations/versions/{migration.file} is not what was applied to database "
                f"{connection.database} as {migration.number:04}_{name}: put the file back as it was, and "
                "make the change a migration of its own"
            )


def _rows_if_there(connection: SnowflakeConnection, file: str) -> list[tuple[Any, ...]]:
    try:
        return rows(connection, read_sql(_SQL / file))
    except ProgrammingError as error:
        if error.errno != _DOES_NOT_EXIST:
            raise
        return []


def _execute(connection: SnowflakeConnection, statements: str) -> None:
    """Run statements that bear to be run again: where another run was in the way, it has done the same."""
    for last in (False, False, True):
        try:
            connection.execute_string(statements, remove_comments=True)
            return
        except ProgrammingError:
            if last:
                raise


def _change(connection: SnowflakeConnection, file: str, **parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(read_sql(_SQL / file), parameters)
