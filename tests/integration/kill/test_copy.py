"""Somebody is killed while DuckDB writes a COPY of several row groups, or the COMMIT of it, to its files.

Unlike in `test_boundaries.py`, the moment is not one of the clock but when a file has grown so far.
"""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from time import sleep

import pytest

from tests.integration.kill.lanes import Lane, Shelf, Warehouse
from tests.integration.kill.points import BOTH, CLIENT, WAREHOUSE, Point
from tests.integration.kill.rounds import Clients, Load, kill_and_repeat
from tests.integration.kill.wire import DURING, Boundary

# Rows reach the database file before the COMMIT only in row groups of 122,880.
COPIES = 1500
COPY = Boundary("copy into raw.orders from @raw.landing/…/orders/")
COMMIT = Boundary("commit", earlier=1)
GROWTH = 2**21  # about what the database file grows by in one COPY


@pytest.fixture(scope="module")
def lane(new_lane: Callable[[Shelf], Lane], tmp_path_factory: pytest.TempPathFactory) -> Lane:
    return new_lane(Shelf(tmp_path_factory.mktemp("shelf"), COPIES))


def grown(file: Path, size: int) -> Callable[[Sequence[Load]], None]:
    """Ask what is to be cut short; return when the file has grown by more than `size` bytes, or is done."""

    def to_the_moment(loads: Sequence[Load]) -> None:
        (load,) = loads
        before = _size(file)
        load.hold.onward.set()
        while _size(file) <= before + size and not load.hold.answered.is_set():
            sleep(0)  # let others go on

    return to_the_moment


def test_rows_that_were_written_to_disk_but_not_committed_are_not_there(
    clients: Clients, warehouse: Warehouse, lane: Lane, seed: int
) -> None:
    rng = random.Random(seed)
    database = warehouse.directory / f"{lane.database}.db"
    for victim in (CLIENT, WAREHOUSE, BOTH):
        moment = grown(database, rng.randrange(GROWTH))
        (outcome,) = kill_and_repeat(clients, warehouse, [lane], [Point(victim, DURING, COPY)], moment)
        assert not outcome.problems, f"KILL_SEED={seed}\n{outcome}"


def test_a_commit_that_was_written_to_disk_in_part_is_there_as_a_whole_or_not_at_all(
    clients: Clients, warehouse: Warehouse, lane: Lane, seed: int
) -> None:
    log = warehouse.directory / f"{lane.database}.db.wal"
    for victim in (BOTH, WAREHOUSE):
        (outcome,) = kill_and_repeat(
            clients, warehouse, [lane], [Point(victim, DURING, COMMIT)], grown(log, 0)
        )
        assert not outcome.problems, f"KILL_SEED={seed}\n{outcome}"


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
