"""A run of its own: a temporary Prefect server and the stand-ins, for those who configured none.

Everything starts at once, as separate processes that end with this one, and the heavy imports go on
meanwhile. Stand-ins that already run on the data directory are used and left running. One run at a
time uses a data directory; a second one waits.
"""

import atexit
import importlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from flows import paths
from flows.environments import Environment, named, of_the_shell
from flows.prefect_api import isolate
from local.processes import PrefectServer, StandIn, StandInError

if TYPE_CHECKING:
    from prefect_snowflake import SnowflakeConnector

    from blocks.settings import EmailSettings, SnowflakeSettings


@dataclass(frozen=True)
class Session:
    """The stand-ins of one run."""

    outbox: Path

    def message_paths(self, messages: Iterable[Any]) -> dict[str, str]:
        """In which file of the outbox each message landed, by Message-ID."""
        from local.mailbox.delivery import find_message

        found = {message.message_id: find_message(self.outbox, message.message_id) for message in messages}
        return {message_id: str(path) for message_id, path in found.items() if path}


@contextmanager
def isolated_session(
    say: Callable[[str], None],
    meanwhile: Callable[["SnowflakeConnector"], None] | None = None,
    environment: Environment | str | None = None,
) -> Iterator[Session]:
    """Start what is missing, register the environment's blocks, and hand over.

    Args:
        say: told one line of progress.
        meanwhile: what to do while the Prefect server starts, given the connector block to come.
        environment: whose blocks; by default those that `ORDER_MONITORING_ENV` names.

    Raises:
        StandInError: a server did not start.
        InputError: a variable cannot be used, or names another environment's database.
    """
    where = _environment(environment)
    with _turn(say):
        say("starting a temporary Prefect server and the local stand-ins")
        server = PrefectServer()
        isolate(server.api_url)
        server.start()
        warehouse = (
            None if _set("SNOWFLAKE_ACCOUNT", "SNOWFLAKE_HOST") else StandIn("warehouse", "SNOWFLAKE_PORT")
        )
        mailbox = None if _set("SMTP_HOST") else StandIn("mailbox", "SMTP_PORT")
        importlib.import_module("flows.main")  # seconds of imports, while the servers start
        from blocks.register import register_blocks
        from blocks.settings import read_webhooks

        snowflake, email = _settings(warehouse, mailbox, where)
        webhooks = read_webhooks().to_blocks(where.name)
        if meanwhile:
            meanwhile(snowflake.to_block())
        server.wait()
        register_blocks(snowflake, email, webhooks, overwrite=True, environment=where)
        yield Session(paths.outbox_dir())
        # the processes end at exit, after Prefect's own workers have delivered their last logs and events


@contextmanager
def isolated_warehouse(
    say: Callable[[str], None], environment: Environment | str | None = None
) -> Iterator["SnowflakeConnector"]:
    """The block of the environment's warehouse, without a Prefect server; its stand-in is started if needed.

    Args:
        say: told one line of progress, such as that another run has to end first.
        environment: whose warehouse; by default that which `ORDER_MONITORING_ENV` names.

    Raises:
        StandInError: the warehouse did not start.
        InputError: a variable cannot be used.
    """
    where = _environment(environment)
    with _turn(say):
        isolate("")
        stand_in = (
            None if _set("SNOWFLAKE_ACCOUNT", "SNOWFLAKE_HOST") else StandIn("warehouse", "SNOWFLAKE_PORT")
        )
        snowflake, _ = _settings(stand_in, None, where)
        yield snowflake.to_block()


def _environment(environment: Environment | str | None) -> Environment:
    if isinstance(environment, Environment):
        return environment
    return named(environment, "environment") if environment else of_the_shell()


def _settings(
    warehouse: StandIn | None, mailbox: StandIn | None, environment: Environment
) -> tuple["SnowflakeSettings", "EmailSettings"]:
    """The settings in this process's variables, pointing at the stand-ins; waits until those listen."""
    from blocks.settings import read_settings

    snowflake, email = read_settings(environment.name)
    if warehouse:
        snowflake = snowflake.model_copy(update={"port": warehouse.port()})
    if mailbox:
        email = email.model_copy(update={"port": mailbox.port()})
    return snowflake, email


@contextmanager
def _turn(say: Callable[[str], None]) -> Iterator[None]:
    """Hold the data directory for this run; its release comes last, at exit."""
    lock = FileLock(paths.data_dir() / ".run.lock")
    try:
        paths.data_dir().mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout:
        say(f"another run is at work on {paths.data_dir()}; waiting for it to end")
        lock.acquire()
    except OSError as error:
        raise StandInError(
            f"cannot use {paths.data_dir()}: {error.strerror}; make it writable or set ORDERS_DATA_DIR"
        ) from None
    atexit.register(lock.release)
    yield


def _set(*names: str) -> bool:
    return any(os.environ.get(name, "").strip() for name in names)
