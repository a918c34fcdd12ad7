"""What a person at a terminal sees while a run goes on: one line a step, on stderr."""

import logging
import os
import sys
from datetime import datetime

from flows.paths import REPOSITORY


def say(message: str) -> None:
    """One line of progress."""
    print(f"{datetime.now():%H:%M:%S}  {message}", file=sys.stderr, flush=True)


def quiet_prefect() -> None:
    """Keep Prefect's own console log for emergencies; to be called before Prefect is imported."""
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")


def show_progress() -> None:
    """Show what the pipeline's own code logs in its runs; Prefect's engine keeps to its own log."""
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addHandler(_OwnLines(logging.INFO))


class _OwnLines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.pathname.startswith(str(REPOSITORY / "flows")):
            say(record.getMessage())
