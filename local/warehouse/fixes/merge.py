"""MERGE as one atomic statement."""

from typing import Any

import sqlglot
from fakesnow import transforms
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.transforms.merge import operations
from sqlglot import exp

ACTIONS = {"inserted": "INSERT", "updated": "UPDATE", "deleted": "DELETE"}


def apply() -> None:
    """Run MERGE as DuckDB's own MERGE and report the counts of each operation.

    Stock splits it into a join, deletes, updates and inserts: not atomic outside a transaction. It leaves
    a table behind and fails on what dbt writes (quoted and unqualified columns). Snowflake runs one statement
    and reports one column an operation: https://docs.snowflake.com/en/sql-reference/sql/merge
    """
    transforms.merge = lambda merge_expr: [merge_expr]
    FakeSnowflakeCursor._execute = _with_native_merge(FakeSnowflakeCursor._execute)  # type: ignore[method-assign]


def _with_native_merge(stock: Any) -> Any:
    def execute(self: FakeSnowflakeCursor, transformed: exp.Expr, params: Any = None) -> None:
        if not isinstance(transformed, exp.Merge):
            return stock(self, transformed, params)
        if not self._conn._autocommit and not self._conn._in_transaction:
            self._duck_conn.begin()
            self._conn._in_transaction = True
        counts = sqlglot.parse_one(run(self._duck_conn, transformed, params), read="duckdb")
        counts.set("merge_counts", True)
        return stock(self, counts)

    return execute


def run(connection: Any, merge: exp.Merge, params: Any) -> str:
    """Run the merge and return a query that yields the counts Snowflake reports."""
    for when in merge.args["whens"].expressions:
        then = when.args["then"]
        for assignment in then.expressions if isinstance(then, exp.Update) else []:
            assignment.this.set("table", None)  # DuckDB takes no qualified name on the left of SET
    rows = connection.execute(f"{merge.sql(dialect='duckdb')} returning merge_action", params).fetchall()
    actions = [action for (action,) in rows]
    return "select " + ", ".join(
        f'{actions.count(ACTIONS[name])} as "number of rows {name}"'
        for name, clauses in operations(merge).items()
        if clauses
    )
