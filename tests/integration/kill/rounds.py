"""Loads that are killed, many at once: each client is brought to its point, then all who are to die do so."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess

from tests.integration.kill import victim
from tests.integration.kill.lanes import Lane, Warehouse
from tests.integration.kill.points import BOTH, CLIENT, WAREHOUSE, Point
from tests.integration.kill.victim import Errand
from tests.integration.kill.wire import LIMIT_SECONDS, Hold, Wire, wired
from tests.integration.local.stand_ins import REPOSITORY

KILLED = -9


class Clients:
    """Starts the processes that load: copies of one that has everything imported."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")

    def start(self, errand: Errand) -> BaseProcess:
        """A new process on its errand."""
        process = self._context.Process(target=victim.run, args=(errand,), daemon=True)
        process.start()
        return process


@contextmanager
def fork_server() -> Iterator[Clients]:
    """The process that is copied."""
    from multiprocessing import forkserver

    forkserver.set_forkserver_preload([victim.__name__, "pytest"])
    path = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(REPOSITORY)
    try:
        forkserver.ensure_running()
    finally:
        if path is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = path
    yield Clients()


@dataclass
class Load:
    """One client on its way to its point."""

    lane: Lane
    point: Point
    hold: Hold
    wire: Wire
    process: BaseProcess

    def comes_to_its_point(self) -> bool:
        """Wait for it; False if it ended before."""
        while not self.hold.reached.wait(0.02):
            if self.process.exitcode is not None:
                return self.hold.reached.is_set()
        return True

    def kill(self) -> None:
        """End the client as a power failure would."""
        self.process.kill()
        self.process.join()
        self.wire.hang_up()


def kill_and_repeat(
    clients: Clients, warehouse: Warehouse, lanes: Sequence[Lane], number: int, points: Sequence[Point]
) -> list[str]:
    """Load the batch into each lane, killing at its point whom the points say (the same in all of them).

    Where the client was killed, another one loads the batch again; else it has to end well by itself.

    Returns:
        What is wrong then.
    """
    (dying,) = {point.victim for point in points}
    with ExitStack() as stack:
        loads = []
        for lane, point in zip(lanes, points, strict=True):
            hold = point.hold()
            wire = stack.enter_context(wired(warehouse.port, hold))
            process = clients.start(lane.errand(number, wire.port))
            loads.append(Load(lane, point, hold, wire, process))
        missed = [load for load in loads if not load.comes_to_its_point()]
        if dying != CLIENT:
            warehouse.kill()
        if dying != WAREHOUSE:
            for load in loads:
                load.kill()
        if dying != CLIENT:
            warehouse.start()
        for load in loads:
            load.hold.let_go.set()
        ended = {load.lane.database: load.process for load in loads}
        if dying != WAREHOUSE:
            ended = {lane.database: clients.start(lane.errand(number)) for lane in lanes}
        problems = [f"{load.point}: the load ended before it came there" for load in missed]
        for process in ended.values():
            process.join(LIMIT_SECONDS)
        with warehouse.connect() as session:
            for load in loads:
                status = ended[load.lane.database].exitcode
                found = [] if status == 0 else [f"the run that was to succeed ended with {status}"]
                log = load.lane.log()
                found += load.lane.arrived(number, session)
                if found:
                    problems.append("\n".join([f"batch {number}: {load.point}:", *found, log]))
    return problems
