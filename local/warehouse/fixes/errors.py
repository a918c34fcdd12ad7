"""Every failed statement is answered as Snowflake answers it, never with HTTP 500."""

import logging
from contextvars import ContextVar
from typing import Any

import duckdb
from fakesnow.cursor import FakeSnowflakeCursor
from snowflake.connector.errors import Error, ProgrammingError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.warehouse import sessions
from local.warehouse.fixes.transactions import is_conflict, mark_failed

LOCK_CONFLICT = 625
CANCELED = 604
NOT_UNIQUE_MERGE = 100090
FAILED = 100132

_unhandled: ContextVar[Exception] = ContextVar("unhandled")


def apply() -> None:
    """Apply the fixes of this file."""
    FakeSnowflakeCursor.execute = _with_snowflake_errors(FakeSnowflakeCursor.execute)  # type: ignore[method-assign]
    describe = FakeSnowflakeCursor._describe_last_sql
    FakeSnowflakeCursor._describe_last_sql = _with_snowflake_errors(describe)  # type: ignore[method-assign]


def _with_snowflake_errors(stock: Any) -> Any:
    """Turn any exception into a ProgrammingError with the message DuckDB gave.

    Stock answers an error it has no mapping for with HTTP 500, which the connector takes for a broken
    connection and sends the statement again until its network timeout: a duplicate key hung for minutes.
    """

    def execute(self: FakeSnowflakeCursor, *args: Any, **kwargs: Any) -> Any:
        try:
            return stock(self, *args, **kwargs)
        except Exception as error:
            if sessions.state(self._conn).in_one_statement:
                sessions.close_transaction(self._conn)
            mark_failed(self._conn, str(error) or type(error).__name__)
            raise as_programming_error(error) from error

    return execute


def as_programming_error(error: Exception) -> ProgrammingError:
    """The error to send for any exception; only 625, a conflict of transactions, is worth a retry."""
    if isinstance(error, ProgrammingError) and (error.errno or 0) > 0:
        return error
    message = error.msg if isinstance(error, Error) and error.msg else str(error) or type(error).__name__
    if is_conflict(error):
        return ProgrammingError(msg=message, errno=LOCK_CONFLICT, sqlstate="57014")
    if isinstance(error, duckdb.InterruptException):
        return ProgrammingError(msg="SQL execution canceled", errno=CANCELED, sqlstate="57014")
    if "same target row more than once" in message:
        return ProgrammingError(msg=message, errno=NOT_UNIQUE_MERGE, sqlstate="42P18")
    return ProgrammingError(msg=message, errno=FAILED, sqlstate="P0000")


def answer(error: Exception) -> JSONResponse:
    """The response body for an error that was raised outside a statement."""
    mapped = as_programming_error(error)
    code = f"{mapped.errno:06d}"
    return JSONResponse(
        {
            "data": {"errorCode": code, "sqlState": mapped.sqlstate},
            "code": code,
            "message": mapped.msg,
            "success": False,
        }
    )


def failed(response: Response) -> bool:
    """Whether the answer to a statement is an error."""
    return bytes(response.body).endswith(b'"success":false}')


class _Unhandled(logging.Handler):
    """Catches the exception stock only logs, with the whole statement, before it answers 500."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and isinstance(record.exc_info[1], Exception):
            _unhandled.set(record.exc_info[1])


def keep_out_of_the_log(logger: logging.Logger) -> None:
    """Let stock's logger, which writes statements with their literals, write nothing."""
    logger.setLevel(logging.ERROR)
    logger.handlers, logger.propagate = [_Unhandled()], False


def never_500(endpoint: Any) -> Any:
    """Wrap a route: what goes wrong on the server is an answer, not a reason to send the request again."""

    async def guarded(request: Request) -> Any:
        try:
            response = await endpoint(request)
        except Exception as error:
            return answer(error)
        if response.status_code == 500:
            return answer(_unhandled.get(RuntimeError("the local warehouse does not support this statement")))
        return response

    return guarded
