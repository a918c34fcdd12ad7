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
KEY_TAKEN = ("violates primary key constraint", "PRIMARY KEY or UNIQUE constraint violation")
WAIT_SECONDS = 2.0
WAIT_STEP_SECONDS = 0.05


def apply() -> None:
    """Apply the fixes of this file."""
    execute, explode = FakeSnowflakeCursor._execute, FakeSnowflakeCursor._transform_explode
    FakeSnowflakeCursor._transform_explode = _marking_parts(explode)  # type: ignore[method-assign]
    FakeSnowflakeCursor._execute = _keeping_transactions(_all_or_nothing(execute))  # type: ignore[method-assign]


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


def _marking_parts(stock: Any) -> Any:
    """Mark the first and the last part of an INSERT OVERWRITE, which is run as DELETE and INSERT."""

    def explode(self: FakeSnowflakeCursor, expression: exp.Expr) -> list[exp.Expr]:
        parts = stock(self, expression)
        if isinstance(expression, exp.Insert) and len(parts) > 1:
            parts[0].set("first_part", True)
            parts[-1].set("last_part", True)
        return parts

    return explode


def _all_or_nothing(stock: Any) -> Any:
    """Run the parts of one statement in one transaction where the caller has none open.

    Stock commits each file of a COPY by itself, so that a bad one leaves the others loaded, and the DELETE of
    an INSERT OVERWRITE before its INSERT. On Snowflake a statement that fails has done nothing.
    """

    def execute(self: FakeSnowflakeCursor, transformed: exp.Expr, params: Any = None) -> None:
        session, whole = sessions.state(self._conn), isinstance(transformed, exp.Copy)
        alone = self._conn._autocommit and not session.in_transaction and not session.in_one_statement
        if alone and (whole or transformed.args.get("first_part")):
            self._duck_conn.begin()
            session.in_one_statement = True
        try:
            stock(self, transformed, params)
            if session.in_one_statement and (whole or transformed.args.get("last_part")):
                self._duck_conn.commit()
                session.in_one_statement = False
        except Exception:
            if session.in_one_statement:
                sessions.close_transaction(self._conn)
            raise

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
    nothing can be repeated: there the conflict is the caller's, as errno 625. Two sessions that create the
    same thing where it does not exist also meet, in the keys of the tables fakesnow keeps account in.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            # running a COPY changes its tree
            again = transformed.copy() if isinstance(transformed, exp.Copy) else transformed
            return stock(cursor, again, params)
        except (duckdb.TransactionException, duckdb.ConstraintException) as error:
            # the last part of a statement cannot be repeated without the first
            alone = not (sessions.open_transaction(cursor._conn) or transformed.args.get("last_part"))
            passes = is_conflict(error) or _created_twice(error, transformed)
            if not (alone and passes and time.monotonic() < deadline):
                raise
            time.sleep(WAIT_STEP_SECONDS)


def is_conflict(error: Exception) -> bool:
    """Whether two transactions wanted to change the same thing."""
    return isinstance(error, duckdb.TransactionException) and "conflict" in str(error).lower()


def _created_twice(error: duckdb.Error, statement: exp.Expr) -> bool:
    """Whether another session has created the same thing at the same moment, which the next try will find."""
    creates = "create_stage_name" in statement.args or (
        isinstance(statement, exp.Create)
        and bool(statement.args.get("exists") or statement.args.get("replace"))
    )
    return creates and any(words in str(error) for words in KEY_TAKEN)
