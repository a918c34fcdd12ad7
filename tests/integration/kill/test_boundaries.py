"""A load is killed at every boundary between its statements, and loads exactly once all the same.

One run covers every boundary of a load; seeds differ in who is killed there, and on which side of it.
`KILL_SEED`, which is shown with every failure, repeats a run. Every load but the first of a database
replaces a day, skips one that is there already, and adds one: that is where ghosts and doubles come from.
"""

from collections.abc import Callable

import pytest

from tests.integration.kill.lanes import Lane, Warehouse
from tests.integration.kill.points import BOTH, CLIENT, WAREHOUSE, Point, plan
from tests.integration.kill.rounds import Clients, kill_and_repeat
from tests.integration.kill.wire import Boundary, wired


@pytest.fixture(scope="module")
def boundaries(clients: Clients, warehouse: Warehouse, new_lane: Callable[[], Lane]) -> list[list[Boundary]]:
    """Those of a first load, and of a later one, of which nobody is killed."""
    lane, found = new_lane(), []
    for number in (0, 1):
        with wired(warehouse.port) as wire, warehouse.connect() as session:
            process = clients.start(lane.errand(number, wire.port))
            process.join()
            assert process.exitcode == 0, lane.log()
            assert lane.arrived(number, session) == []
            found.append([request.boundary for request in wire.requests])
    return found


@pytest.fixture(scope="module")
def planned(boundaries: list[list[Boundary]], seed: int) -> dict[str, list[list[Point]]]:
    return plan(seed, *boundaries)


def test_the_points_cover_every_boundary_of_a_load(
    boundaries: list[list[Boundary]], planned: dict[str, list[list[Point]]]
) -> None:
    points = [point for rounds in planned.values() for round in rounds for point in round]
    assert len(points) >= 40
    _first, later = boundaries
    assert {point.boundary for point in points} >= set(later)


@pytest.mark.parametrize("dying", [CLIENT, WAREHOUSE, BOTH])
def test_whoever_is_killed_between_two_statements_the_load_ends_up_there_exactly_once(
    clients: Clients,
    warehouse: Warehouse,
    new_lane: Callable[[], Lane],
    planned: dict[str, list[list[Point]]],
    seed: int,
    dying: str,
) -> None:
    lanes = [new_lane() for _ in planned[dying][0]]
    for number, points in enumerate(planned[dying]):
        problems = kill_and_repeat(clients, warehouse, lanes, number, points)
        assert not problems, f"KILL_SEED={seed}\n" + "\n\n".join(problems)
