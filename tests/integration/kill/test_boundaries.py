"""A load is killed at each of its statements, and loads exactly once all the same.

One run kills at every statement of a load, and at random moments inside COPY and COMMIT; seeds differ in who
is killed there, and when. `KILL_SEED`, which every failure names, repeats the points of a run. Every load but
the first of a lane replaces one day, skips one that is there already, and adds one: that is where ghosts and
doubles come from.
"""

from collections.abc import Callable

import pytest

from tests.integration.kill.lanes import Lane, Shelf, Warehouse
from tests.integration.kill.points import BOTH, CLIENT, WAREHOUSE, Point, plan
from tests.integration.kill.rounds import Clients, Outcome, kill_and_repeat
from tests.integration.kill.wire import AGAIN, Request, wired

NewLane = Callable[[Shelf], Lane]


@pytest.fixture(scope="module")
def undisturbed(
    clients: Clients, warehouse: Warehouse, new_lane: NewLane, shelf: Shelf
) -> list[list[Request]]:
    """What is asked in a first load and in a later one, of which nobody is killed."""
    lane, asked = new_lane(shelf), []
    for _ in range(2):
        with wired(warehouse.port) as wire, warehouse.connect() as session:
            process = clients.start(lane.errand(wire.port))
            process.join()
            assert (process.exitcode, lane.arrived(session)) == (0, []), lane.log()
            asked.append(wire.requests)
    return asked


@pytest.fixture(scope="module")
def planned(undisturbed: list[list[Request]], seed: int) -> list[list[Point]]:
    """Where to kill whom."""
    return plan(seed, *undisturbed)


@pytest.fixture(scope="module")
def outcomes(
    clients: Clients, warehouse: Warehouse, new_lane: NewLane, shelf: Shelf, planned: list[list[Point]]
) -> list[Outcome]:
    """What became of every load in which somebody was killed."""
    lanes = [new_lane(shelf) for _ in planned[0]]
    return [outcome for points in planned for outcome in kill_and_repeat(clients, warehouse, lanes, points)]


def test_somebody_is_killed_at_every_statement_of_a_load(
    undisturbed: list[list[Request]], planned: list[list[Point]]
) -> None:
    _first, later = undisturbed
    statements = {request.boundary for request in later if not request.boundary.label.startswith(AGAIN)}
    points = [point for round in planned for point in round]
    assert {point.boundary for point in points} >= statements
    assert len(points) >= 40


@pytest.mark.parametrize("dying", [CLIENT, WAREHOUSE, BOTH])
def test_whoever_is_killed_the_load_ends_up_there_exactly_once(
    outcomes: list[Outcome], seed: int, dying: str
) -> None:
    wrong = [str(one) for one in outcomes if one.point.victim == dying and one.problems]
    assert not wrong, "\n\n".join([f"KILL_SEED={seed}", *wrong])
