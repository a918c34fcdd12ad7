"""Parse each statement once, and none of what DuckDB is asked about its result."""

import importlib
import threading
from typing import Any

from fakesnow import cursor
from fakesnow.cursor import FakeSnowflakeCursor
from sqlglot import exp

_KEPT = 64


class _Parsed:
    """Trees of statements that were parsed and not yet translated, by their text; the newest few."""

    def __init__(self) -> None:
        self._trees: dict[str, exp.Expr] = {}
        self._lock = threading.Lock()

    def keep(self, command: str, tree: exp.Expr) -> None:
        with self._lock:
            self._trees[command] = tree
            while len(self._trees) > _KEPT:
                del self._trees[next(iter(self._trees))]

    def take(self, command: str) -> exp.Expr | None:
        """The tree, once: translating changes it."""
        with self._lock:
            return self._trees.pop(command, None)


def apply() -> None:
    """Apply the fixes of this file. What parses has to be wrapped for good before."""
    parse_once()
    describe_without_parsing()


def parse_once() -> None:
    """Hand the tree that the server has looked at to the cursor, which stock lets parse the text again."""
    server: Any = importlib.import_module("fakesnow.server")
    for_server, for_cursor, parsed = server.parse_one, cursor.parse_one, _Parsed()

    def parse_and_keep(command: str) -> exp.Expr:
        tree: exp.Expr = for_server(command)
        parsed.keep(command, tree)
        return tree

    def parse_unless_kept(command: str) -> exp.Expr:
        return parsed.take(command) or for_cursor(command)

    server.parse_one = parse_and_keep
    cursor.parse_one = parse_unless_kept


def describe_without_parsing() -> None:
    """Ask DuckDB for the columns of the statement it ran; stock parses and writes DuckDB's own SQL again."""

    def describe_last_sql(self: FakeSnowflakeCursor) -> list[Any]:
        # the result was fetched as a whole before, so its connection is free
        described = self._duck_conn.execute(f"DESCRIBE {self._last_sql}", self._last_params)
        return described.fetchall()

    FakeSnowflakeCursor._describe_last_sql = describe_last_sql  # type: ignore[method-assign]
