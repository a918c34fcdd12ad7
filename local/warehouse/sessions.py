"""What the server remembers of each session beyond fakesnow: its transaction and its temporary relations."""

import asyncio
import contextlib
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import duckdb
from fakesnow.conn import FakeSnowflakeConnection

from local.warehouse import temporaries

GONE_AFTER_SECONDS = 2.0

Address = tuple[str, int]


@dataclass
class Session:
    """State of one session, kept on its fakesnow connection."""

    in_transaction: bool = False
    in_one_statement: bool = False  # a transaction around the parts of one statement
    failure: str | None = None  # why the open transaction can no longer be committed
    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    has_temporaries: bool = False


def state(connection: FakeSnowflakeConnection) -> Session:
    """The session's state, created at first use."""
    return connection.__dict__.setdefault("_local_session", Session())


def open_transaction(connection: FakeSnowflakeConnection) -> bool:
    """Whether statements are part of a transaction: an explicit one, or one begun with autocommit off."""
    return state(connection).in_transaction or connection._in_transaction


def close_transaction(connection: FakeSnowflakeConnection) -> None:
    """Undo what the open transaction did, if there is one."""
    with contextlib.suppress(duckdb.Error):
        connection._duck_conn.rollback()
    connection._in_transaction = False
    state(connection).in_transaction = state(connection).in_one_statement = False


def end(connection: FakeSnowflakeConnection) -> None:
    """Roll back, drop the session's temporary relations and free its DuckDB connection."""
    close_transaction(connection)
    if state(connection).has_temporaries:
        temporaries.drop(connection._duck_conn, state(connection).name)
    connection.close()


class Connections:
    """The TCP connections each session was seen on, to notice a client that was killed.

    A client that goes without logging out leaves its transaction open, and every later writer to the same
    rows would conflict with it for as long as the server runs. Snowflake rolls such transactions back too:
    https://docs.snowflake.com/en/sql-reference/transactions#aborting-transactions
    """

    def __init__(self, sessions: dict[str, Any], gone_after: float = GONE_AFTER_SECONDS) -> None:
        self._sessions = sessions
        self._gone_after = gone_after
        self._open: dict[str, set[Address]] = defaultdict(set)

    def seen(self, token: str, client: Address) -> None:
        """A request of the session came over this connection."""
        self._open[token].add(client)

    def lost(self, client: Address) -> None:
        """The connection was closed; a session without any other is given a moment to come back."""
        for token, clients in list(self._open.items()):
            clients.discard(client)
            if clients:
                continue
            if token in self._sessions:
                asyncio.get_running_loop().call_later(self._gone_after, self._abandon, token)
            else:
                del self._open[token]

    def _abandon(self, token: str) -> None:
        connection = self._sessions.get(token)
        if connection is None or self._open[token] or not open_transaction(connection):
            return
        connection._duck_conn.interrupt()
        close_transaction(connection)
        state(connection).failure = "the client's connection was lost"
