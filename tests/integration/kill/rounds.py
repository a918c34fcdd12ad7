"""Loads that are killed, many at once: each client is brought to its point, then all who are to die do so."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import sleep
from typing import Any

from snowflake.connector import SnowflakeConnection

from tests.integration.kill import victim
from tests.integration.kill.lanes import Lane, Warehouse
from tests.integration.kill.points import CLIENT, WAREHOUSE, Point
from tests.integration.kill.victim import Errand
from tests.integration.kill.wire import LIMIT_SECONDS, Hold, Wire, wired
from tests.integration.local.stand_ins import REPOSITORY


class Clients:
    """Starts the processes that load: copies of one that has everything imported."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")

    def start(self, errand: Errand) -> BaseProcess:
        """A new process on its errand."""
        return self._start(victim.run, errand)

    def start_staging(self, errand: Errand, changes: int) -> BaseProcess:
        """One that only stages, and kills itself after so many changes to its disk, if there are as many."""
        return self._start(victim.stage_and_die, errand, changes)

    def start_flow(
        self, flow: str, api_url: str, data_dir: Path, name: str, parameters: Mapping[str, Any]
    ) -> BaseProcess:
        """One that runs a flow, named `module:name`."""
        return self._start(victim.run_flow, flow, api_url, data_dir, name, parameters)

    def _start(self, target: Callable[..., None], *arguments: Any) -> BaseProcess:
        process = self._context.Process(target=target, args=arguments, daemon=True)
        process.start()
        return process


@contextmanager
def fork_server() -> Iterator[Clients]:
    """The process that is copied."""
    from multiprocessing import forkserver

    forkserver.set_forkserver_preload([victim.__name__, "flows.main", "pytest"])
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


@dataclass(frozen=True)
class Outcome:
    """What is wrong after a load in which somebody was killed, and what its processes said."""

    point: Point
    problems: list[str]
    log: str

    def __str__(self) -> str:
        return "\n".join([f"{self.point}:", *self.problems, self.log])


def comes_to_its_point(process: BaseProcess, hold: Hold) -> bool:
    """Wait for a client; False if it ended before."""
    while not hold.reached.wait(0.02):
        if process.exitcode is not None:
            return hold.reached.is_set()
    return True


def kill(process: BaseProcess, wire: Wire) -> None:
    """End a client as a power failure would."""
    process.kill()
    process.join()
    wire.hang_up()


def to_the_moment(loads: Sequence[Load]) -> None:
    """Ask what is to be cut short, each so early that all moments fall together; return then."""
    longest = max(load.point.seconds for load in loads)
    waited = 0.0
    for load in sorted(loads, key=lambda load: -load.point.seconds):
        sleep(longest - load.point.seconds - waited)
        waited = longest - load.point.seconds
        load.hold.onward.set()
    sleep(longest - waited)


def kill_and_repeat(
    clients: Clients,
    warehouse: Warehouse,
    lanes: Sequence[Lane],
    points: Sequence[Point],
    to_the_moment: Callable[[Sequence[Load]], None] = to_the_moment,
) -> list[Outcome]:
    """Load the next batch into each lane, killing at its point whom the points say, the same in all of them.

    Where the client was killed, another one loads the batch again; else it has to end well by itself.
    """
    (dying,) = {point.victim for point in points}
    with ExitStack() as stack:
        loads = []
        for lane, point in zip(lanes, points, strict=True):
            if lane.spoiled:
                continue
            hold = point.hold()
            wire = stack.enter_context(wired(warehouse.port, hold))
            loads.append(Load(lane, point, hold, wire, clients.start(lane.errand(wire.port))))
        came = [comes_to_its_point(load.process, load.hold) for load in loads]
        if all(came):
            to_the_moment(loads)
        if dying != CLIENT:
            warehouse.kill()
        if dying != WAREHOUSE:
            for load in loads:
                kill(load.process, load.wire)
        if dying != CLIENT:
            warehouse.start()
        for load in loads:
            load.hold.let_go.set()
        problems = [[] if there else ["the load ended before it came there"] for there in came]
        if dying != WAREHOUSE:
            with warehouse.connect() as session:
                for load, found in zip(loads, problems, strict=True):
                    found += load.lane.broken_off(session)
            for load in loads:
                load.process = clients.start(load.lane.errand())
        for load in loads:
            load.process.join(LIMIT_SECONDS)
        with warehouse.connect() as session:
            return [_outcome(load, found, session) for load, found in zip(loads, problems, strict=True)]


def _outcome(load: Load, problems: list[str], session: SnowflakeConnection) -> Outcome:
    if load.process.exitcode != 0:
        problems.append(f"the process that was to end well ended with {load.process.exitcode}")
        load.process.kill()  # where it did not end at all
    log = load.lane.log()
    return Outcome(load.point, problems + load.lane.arrived(session), log)
