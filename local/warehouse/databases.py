"""The database files of the local warehouse: attached at start, checkpointed at stop."""

from pathlib import Path

import duckdb
from fakesnow import info_schema, macros

from local.service import ServiceError


def attach_all(connection: duckdb.DuckDBPyConnection, directory: Path) -> list[str]:
    """Attach every `<NAME>.db` of the directory and return the names, so a restart needs no CREATE DATABASE."""
    files = sorted(directory.glob("*.db"))
    for file in files:
        try:
            connection.execute(f"""attach database '{_escaped(file)}' as "{file.stem}" """)
            connection.execute(info_schema.per_db_creation_sql(f'"{file.stem}"'.strip('"')))
            connection.execute(macros.creation_sql(file.stem))
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise ServiceError(
                f"cannot open the database file {file}: {reason}; "
                "restore it from a copy, or move it away to start with an empty database"
            ) from None
    return [file.stem for file in files]


def close(connection: duckdb.DuckDBPyConnection) -> None:
    """Write everything committed into the database files and let go of them."""
    connection.close()


def _escaped(file: Path) -> str:
    return str(file).replace("'", "''")
