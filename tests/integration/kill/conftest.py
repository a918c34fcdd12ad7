"""Processes to kill, and the seed that says where."""

import itertools
import os
import secrets
from collections.abc import Callable, Iterator

import pytest

from tests.integration.kill.lanes import Lane, Shelf, Warehouse
from tests.integration.kill.rounds import Clients, fork_server

SEED = "KILL_SEED"


@pytest.fixture(scope="session")
def seed() -> int:
    """Where to kill: drawn anew for each run, unless the environment says which to repeat."""
    seed = int(os.environ.get(SEED) or secrets.randbits(32))
    print(f"{SEED}={seed}")  # pytest shows it with whatever fails first
    return seed


@pytest.fixture(scope="session")
def clients() -> Iterator[Clients]:
    with fork_server() as clients:
        yield clients


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A warehouse of this room's own."""
    warehouse = Warehouse(tmp_path_factory.mktemp("warehouse"))
    yield warehouse
    warehouse.kill()


@pytest.fixture(scope="session")
def new_lane(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Shelf], Lane]:
    """Makes a lane with a database that is not there yet, at each call."""
    numbers = itertools.count(1)

    def make(shelf: Shelf) -> Lane:
        return Lane(f"SHOP_{next(numbers)}", tmp_path_factory.mktemp("lane"), warehouse, shelf)

    return make


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Small batches."""
    return Shelf(tmp_path_factory.mktemp("shelf"))
