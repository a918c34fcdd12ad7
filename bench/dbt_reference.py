"""The tables of the dbt project made by one script for DuckDB, and whether they are the same tables."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from time import monotonic

import duckdb

from flows.paths import DBT_PROJECT

SCRIPT = Path(__file__).with_suffix(".sql")
SCHEMAS = ("staging", "marts", "alerts")


class DifferentTablesError(RuntimeError):
    """The script and the dbt project do not make the same tables, so that their times say nothing."""


def seconds(database: Path, as_of: date) -> float:
    """Of the whole script, its commits included."""
    with _made(database, as_of) as (_, taken):
        return taken


def check(database: Path, as_of: date) -> dict[str, int]:
    """Rows of each table, which are the same ones in both.

    Raises:
        DifferentTablesError: a table is missing, has other columns or types, or other rows.
    """
    with _made(database, as_of) as (connection, _):
        ours, theirs = _tables_of_dbt(connection), _tables(connection, "reference")
        if set(ours) != set(theirs):
            lonely = ", ".join(sorted(set(ours) ^ set(theirs)))
            raise DifferentTablesError(f"only one of the dbt project and {SCRIPT.name} makes {lonely}")
        return {name: _same_rows(connection, ours[name], theirs[name]) for name in sorted(ours)}


@contextmanager
def _made(database: Path, as_of: date) -> Iterator[tuple[duckdb.DuckDBPyConnection, float]]:
    """The tables in a schema of their own, as long as they are needed, and how long they took."""
    from local.warehouse.databases import configure

    connection = duckdb.connect(str(database))
    configure(connection, database.parent)
    connection.execute("drop schema if exists reference cascade")
    connection.execute(f"set variable as_of = date '{as_of}'")
    connection.execute(f"set variable rules = '{DBT_PROJECT / 'seeds' / 'sla_rules.csv'}'")
    os.sync()
    started = monotonic()
    connection.execute(SCRIPT.read_text(encoding="utf-8"))
    taken = monotonic() - started
    try:
        yield connection, taken
    finally:
        connection.execute("drop schema reference cascade")
        connection.close()


def _tables_of_dbt(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Without the seeds, and without the records that builds keep of themselves."""
    left_out = {file.stem for file in DBT_PROJECT.glob("seeds/*.csv")}
    left_out |= {file.stem for file in DBT_PROJECT.glob("models/build/*.sql")}
    found = {name: table for schema in SCHEMAS for name, table in _tables(connection, schema).items()}
    return {name: table for name, table in found.items() if name not in left_out}


def _tables(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, str]:
    """Qualified names by name."""
    found = connection.execute(
        "select lower(table_name) from duckdb_tables() where lower(schema_name) = ? and not temporary",
        [schema],
    ).fetchall()
    return {name: f"{schema}.{name}" for (name,) in found}


def _same_rows(connection: duckdb.DuckDBPyConnection, ours: str, theirs: str) -> int:
    columns = [
        [(name.lower(), kind) for name, kind, *_ in connection.execute(f"describe {table}").fetchall()]
        for table in (ours, theirs)
    ]
    if columns[0] != columns[1]:
        other = sorted(set(columns[0]) ^ set(columns[1])) or "their order"
        raise DifferentTablesError(f"the columns of {ours} and {theirs} differ: {other}")
    for one, other in ((ours, theirs), (theirs, ours)):
        rows = connection.execute(f"from {one} except all from {other}").fetchmany(3)
        if rows:
            raise DifferentTablesError(f"{one} has rows that {other} has not, among them {rows}")
    [(count,)] = connection.execute(f"select count(*) from {ours}").fetchall()
    return int(count)
