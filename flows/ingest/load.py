"""Load one batch: PUT its files, then one transaction per entity.

Each transaction takes the load lock, deletes the batch's days, copies the files, compares rows written,
rows copied and rows in the table, and writes the manifest. Of two runs at once, the second waits for the
lock (Snowflake) or is refused (the local warehouse); then it finds the first one's rows to replace.
Whatever differs or fails rolls the entity back; entities that committed stay, and the next run continues
with those that did not.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from snowflake.connector import SnowflakeConnection
from snowflake.connector.cursor import SnowflakeCursor
from snowflake.connector.errors import Error

from flows.errors import LoadError, ReconciliationError, StagingError
from flows.ingest.manifest import Manifest
from flows.ingest.staging import StagedBatch, StagedDay
from flows.tables import LANDING_STAGE, raw_table
from flows.warehouse import read_sql, rows

_SQL = Path(__file__).parent / "sql"
_DAYS_PER_STATEMENT = 500
# The client expands wildcards in the path of a PUT, but cannot quote: it ends the path at the first
# apostrophe, escaped or not. So a character with a meaning of its own is written as a range around it.
_AS_WILDCARDS = str.maketrans(
    {"'": "[&-(]", "\\": "[Z-^]", "?": "[>-@]", "#": '["-$]', "%": "[$-&]", "*": "[*]", "[": "[[]"}
)


@dataclass(frozen=True)
class EntityLoad:
    """What became of one entity: rows and days loaded, days that were there already."""

    rows: int
    days: int
    skipped_days: int
    rejected: int = 0


def load_batch(
    connection: SnowflakeConnection,
    batch: StagedBatch,
    manifest: Manifest,
    report: Callable[[str], None],
) -> dict[str, EntityLoad]:
    """Load every entity of the batch whose content is not there already.

    Args:
        manifest: the manifest for the batch's days; an entity all of whose days have the same
            content hash is skipped without touching the stage.
        report: told one line a step, for progress.

    Returns:
        What became of each entity. The stage holds nothing of the batch afterwards.

    Raises:
        StagingError: a file could not be uploaded; the entity was not touched.
        LoadError: the warehouse refused a statement; the entity was rolled back.
        ReconciliationError: the counts differ; the entity was rolled back.
    """
    results = {}
    for entity, days in batch.days.items():
        loaded = manifest.get(entity, {})
        if all(
            day in loaded and loaded[day].content_hash == staged.content_hash for day, staged in days.items()
        ):
            results[entity] = EntityLoad(rows=0, days=0, skipped_days=len(days))
            continue
        total = sum(day.rows for day in days.values())
        report(f"loading {entity}: {total:,} rows of {len(days)} day(s)")
        try:
            if total:
                _put(connection, batch, entity)
            _load_entity(connection, batch, entity, days)
        finally:
            _clean_stage(connection, batch, entity)
        results[entity] = EntityLoad(rows=total, days=len(days), skipped_days=0)
    return results


def _put(connection: SnowflakeConnection, batch: StagedBatch, entity: str) -> None:
    source = (batch.directory / entity).as_posix().translate(_AS_WILDCARDS) + "/*.parquet"
    try:
        uploaded = rows(
            connection,
            f"put 'file://{source}' @{LANDING_STAGE}/{batch.batch_id}/{entity}/ auto_compress = false",
        )
    except Error as error:
        raise StagingError(
            f"cannot upload {entity} to @{LANDING_STAGE}: {_message(error)}; "
            "nothing of it was loaded. Run again"
        ) from None
    failed = [row for row in uploaded if row[6] not in ("UPLOADED", "SKIPPED")]
    if failed:
        raise StagingError(f"cannot upload {failed[0][0]} to @{LANDING_STAGE}: {failed[0][6]}. Run again")


def _load_entity(
    connection: SnowflakeConnection, batch: StagedBatch, entity: str, days: dict[date, StagedDay]
) -> None:
    table = raw_table(entity)
    try:
        with connection.cursor() as cursor:
            cursor.execute("begin")
            cursor.execute(read_sql(_SQL / "take_lock.sql"), (batch.batch_id,))
            _delete_days(cursor, table, "_batch_day", days)
            copied = _copy(cursor, batch, entity) if any(day.rows for day in days.values()) else 0
            _reconcile(cursor, batch, entity, days, copied)
            _write_manifest(cursor, batch, entity, days)
            cursor.execute("commit")
    except Error as error:
        _roll_back(connection)
        raise LoadError(
            f"the warehouse refused to load {entity}: {_message(error)}; {table} is as it was before"
        ) from None
    except ReconciliationError:
        _roll_back(connection)
        raise


def _roll_back(connection: SnowflakeConnection) -> None:
    """Roll back; a connection that is lost has rolled back already and must not hide why."""
    with suppress(Error), connection.cursor() as cursor:
        cursor.execute("rollback")


def _delete_days(cursor: SnowflakeCursor, table: str, condition: str, days: dict[date, StagedDay]) -> None:
    """Delete the rows of `days`; `condition` ends where the list of days begins."""
    ordered = sorted(days)
    for start in range(0, len(ordered), _DAYS_PER_STATEMENT):
        some = ordered[start : start + _DAYS_PER_STATEMENT]
        placeholders = ", ".join(["%s"] * len(some))
        statement = f"delete from {table} where {condition} in ({placeholders})"  # noqa: S608 - names of ours
        cursor.execute(statement, tuple(some))


def _copy(cursor: SnowflakeCursor, batch: StagedBatch, entity: str) -> int:
    """COPY the batch's files; returns the rows the warehouse says it loaded."""
    cursor.execute(
        read_sql(_SQL / "copy_entity.sql").format(
            table=raw_table(entity), stage=LANDING_STAGE, batch_id=batch.batch_id, entity=entity
        )
    )
    columns = [column.name.lower() for column in cursor.description]
    if "rows_loaded" not in columns:
        raise ReconciliationError(
            f"COPY found no files for {entity} in @{LANDING_STAGE}/{batch.batch_id}; run again"
        )
    position = columns.index("rows_loaded")
    return sum(int(row[position]) for row in cursor.fetchall())


