"""One statement a request."""

import importlib
from typing import Any

from fakesnow import cursor
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

WRONG_COUNT = 8


def apply() -> None:
    """Refuse several statements in one request, as Snowflake does by default.

    Stock hands them to DuckDB as a block, past everything that watches single statements: a `begin` among
    them would open a transaction nobody knows of. A comment behind the last semicolon is no statement.
    https://docs.snowflake.com/en/developer-guide/sql-api/submitting-multiple-statements
    """
    server: Any = importlib.import_module("fakesnow.server")
    cursor.parse_one = _only_one(cursor.parse_one)
    server.parse_one = _only_one(server.parse_one)


def _only_one(stock: Any) -> Any:
    def parse_one(command: str) -> exp.Expr:
        expression = stock(command)
        if not isinstance(expression, exp.Block):
            return expression
        statements = [each for each in expression.expressions if not isinstance(each, exp.Semicolon)]
        if len(statements) == 1:
            return statements[0].pop()
        raise ProgrammingError(
            msg=f"Actual statement count {len(statements)} did not match the desired statement count 1.",
            errno=WRONG_COUNT,
            sqlstate="0A000",
        )

    return parse_one
