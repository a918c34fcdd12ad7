"""A run of its own: a temporary Prefect server and the stand-ins, for those who configured none.

Everything starts at once, as separate processes that end with this one, and the heavy imports go on
meanwhile. Stand-ins that already run on the data directory are used and left running.
"""

import atexit
import importlib
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows import paths
from flows.errors import PipelineError
from flows.prefect_api import isolated_environment
from local import service

START_SECONDS = 120
_HEAVY_MODULES = ("prefect", "flows.main")


class StandInError(PipelineError):
    """A local server does not start; the message is the server's own."""


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
def isolated_session(say: Callable[[str], None]) -> Iterator[Session]:
    """Start what is missing, register the blocks, and hand over.

    Raises:
        StandInError: a server did not start.
    """
    say("starting a temporary Prefect server, the local warehouse and the local mailbox")
    server = _start_prefect_server()
    warehouse = None if _set("SNOWFLAKE_ACCOUNT", "SNOWFLAKE_HOST", "SNOWFLAKE_PORT") else _stand_in("warehouse")
    mailbox = None if _set("SMTP_HOST", "SMTP_PORT") else _stand_in("mailbox")
    for module in _HEAVY_MODULES:
        importlib.import_module(module)
    for name, port, started in (
        ("SNOWFLAKE_PORT", "SNOWFLAKE_PORT", warehouse),
        ("SMTP_PORT", "SMTP_PORT", mailbox),
    ):
        del name
        if started:
            os.environ[port] = str(started.port())
    server.wait()
    _register_blocks()
    yield Session(paths.outbox_dir())


