"""What killed runs left behind: files on this machine's disk, and files on the warehouse's stage."""

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import Error

from flows.ingest.ownership import is_abandoned, remove
from flows.tables import LANDING_STAGE
from flows.trouble import is_locked, is_lost, one_line
from flows.warehouse import rows

# No load takes nearly that long, so what lies longer belongs to a machine that is not coming back for it.
STAGE_AGE = timedelta(days=1)
_FOLDER = re.compile(r"[\w.-]+", re.ASCII)


def remove_leftovers(connection: SnowflakeConnection, root: Path, report: Callable[[str], None]) -> None:
    """Remove what no live run can need any more.

    That is each batch directory below `root` whose owner is gone, with its folder on the stage, and each
    folder on the stage in which nothing is younger than `STAGE_AGE`.

    Args:
        report: told one line for each removal, and for what cannot be removed, which fails no run.
    """
    try:
        _remove_batches(connection, root, report)
        _remove_old_folders(connection, report)
    except Error as error:
        if is_lost(error) or is_locked(error):
            raise
        report(f"cannot remove what earlier runs left on @{LANDING_STAGE}: {one_line(error)}")


def _remove_batches(connection: SnowflakeConnection, root: Path, report: Callable[[str], None]) -> None:
    for directory in sorted(root.iterdir()) if root.is_dir() else ():
        if not (directory.is_dir() and is_abandoned(directory)):
            continue
        # the stage first: whoever is killed in between leaves the directory, which leads here again
        if _FOLDER.fullmatch(directory.name):
            _remove_folder(connection, directory.name)
        remove(directory)
        report(f"removed batch {directory.name}, left behind by a run that ended half way")


def _remove_old_folders(connection: SnowflakeConnection, report: Callable[[str], None]) -> None:
    youngest: dict[str, datetime] = defaultdict(lambda: datetime.min.replace(tzinfo=UTC))
    for name, modified in _listed(connection):
        _stage, folder, *below = name.split("/")
        if below and _FOLDER.fullmatch(folder):
            youngest[folder] = max(youngest[folder], parsedate_to_datetime(modified))
    for folder, changed in youngest.items():
        if datetime.now(UTC) - changed > STAGE_AGE:
            _remove_folder(connection, folder)
            report(f"removed @{LANDING_STAGE}/{folder}, untouched since {changed:%Y-%m-%d %H:%M} UTC")


def _listed(connection: SnowflakeConnection) -> list[tuple[str, str]]:
    """Name and time of change of every file on the stage."""
    with connection.cursor() as cursor:
        cursor.execute(f"list @{LANDING_STAGE}")
        # by name, because there are hashes between: https://docs.snowflake.com/en/sql-reference/sql/list
        columns = [column.name.lower() for column in cursor.description]
        name, modified = columns.index("name"), columns.index("last_modified")
        return [(row[name], row[modified]) for row in cursor.fetchall()]


def _remove_folder(connection: SnowflakeConnection, folder: str) -> None:
    # with the slash, because a path is a prefix: without it, batch-10 would go with batch-1
    rows(connection, f"remove @{LANDING_STAGE}/{folder}/")
