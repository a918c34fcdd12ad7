"""A process is killed before each change it makes to its disk; the next run removes what is left of it."""

import itertools
from collections.abc import Callable
from dataclasses import replace

from tests.integration.kill.lanes import Lane, Shelf, Warehouse
from tests.integration.kill.rounds import Clients


def test_wherever_a_process_dies_the_next_run_removes_what_it_left_on_disk(
    clients: Clients, warehouse: Warehouse, new_lane: Callable[[Shelf], Lane], shelf: Shelf
) -> None:
    lane = new_lane(shelf)
    errand = lane.errand()
    for changes in itertools.count():
        process = clients.start_staging(replace(errand, batch_id=f"dies-after-{changes}"), changes)
        process.join()
        if process.exitcode == 0:
            break
    assert changes > 20
    process = clients.start(errand)
    process.join()
    with warehouse.connect() as session:
        assert (process.exitcode, lane.arrived(session)) == (0, []), lane.log()
