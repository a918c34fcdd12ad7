"""Temporary tables and views with a database and schema in their name."""

import contextlib
from typing import Any

import duckdb
from fakesnow.cursor import FakeSnowflakeCursor
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

from local.warehouse import sessions

MARK = "temporary: dropped when its session ends"
EXISTING = """
    select coalesce(comment, '') from duckdb_tables()
    where upper(database_name) = $1 and upper(schema_name) = $2 and upper(table_name) = $3
    union all
    select coalesce(comment, '') from duckdb_views()
    where upper(database_name) = $1 and upper(schema_name) = $2 and upper(view_name) = $3
"""
LEFT_BEHIND = """
    select 'table', database_name, schema_name, table_name from duckdb_tables() where comment = $1
    union all
    select 'view', database_name, schema_name, view_name from duckdb_views() where comment = $1
"""


def apply() -> None:
    """Create qualified temporary relations as ordinary ones that their session drops when it ends.

    Stock fails: DuckDB has temporary relations only in its own `temp` database, while Snowflake puts them in
    the named schema (https://docs.snowflake.com/en/user-guide/tables-temp-transient). dbt's incremental
    models, snapshots and unit tests create them qualified. They must not hide an ordinary relation, which
    Snowflake would allow: here that would replace its rows. Other sessions can see them.
    """
    explode, execute = FakeSnowflakeCursor._transform_explode, FakeSnowflakeCursor._execute
    FakeSnowflakeCursor._transform_explode = _made_ordinary(explode)  # type: ignore[method-assign]
    FakeSnowflakeCursor._execute = _marked(execute)  # type: ignore[method-assign]


def drop_left_behind(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what sessions of a killed server left in the attached databases."""
    for kind, *parts in connection.execute(LEFT_BEHIND, [MARK]).fetchall():
        with contextlib.suppress(duckdb.Error):
            connection.execute(f"drop {kind} {_quoted(parts)}")


def _made_ordinary(stock: Any) -> Any:
    def explode(self: FakeSnowflakeCursor, expression: exp.Expr) -> list[exp.Expr]:
        if isinstance(expression, exp.Create) and expression.kind in ("TABLE", "VIEW"):
            table = expression.find(exp.Table)
            if table is not None and table.db and _drop_temporary_property(expression):
                parts = [table.catalog or self._conn.database or "", table.db, table.name]
                _refuse_to_hide(self, parts)
                expression.set("local_temporary", parts)
        return stock(self, expression)

    return explode


def _marked(stock: Any) -> Any:
    def execute(self: FakeSnowflakeCursor, transformed: exp.Expr, params: Any = None) -> None:
        stock(self, transformed, params)
        if parts := transformed.args.get("local_temporary"):
            kind, name = str(transformed.args["kind"]), _quoted(parts)
            self._duck_conn.cursor().execute(f"comment on {kind} {name} is '{MARK}'")
            sessions.state(self._conn).temporary[name] = kind

    return execute


def _drop_temporary_property(create: exp.Create) -> bool:
    properties = create.args.get("properties")
    if properties is None or not any(isinstance(p, exp.TemporaryProperty) for p in properties.expressions):
        return False
    others = [p for p in properties.expressions if not isinstance(p, exp.TemporaryProperty)]
    create.set("properties", exp.Properties(expressions=others) if others else None)
    return True


def _refuse_to_hide(cursor: FakeSnowflakeCursor, parts: list[str]) -> None:
    found = cursor._duck_conn.execute(EXISTING, [part.upper() for part in parts]).fetchone()
    if found is not None and found[0] != MARK:
        raise ProgrammingError(
            msg=f"{_quoted(parts)} exists and is not temporary; the local warehouse cannot hide it behind a "
            "temporary relation. Use another name",
            errno=2002,
            sqlstate="42710",
        )


def _quoted(parts: list[str]) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
