"""A session with the warehouse, opened from the connector block."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect_snowflake import SnowflakeConnector
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import DatabaseError, Error, ForbiddenError, HttpError, OperationalError

from blocks.names import WAREHOUSE_SLUG
from flows.errors import UnreachableError, WarehouseError

LOGIN_TIMEOUT_SECONDS = 20
STATEMENT_TIMEOUT_SECONDS = 3600


@contextmanager
def connect(
    connector: SnowflakeConnector, query_tag: str = "ecommerce-pipeline", block: str = WAREHOUSE_SLUG
) -> Iterator[SnowflakeConnection]:
    """A connection in UTC that is closed afterwards, whatever happens.

    Raises:
        UnreachableError: nobody answers at the block's address, or the login is refused.
        WarehouseError: inside the `with` block, a statement failed and nobody said better what it means.
    """
    try:
        connection = connector.get_connection(
            login_timeout=LOGIN_TIMEOUT_SECONDS,
            client_session_keep_alive=False,
            session_parameters={
                "TIMEZONE": "UTC",
                "QUERY_TAG": query_tag,
                "STATEMENT_TIMEOUT_IN_SECONDS": STATEMENT_TIMEOUT_SECONDS,
            },
        )
    except (OperationalError, HttpError, ForbiddenError) as error:
        raise UnreachableError(
            f"block {block}: no Snowflake answers at {address(connector)} ({_first_line(error)}); "
            "check the block and the network with `python -m blocks.register --check`"
        ) from None
    except DatabaseError as error:
        raise UnreachableError(
            f"block {block}: {address(connector)} refuses the login ({_first_line(error)}); check user, "
            "key or password and role, then `python -m blocks.register --overwrite`"
        ) from None
    try:
        yield connection
    except Error as error:
        raise WarehouseError(
            f"block {block}: the warehouse refused a statement in database {connector.database} "
            f"({_first_line(error)}); check that the role may use the database, its schemas and the warehouse"
        ) from None
    finally:
        connection.close()


def address(connector: SnowflakeConnector) -> str:
    """Where the block points, for messages."""
    credentials: Any = connector.credentials
    host = getattr(credentials, "host", None)
    if host is None:
        return f"account {credentials.account}"
    protocol = getattr(credentials, "protocol", None) or "https"
    return f"{protocol}://{host}:{getattr(credentials, 'port', None) or 443}"


def read_sql(path: Path) -> str:
    """Text of a `.sql` file that lives beside the code that runs it."""
    return path.read_text(encoding="utf-8")


def rows(connection: SnowflakeConnection, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of one query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, tuple(parameters) or None)
        return [tuple(row) for row in cursor.fetchall()]


def _first_line(error: Error) -> str:
    return (error.msg or str(error)).strip().splitlines()[0][:200]
