"""Temporary tables and views with a database and schema in their name."""

from typing import Any

from fakesnow.cursor import FakeSnowflakeCursor
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

from local.warehouse import sessions, temporaries


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


def _made_ordinary(stock: Any) -> Any:
    def explode(self: FakeSnowflakeCursor, expression: exp.Expr) -> list[exp.Expr]:
        if isinstance(expression, exp.Create) and expression.kind in ("TABLE", "VIEW"):
            table = expression.find(exp.Table)
            if table is not None and table.db and _drop_temporary_property(expression):
                parts = [
                    part.upper()
                    for part in (table.catalog or self._conn.database or "", table.db, table.name)
                ]
                _refuse_to_hide(self, parts)
                expression.set("local_temporary", parts)
        return stock(self, expression)

    return explode


def _marked(stock: Any) -> Any:
    def execute(self: FakeSnowflakeCursor, transformed: exp.Expr, params: Any = None) -> None:
        stock(self, transformed, params)
        if parts := transformed.args.get("local_temporary"):
            session = sessions.state(self._conn)
            temporaries.mark(self._duck_conn, str(transformed.args["kind"]), parts, session.name)
            session.has_temporaries = True

    return execute


def _drop_temporary_property(create: exp.Create) -> bool:
    properties = create.args.get("properties")
    if properties is None or not any(isinstance(p, exp.TemporaryProperty) for p in properties.expressions):
        return False
    others = [p for p in properties.expressions if not isinstance(p, exp.TemporaryProperty)]
    create.set("properties", exp.Properties(expressions=others) if others else None)
    return True


def _refuse_to_hide(cursor: FakeSnowflakeCursor, parts: list[str]) -> None:
    if temporaries.is_ordinary(cursor._duck_conn, parts):
        raise ProgrammingError(
            msg=f"{temporaries.quoted(parts)} exists and is not temporary; the local warehouse cannot hide "
            "it behind a temporary relation. Use another name",
            errno=2002,
            sqlstate="42710",
        )
