"""Files on the warehouse's stage: PUT under paths that are never used twice, and removed afterwards.

A stage is no part of any transaction: what is put there or removed stays so, whatever is rolled back.
"""

from pathlib import Path
from uuid import uuid4

from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import Error

from flows.errors import StagingError
from flows.tables import LANDING_STAGE
from flows.trouble import is_locked, is_lost, one_line
from flows.warehouse import rows

# The client expands wildcards in the path of a PUT, but cannot quote: it ends the path at the first
# apostrophe, escaped or not. So a character with a meaning of its own is written as a range around it.
_AS_WILDCARDS = str.maketrans(
    {"'": "[&-(]", "\\": "[Z-^]", "?": "[>-@]", "#": '["-$]', "%": "[$-&]", "*": "[*]", "[": "[[]"}
)


def new_attempt(batch_id: str) -> str:
    """A path below the stage that nobody used before, and nobody will again.

    A warehouse knows by its name what it has loaded, and would leave out a file of the same name.
    """
    return f"{batch_id}/{uuid4().hex[:12]}"


def put_files(connection: SnowflakeConnection, directory: Path, path: str) -> None:
    """Upload the Parquet files of a directory to `path` below the landing stage.

    Raises:
        StagingError: a file could not be read or uploaded, and will not be.
        Error: of the connector, for what may pass.
    """
    source = directory.as_posix().translate(_AS_WILDCARDS) + "/*.parquet"
    try:
        uploaded = rows(connection, f"put 'file://{source}' @{LANDING_STAGE}/{path}/ auto_compress = false")
    except Error as error:
        if is_lost(error) or is_locked(error):
            raise
        raise StagingError(
            f"cannot upload {directory.name} to @{LANDING_STAGE}: {one_line(error)}; "
            "nothing of it was loaded. Run again"
        ) from None
    failed = [row for row in uploaded if row[6] not in ("UPLOADED", "SKIPPED")]
    if failed:
        raise StagingError(f"cannot upload {failed[0][0]} to @{LANDING_STAGE}: {failed[0][6]}. Run again")


def remove_files(connection: SnowflakeConnection, path: str) -> None:
    """Remove everything below `path`.

    What cannot be removed must not fail a load that is done: leftovers are looked for by every run. Of a
    connection that was lost the caller hears, who may have another.
    """
    try:
        rows(connection, f"remove @{LANDING_STAGE}/{path}/")
    except Error as error:
        if is_lost(error):
            raise
