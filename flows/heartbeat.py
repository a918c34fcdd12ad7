"""One sign of life a process: a run's steps live and die with it, so its own heartbeat tells of them.

Prefect gives each flow run a thread for its heartbeat, and waits for it up to a second when the run ends;
with a flow a step, that is most of what the steps would cost.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings


@contextmanager
def no_heartbeat() -> Iterator[None]:
    """Flow runs that begin within the block give no heartbeat."""
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield
