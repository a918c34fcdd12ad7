"""Whether the warehouse holds what was staged: counted day by day, before anything is committed."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from snowflake.connector.cursor import SnowflakeCursor

from flows.errors import ReconciliationError
from flows.ingest.staging import StagedDay
from flows.tables import REJECTS_TABLE, raw_table
from flows.warehouse import read_sql

_COUNT_DAYS = Path(__file__).parent / "sql" / "count_days.sql"


def check_staged(entity: str, days: Mapping[date, StagedDay]) -> None:
    """Every row that was read is to be loaded, was set aside, or was ignored.

    Raises:
        ReconciliationError: naming entity, day and numbers.
    """
    for day, staged in sorted(days.items()):
        if staged.read != staged.rows + staged.rejected + staged.ignored:
            raise ReconciliationError(
                f"{entity} of {day}: {staged.read:,} rows read, but {staged.rows:,} staged, "
                f"{staged.rejected:,} rejected and {staged.ignored:,} ignored; nothing of it was loaded"
            )


def check_copied(
    cursor: SnowflakeCursor, entity: str, days: Mapping[date, StagedDay], copied: int, copied_rejects: int
) -> None:
    """Rows staged, rows the warehouse says it copied, and rows in its tables day by day are the same.

    Raises:
        ReconciliationError: naming entity, day and numbers.
    """
    stored, stored_rejects = _count_days(cursor, entity, days)
    rows = {day: staged.rows for day, staged in days.items()}
    rejects = {day: staged.rejected for day, staged in days.items()}
    _compare(entity, "rows", raw_table(entity), rows, stored, copied)
    _compare(entity, "rejected rows", REJECTS_TABLE, rejects, stored_rejects, copied_rejects)


def _compare(
    entity: str, what: str, table: str, staged: Mapping[date, int], stored: Mapping[date, int], copied: int
) -> None:
    total = sum(staged.values())
    problems = [
        f"{entity} of {day}: {rows:,} {what} staged, but {stored.get(day, 0):,} in {table}"
        for day, rows in sorted(staged.items())
        if stored.get(day, 0) != rows
    ]
    if total != copied:
        problems.append(f"{entity}: {total:,} {what} staged, but {copied:,} copied")
    if problems:
        further = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise ReconciliationError(
            f"{'; '.join(problems[:3])}{further}; rolled back, nothing of it was loaded. Run again"
        )


def _count_days(
    cursor: SnowflakeCursor, entity: str, days: Mapping[date, StagedDay]
) -> tuple[Counter[date], Counter[date]]:
    """Rows per day in the entity's table, and among what was set aside."""
    cursor.execute(
        read_sql(_COUNT_DAYS).format(table=raw_table(entity)),
        {"entity": entity, "first": min(days), "last": max(days)},
    )
    stored, rejected = Counter[date](), Counter[date]()
    for day, rows, rejects in cursor.fetchall():
        stored[day] += int(rows)
        rejected[day] += int(rejects)
    return stored, rejected
