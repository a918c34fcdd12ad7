"""Statements tried one by one in a session with the warehouse, and in words what was refused."""

from typing import Any

from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import Error

from blocks.grants import Grant, Names, explained
from flows.trouble import is_lost

STATEMENT_SECONDS = 20


class Attempts:
    """What a role tried, and the `problems` it met. A lost connection ends it all: that error is raised."""

    def __init__(self, connection: SnowflakeConnection, names: Names) -> None:
        self._connection = connection
        self.names = names
        self.role = connection.role  # as the server tells it after the login, if it does
        self.problems: list[str] = []

    def may(self, statement: str, deed: str, grant: Grant, seconds: int = STATEMENT_SECONDS) -> bool:
        """Whether a statement succeeds; if not, a problem says what needs the grant."""
        error = self.refusal(statement, seconds)
        if error:
            self.refused(error, deed, grant)
        return error is None

    def refusal(self, statement: str, seconds: int = STATEMENT_SECONDS) -> Error | None:
        """What Snowflake answers if the statement fails."""
        try:
            self.rows(statement, seconds)
        except Error as error:
            if is_lost(error):
                raise
            return error
        return None

    def refused(self, error: Error, deed: str, grant: Grant) -> None:
        """Note what could not be done for want of a grant."""
        self.problems.append(explained(error, deed, grant, self.names))

    def rows(self, statement: str, seconds: int = STATEMENT_SECONDS) -> list[tuple[Any, ...]]:
        """All rows of a statement that is expected to succeed."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement, timeout=seconds)
            return [tuple(row) for row in cursor.fetchall()]

    def columns(self, query: str) -> list[str]:
        """The names of a query's columns."""
        with self._connection.cursor() as cursor:
            cursor.execute(query, timeout=STATEMENT_SECONDS)
            return [column.name for column in cursor.description]

    def shown(self, statement: str) -> dict[str, dict[str, Any]]:
        """By its name, each thing that a SHOW lists, with the columns in small letters."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement, timeout=STATEMENT_SECONDS)
            names = [column.name.lower() for column in cursor.description]
            found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return {str(row["name"]): row for row in found}
