"""The statements of one load's transaction, from BEGIN to just before COMMIT."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path

from snowflake.connector import SnowflakeConnection
from snowflake.connector.cursor import SnowflakeCursor as Cursor
from snowflake.connector.errors import Error

from flows.errors import ReconciliationError
from flows.ingest.staging import StagedBatch, StagedDay
from flows.tables import LANDING_STAGE
from flows.trouble import is_lost
from flows.warehouse import read_sql

__all__ = ["Cursor", "begun", "copy", "delete_days", "take_lock", "write_manifest"]

_SQL = Path(__file__).parent / "sql"
_DAYS_PER_STATEMENT = 500


@contextmanager
def begun(connection: SnowflakeConnection) -> Iterator[Cursor]:
    """A cursor in a new transaction, which is rolled back when the block fails; the block ends it else."""
    with connection.cursor() as cursor:
        cursor.execute("begin")
        try:
            yield cursor
        except BaseException as error:
            if not is_lost(error):  # what is lost is rolled back by the server, and asking would take minutes
                with suppress(Error):
                    cursor.execute("rollback")
            raise


def take_lock(cursor: Cursor, batch_id: str) -> None:
    """Wait for every other load's transaction to end, and let no other begin until this one has."""
    cursor.execute(read_sql(_SQL / "take_lock.sql"), (batch_id,))


def delete_days(cursor: Cursor, table: str, condition: str, days: Collection[date]) -> None:
    """Delete the rows of `days`; `condition` ends where the list of days begins."""
    ordered = sorted(days)
    for start in range(0, len(ordered), _DAYS_PER_STATEMENT):
        some = ordered[start : start + _DAYS_PER_STATEMENT]
        placeholders = ", ".join(["%s"] * len(some))
        statement = f"delete from {table} where {condition} in ({placeholders})"  # noqa: S608 - names of ours
        cursor.execute(statement, tuple(some))


def copy(cursor: Cursor, table: str, path: str) -> int:
    """COPY the files below a path of the stage; returns the rows the warehouse says it loaded."""
    statement = read_sql(_SQL / "copy_files.sql").format(table=table, stage=LANDING_STAGE, path=path)
    cursor.execute(statement)
    columns = [column.name.lower() for column in cursor.description]
    if "rows_loaded" not in columns:
        raise ReconciliationError(f"COPY found no files for {table} in @{LANDING_STAGE}/{path}; run again")
    position = columns.index("rows_loaded")
    return sum(int(row[position]) for row in cursor.fetchall())


def write_manifest(
    cursor: Cursor, batch: StagedBatch, entity: str, days: Mapping[date, StagedDay], now: datetime
) -> None:
    """Say which content these days have now."""
    delete_days(cursor, "ops.load_manifest", f"entity = '{entity}' and batch_day", days)
    cursor.executemany(
        read_sql(_SQL / "write_manifest.sql"),
        [
            (entity, day, batch.batch_id, staged.rows, staged.content_hash, batch.origin, now)
            for day, staged in sorted(days.items())
        ],
    )
