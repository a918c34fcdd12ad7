"""The database files of the local warehouse."""

from pathlib import Path

import duckdb
from fakesnow import info_schema, macros

from local.service import ServiceError


def configure(connection: duckdb.DuckDBPyConnection, directory: Path) -> None:
    """Keep DuckDB's temporary files with the databases, DuckDB off the network, and rows in no order.

    Snowflake promises an order only where ORDER BY asks for one. To keep the order of insertion costs DuckDB
    a third of the time of a COPY, and most of its checkpoint.

    The first checkpoint after a start goes through the whole database, a second for a hundred million rows.
    A day's run should not wait for one before its end, as it does by default after 16 MiB.
    """
    connection.execute(f"set global temp_directory = '{_escaped(directory / 'tmp')}'")
    connection.execute("set global autoinstall_known_extensions = false")
    connection.execute("set global preserve_insertion_order = false")
    connection.execute("set global checkpoint_threshold = '128MiB'")


def attach_all(connection: duckdb.DuckDBPyConnection, directory: Path) -> None:
    """Attach every `<NAME>.db` of the directory, so that a restart needs no CREATE DATABASE."""
    for file in sorted(directory.glob("*.db")):
        try:
            connection.execute(f"attach '{_escaped(file)}' as \"{file.stem}\"")
            connection.execute(info_schema.per_db_creation_sql(file.stem))
            connection.execute(macros.creation_sql(file.stem))
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise ServiceError(
                f"cannot open the database file {file}: {reason}; "
                "restore it from a copy, or move it away to start with an empty database"
            ) from None


def _escaped(file: Path) -> str:
    return str(file).replace("'", "''")
