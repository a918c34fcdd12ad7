"""Keep secrets out of the logs of libraries that write URLs into theirs."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Whoever knows a webhook's URL can post to it. httpx logs each request's URL, Apprise each it cannot use.
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy", "apprise")


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing that this thread does is logged by those libraries; other threads log as before."""
    thread = threading.get_ident()

    def is_of_another(record: logging.LogRecord) -> bool:
        return record.thread != thread

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(is_of_another)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_of_another)
