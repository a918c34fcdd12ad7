"""Every failed statement is answered as Snowflake answers it, never with HTTP 500."""

from typing import Any

import duckdb
from fakesnow.cursor import FakeSnowflakeCursor
from snowflake.connector.errors import Error, ProgrammingError


def apply() -> None:
    """Apply the fixes of this file."""
    FakeSnowflakeCursor.execute = _with_snowflake_errors(FakeSnowflakeCursor.execute)  # type: ignore[method-assign]


def _with_snowflake_errors(stock: Any) -> Any:
    def execute(self: FakeSnowflakeCursor, *args: Any, **kwargs: Any) -> FakeSnowflakeCursor:
        try:
            return stock(self, *args, **kwargs)
        except Exception as error:
            raise as_programming_error(error) from error

    return execute


def as_programming_error(error: Exception) -> ProgrammingError:
    """The error to send for any exception: 625 for a conflict with another transaction, DuckDB's message else."""
    if isinstance(error, ProgrammingError):
        return error
    message = error.msg if isinstance(error, Error) and error.msg else str(error) or type(error).__name__
    if isinstance(error, duckdb.TransactionException) and "conflict" in message.lower():
        return ProgrammingError(msg=message, errno=625, sqlstate="57014")
    return ProgrammingError(msg=message, errno=100132, sqlstate="P0000")
