"""Transactions that save everything or say that they did not."""

import time
from typing import Any

import duckdb
from fakesnow import transforms
from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.cursor import FakeSnowflakeCursor
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

from local.warehouse import sessions

DDL = (exp.Create, exp.Drop, exp.Alter, exp.Comment)
WAIT_SECONDS = 2.0
WAIT_STEP_SECONDS = 0.05


def apply() -> None:
    """Apply the fixes of this file."""
    FakeSnowflakeCursor._execute = _keeping_transactions(FakeSnowflakeCursor._execute)  # type: ignore[method-assign]


def _keeping_transactions(stock: Any) -> Any:
    """Refuse COMMIT after an error; stock answers OK and saves nothing.

    DuckDB aborts the whole transaction at the first error and its COMMIT then is a silent ROLLBACK. Snowflake
    keeps the transaction open and COMMIT saves the statements that succeeded
    (https://docs.snowflake.com/en/sql-reference/transactions#failed-statements-within-a-transaction). That
    cannot be had here, so a COMMIT after an error fails, loudly, and so does every statement before ROLLBACK.
    """

    def execute(self: FakeSnowflakeCursor, transformed: exp.Expr, params: Any = None) -> None:
        session = sessions.state(self._conn)
        if session.failure and isinstance(transformed, exp.Rollback):
            sessions.close_transaction(self._conn)
            session.failure = None
        elif session.failure:
            _refuse(self._conn, ends=isinstance(transformed, exp.Commit))
        elif isinstance(transformed, exp.Transaction) and sessions.open_transaction(self._conn):
            transformed = transforms.SUCCESS_NOP.copy()  # Snowflake ignores a BEGIN within a transaction
        elif session.in_transaction and isinstance(transformed, DDL):
            # https://docs.snowflake.com/en/sql-reference/transactions#ddl
            self._duck_conn.commit()
            session.in_transaction = False
        try:
            _waiting_for_others(stock, self, transformed, params)
        except Exception as error:
            mark_failed(self._conn, str(error) or type(error).__name__)
            raise
        if isinstance(transformed, exp.Transaction):
            session.in_transaction = True
        elif _ends_transaction(transformed):
            session.in_transaction = False

    return execute


def _ends_transaction(statement: exp.Expr) -> bool:
    # switching autocommit commits what is open
    return (
        isinstance(statement, exp.Commit | exp.Rollback) or statement.args.get("set_autocommit") is not None
    )


def mark_failed(connection: FakeSnowflakeConnection, reason: str) -> None:
    """Remember that the open transaction, if any, met an error."""
    session = sessions.state(connection)
    if sessions.open_transaction(connection) and session.failure is None:
        session.failure = reason.splitlines()[0]


def _refuse(connection: FakeSnowflakeConnection, *, ends: bool) -> None:
    session = sessions.state(connection)
    message = f"this transaction met an error before and saves nothing ({session.failure})"
    if ends:
        sessions.close_transaction(connection)
        session.failure = None
        raise ProgrammingError(msg=f"COMMIT refused: {message}; run it again", errno=90232, sqlstate="25000")
    raise ProgrammingError(msg=f"{message}; ROLLBACK and run it again", errno=90232, sqlstate="25000")


def _waiting_for_others(stock: Any, cursor: FakeSnowflakeCursor, transformed: exp.Expr, params: Any) -> None:
    """Repeat a single statement that conflicts with another session's, for a moment.

    Snowflake lets a statement wait for the lock on a table; DuckDB fails at once. Within a transaction
    nothing can be repeated: there the conflict is the caller's, as errno 625.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return stock(cursor, transformed.copy(), params)
        except duckdb.TransactionException as error:
            if (
                not is_conflict(error)
                or sessions.open_transaction(cursor._conn)
                or time.monotonic() > deadline
            ):
                raise
            time.sleep(WAIT_STEP_SECONDS)


def is_conflict(error: Exception) -> bool:
    """Whether two transactions wanted to change the same thing."""
    return isinstance(error, duckdb.TransactionException) and "conflict" in str(error).lower()
