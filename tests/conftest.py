"""Keep the tests away from the user's own Prefect, blocks, accounts and data."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# A busy machine is no failure; and what CI says of a commit should depend on the commit alone.
settings.register_profile("suite", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("suite")

# A shell ignores Ctrl-C on behalf of what it starts in the background, and the tests would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Prefect fixes its home when it is imported, which is before any fixture runs.
_STATE = Path(tempfile.mkdtemp(prefix="order-monitoring-tests-"))

_OURS = ("SNOWFLAKE_", "SMTP_", "PREFECT_", "ALERT_", "SLACK_", "TEAMS_", "ORDER_MONITORING_")
for _name in list(os.environ):
    if _name.startswith(_OURS) or _name == "ORDERS_DATA_DIR":
        del os.environ[_name]
os.environ.update(
    PREFECT_HOME=str(_STATE / "prefect"),
    PREFECT_PROFILES_PATH=str(_STATE / "prefect" / "profiles.toml"),
    PREFECT_API_URL="",
    PREFECT_SERVER_ALLOW_EPHEMERAL_MODE="true",
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="180",
    PREFECT_LOGGING_LEVEL="WARNING",
    # saving a block registers its type anyway
    PREFECT_API_BLOCKS_REGISTER_ON_START="false",
    PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION="false",
    DO_NOT_TRACK="1",
)


def pytest_unconfigure() -> None:
    shutil.rmtree(_STATE, ignore_errors=True)


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root of local state of the test's own."""
    directory = tmp_path / "data"
    monkeypatch.setenv("ORDERS_DATA_DIR", str(directory))
    return directory


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[None]:
    """A Prefect server for the tests that store blocks or run flows; nobody watches over these."""
    from prefect.testing.utilities import prefect_test_harness

    from flows.heartbeat import no_heartbeat

    with prefect_test_harness(server_startup_timeout=180), no_heartbeat():
        yield


# Side by side, tests of these rooms share what is costly to start, so each room stays with one worker;
# elsewhere each file does. The rooms that take longest come first.
_ROOMS = (
    "tests/e2e/",
    "tests/integration/dbt/",
    "tests/integration/kill/",
    "tests/integration/blocks/",
    "tests/integration/flows/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _ROOMS.index(room) if (room := _room(item.nodeid)) else len(_ROOMS))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class ByRoom(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _room(nodeid) or nodeid.split("::", 1)[0]

    return ByRoom(config, log)


def _room(nodeid: str) -> str | None:
    return next((room for room in _ROOMS if nodeid.startswith(room)), None)
