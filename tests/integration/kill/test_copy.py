"""Somebody is killed while DuckDB writes a COPY of several row groups, or the COMMIT of it, to its files.

Unlike in `test_boundaries.py`, the moment is not one of the clock but when a file has grown so far.
"""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from time import sleep

import pytest

from tests.integration.kill.lanes import Lane, Shelf, Warehouse
from tests.integration.kill.points import BOTH, WAREHOUSE, Point
from tests.integration.kill.rounds import Clients, Load, kill_and_repeat
from tests.integration.kill.wire import DURING, Boundary

COPIES = (
    1000  # in the first load enough for a whole row group (122,880 rows), which does not wait for a COMMIT
)
COPY = Boundary("copy into raw.orders from @raw.landing/…/orders/")
COMMIT = Boundary("commit", earlier=1)
GROWTH = 2**20  # less than what the database file grows by in that COPY


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


def test_rows_and_commits_that_were_half_written_to_disk_are_there_as_a_whole_or_not_at_all(
    clients: Clients, warehouse: Warehouse, lane: Lane, seed: int
) -> None:
    database, log = (warehouse.directory / f"{lane.database}.db{end}" for end in ("", ".wal"))
    halfway = random.Random(seed).randrange(GROWTH)
    for victim, boundary, moment in (
        (BOTH, COPY, grown(database, halfway)),
        (WAREHOUSE, COMMIT, grown(log, 0)),
        (BOTH, COMMIT, grown(log, 0)),
    ):
        (outcome,) = kill_and_repeat(clients, warehouse, [lane], [Point(victim, DURING, boundary)], moment)
        assert not outcome.problems, f"KILL_SEED={seed}\n{outcome}"


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
