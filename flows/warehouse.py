"""A session with the warehouse, opened from the connector block."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from prefect.runtime import flow_run
from prefect_snowflake import SnowflakeConnector
from snowflake.connector import SnowflakeConnection
from snowflake.connector.backoff_policies import exponential_backoff
from snowflake.connector.errorcode import ER_FAILED_TO_CONNECT_TO_DB
from snowflake.connector.errors import DatabaseError, Error, ForbiddenError, HttpError, OperationalError

from blocks.names import WAREHOUSE_SLUG
from flows.errors import UnreachableError, WarehouseError
from flows.trouble import is_lost, one_line

Connect = Callable[[], AbstractContextManager[SnowflakeConnection]]

APP = "order-monitoring"
LOGIN_TIMEOUT_SECONDS = 20
STATEMENT_TIMEOUT_SECONDS = 3600
# A statement waits this long for another transaction's lock. Short, so that whoever waits can say so.
LOCK_TIMEOUT_SECONDS = 30
# The connector sends a request again for this long while nobody answers, or answers with HTTP errors.
ANSWER_TIMEOUT_SECONDS = 120


class NoAnswerError(UnreachableError):
    """Nobody answers at the block's address, perhaps only for now."""


@contextmanager
def connect(
    connector: SnowflakeConnector, query_tag: str | None = None, block: str = WAREHOUSE_SLUG
) -> Iterator[SnowflakeConnection]:
    """A connection in UTC that is closed afterwards, whatever happens.

    A server that is gone does not hang a statement: the connector gives up after `ANSWER_TIMEOUT_SECONDS`.
    That is not its `network_timeout`, which also cancels any statement that runs longer, answered or not.

    Args:
        connector: the block.
        query_tag: what the account's query history shows beside each statement; see `tag`.
        block: the block's name, for messages.

    Raises:
        NoAnswerError: nobody answers at the block's address.
        UnreachableError: the login is refused, or the connection was lost inside the `with` block.
        WarehouseError: inside the `with` block, a statement failed and nobody said better what it means.
    """
    try:
        # get_connection() would hand out its first connection again, also where that one is lost
        connection = connector.credentials.get_client(
            database=connector.database,
            warehouse=connector.warehouse,
            schema=connector.schema_,
            login_timeout=LOGIN_TIMEOUT_SECONDS,
            network_timeout=STATEMENT_TIMEOUT_SECONDS + ANSWER_TIMEOUT_SECONDS,
            backoff_policy=_until_nobody_answers,
            client_session_keep_alive=False,
            session_parameters=_session_parameters(query_tag or tag("ecommerce-pipeline")),
        )
    except (OperationalError, HttpError, ForbiddenError) as error:
        kind = NoAnswerError if is_lost(error) else UnreachableError
        raise kind(
            f"block {block}: no Snowflake answers at {address(connector)} ({one_line(error)}); "
            "check the block and the network with `python -m blocks.register --check`"
        ) from None
    except DatabaseError as error:
        raise UnreachableError(
            f"block {block}: {address(connector)} refuses the login ({one_line(error)}); check user, "
            "key or password and role, then `python -m blocks.register --overwrite`"
        ) from None
    try:
        yield connection
    except Error as error:
        if is_lost(error):
            raise UnreachableError(
                f"block {block}: the connection to {address(connector)} was lost ({one_line(error)}); "
                "run again"
            ) from None
        raise WarehouseError(
            f"block {block}: the warehouse refused a statement in database {connector.database} "
            f"({one_line(error)}); check that the role may use the database, its schemas and the warehouse"
        ) from None
    finally:
        connection.close(retry=False)  # a server that is gone is not worth minutes


def opener(connector: SnowflakeConnector, block: str, step: str, as_of: date | None = None) -> Connect:
    """Opens sessions for one step of a run, under its tag; `block` is the name of the stored connector."""
    return partial(connect, connector, tag(step, as_of), f"snowflake-connector/{block}")


def tag(step: str, as_of: date | None = None) -> str:
    """A query tag as a JSON object: app and step, and the as-of day and the flow run where there are any.

    Far below the 2,000 characters a tag may have, as long as `step` is a name.
    """
    content = {"app": APP, "step": step, "as_of": as_of and as_of.isoformat(), "flow_run_id": flow_run.id}
    return json.dumps({name: str(value) for name, value in content.items() if value is not None})


def _session_parameters(query_tag: str) -> dict[str, Any]:
    # https://docs.snowflake.com/en/sql-reference/parameters
    return {
        "TIMEZONE": "UTC",
        # an account may have others; dates are bound as YYYY-MM-DD
        "DATE_INPUT_FORMAT": "AUTO",
        "TIMESTAMP_INPUT_FORMAT": "AUTO",
        "QUERY_TAG": query_tag,
        "AUTOCOMMIT": True,  # an account may have another default; what belongs together has a BEGIN
        "STATEMENT_TIMEOUT_IN_SECONDS": STATEMENT_TIMEOUT_SECONDS,
        "LOCK_TIMEOUT": LOCK_TIMEOUT_SECONDS,
        "ABORT_DETACHED_QUERY": True,  # a killed run must not go on copying under its lock
    }


def _until_nobody_answers() -> Iterator[int]:
    """Seconds to wait before a request is sent again, until it has failed for `ANSWER_TIMEOUT_SECONDS`."""
    started = monotonic()
    for seconds in exponential_backoff()():
        yield seconds  # the first is asked for before anything failed
        if monotonic() - started > ANSWER_TIMEOUT_SECONDS:
            raise OperationalError(
                msg=f"no answer for {ANSWER_TIMEOUT_SECONDS} seconds", errno=ER_FAILED_TO_CONNECT_TO_DB
            )


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
