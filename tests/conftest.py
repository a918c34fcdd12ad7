"""Keep the tests away from the user's own Prefect, blocks, accounts and data."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Prefect fixes its home when it is imported, which is before any fixture runs.
_STATE = Path(tempfile.mkdtemp(prefix="order-monitoring-tests-"))

for _name in list(os.environ):
    if _name.startswith(("SNOWFLAKE_", "SMTP_", "PREFECT_")) or _name in ("ALERT_TO", "ORDERS_DATA_DIR"):
        del os.environ[_name]
os.environ.update(
    PREFECT_HOME=str(_STATE / "prefect"),
    PREFECT_PROFILES_PATH=str(_STATE / "prefect" / "profiles.toml"),
    PREFECT_API_URL="",
    PREFECT_SERVER_ALLOW_EPHEMERAL_MODE="true",
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="180",
    PREFECT_LOGGING_LEVEL="WARNING",
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
    """A Prefect server for the tests that store blocks or run flows."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side, tests that share something costly share a worker; the longest group starts first."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_shares(item)))
    items.sort(key=lambda item: _LONGEST_FIRST.get(_shares(item), len(_LONGEST_FIRST)))


_LONGEST_FIRST = {"e2e": 0, "dbt": 1, "prefect": 2}


def _shares(item: pytest.Item) -> str:
    """What the test shares: the houses of the end-to-end tests, a server, or its module's set-up."""
    rooms = item.path.relative_to(Path(__file__).parent).parts
    if rooms[0] == "e2e":
        return "e2e"
    if "prefect_api" in getattr(item, "fixturenames", ()):
        return "prefect"
    return "dbt" if "dbt" in rooms else str(item.path)
