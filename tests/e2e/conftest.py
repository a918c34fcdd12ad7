"""The whole product, as its users run it: processes, files and exit statuses."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.house import House, Run, finish, free_port


@pytest.fixture(scope="session")
def houses(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, House]:
    """Two houses side by side: one simulates, one reads the sample; each path has a space in its name."""
    base = tmp_path_factory.mktemp("houses")
    (base / "simulated shop").mkdir()
    (base / "own orders").mkdir()
    return House(base / "simulated shop"), House(base / "own orders")


@dataclass
class FirstRuns:
    """The first run of each house; both ran at the same time, with nothing configured."""

    simulated: House
    simulated_run: Run
    sample: House
    sample_run: Run


@pytest.fixture(scope="session")
def first_runs(houses: tuple[House, House]) -> FirstRuns:
    """`python flows/main.py` twice at once, each on a data directory of its own."""
    simulated, sample = houses
    main = (sys.executable, "flows/main.py", "--json")
    one = simulated.start(*main, "--as-of", "2026-11-20", "--orders-per-day", "34")
    other = sample.start(*main, "--as-of", "2026-10-31", "--source", "data/sample/source.toml")
    return FirstRuns(simulated, finish(one), sample, finish(other))


@pytest.fixture(scope="session")
def stack(first_runs: FirstRuns) -> Iterator[House]:
    """`make up` on the simulated shop's data: a server, a worker from another directory, the stand-ins."""
    house = first_runs.simulated
    assert first_runs.simulated_run.status == 0, first_runs.simulated_run.stderr
    house.variables = {
        "PREFECT_SERVER_API_PORT": str(free_port()),
        "SNOWFLAKE_PORT": str(free_port()),
        "SMTP_PORT": str(free_port()),
    }
    up = house.python("-m", "local.stack", "up")
    try:
        assert up.status == 0, up.stderr
        house.variables["PREFECT_API_URL"] = (
            f"http://127.0.0.1:{house.variables['PREFECT_SERVER_API_PORT']}/api"
        )
        yield house
    finally:
        down = house.python("-m", "local.stack", "down")
    assert (down.status, down.stdout) == (0, "down\n")