def _reconcile(
    cursor: SnowflakeCursor, batch: StagedBatch, entity: str, days: dict[date, StagedDay], copied: int
) -> None:
    written = sum(day.rows for day in days.values())
    if written != copied:
        raise ReconciliationError(
            f"{entity}: {written:,} rows written but {copied:,} copied; rolled back, nothing of it was loaded"
        )
    cursor.execute(read_sql(_SQL / "count_days.sql").format(table=raw_table(entity)), (min(days), max(days)))
    stored = {row[0]: int(row[1]) for row in cursor.fetchall()}
    for day, staged in sorted(days.items()):
        if stored.get(day, 0) != staged.rows:
            raise ReconciliationError(
                f"{entity} of {day}: {staged.rows:,} rows written but {stored.get(day, 0):,} in the table; "
                "rolled back, nothing of it was loaded"
            )


def _write_manifest(
    cursor: SnowflakeCursor, batch: StagedBatch, entity: str, days: dict[date, StagedDay]
) -> None:
    _delete_days(cursor, "ops.load_manifest", f"entity = '{entity}' and batch_day", days)
    loaded_at = datetime.now(UTC).replace(tzinfo=None)
    cursor.executemany(
        read_sql(_SQL / "write_manifest.sql"),
        [
            (entity, day, batch.batch_id, staged.rows, staged.content_hash, batch.origin, loaded_at)
            for day, staged in sorted(days.items())
        ],
    )


def _clean_stage(connection: SnowflakeConnection, batch: StagedBatch, entity: str) -> None:
    """Remove the batch's files; a stage that cannot be cleaned now must not hide why."""
    with suppress(Error):
        rows(connection, f"remove @{LANDING_STAGE}/{batch.batch_id}/{entity}/")


def _message(error: Error) -> str:
    return " ".join((error.msg or str(error)).split())[:500]
