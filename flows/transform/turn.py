"""One run at a time builds the models, or tells people what they say.

A build compares the landing zone with what the last one knew, works on what is new, and notes it as known:
two at once could note what neither has built. Two that tell people could both send a message. Whoever does
either changes one row in a transaction that stays open until that has ended; the others wait for it. A run
that is killed loses its transaction, and with it its turn:
https://docs.snowflake.com/en/sql-reference/transactions#aborting-transactions
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from prefect.runtime import flow_run
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import Error

from flows.ingest.retries import PATIENCE, Patience, Session
from flows.migrations import prepare
from flows.warehouse import Connect, read_sql

# Snowflake ends a transaction that others wait for after five idle minutes.
STIR_SECONDS = 60.0
_SQL = Path(__file__).parent / "sql"


@contextmanager
def our_turn(
    connect: Connect,
    report: Callable[[str], None],
    purpose: str,
    patience: Patience = PATIENCE,
    environment: str = "prod",
) -> Iterator[None]:
    """Wait until nobody else has the turn, and let nobody take it within the block.

    Args:
        connect: opens a session for the turn alone.
        report: told one line before each wait.
        purpose: what the turn is for, for these lines, such as "building the models".
        patience: how long another run at work is borne.
        environment: whose database it is.

    Raises:
        UnreachableError: the warehouse did not come back.
        Error: of the connector, where another run did not end for as long as `patience` has it.
    """
    with Session(connect, partial(prepare, environment=environment), report, patience) as session:
        connection = session.run(_take, purpose)
        ended = threading.Event()
        keeper = threading.Thread(target=_keep, args=(connection, ended), daemon=True)
        keeper.start()
        try:
            yield
        finally:
            ended.set()
            keeper.join()
            with suppress(Error):  # a lost session has lost its turn
                connection.cursor().execute("rollback")


def _take(connection: SnowflakeConnection) -> SnowflakeConnection:
    with connection.cursor() as cursor:
        cursor.execute("begin")
        try:
            _change(connection)
        except BaseException:
            with suppress(Error):
                cursor.execute("rollback")
            raise
    return connection


def _keep(connection: SnowflakeConnection, ended: threading.Event) -> None:
    """Show now and then that somebody is there."""
    while not ended.wait(STIR_SECONDS):
        try:
            _change(connection)
        except Error:
            return


def _change(connection: SnowflakeConnection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(read_sql(_SQL / "take_turn.sql"), (str(flow_run.id or "by hand"),))
