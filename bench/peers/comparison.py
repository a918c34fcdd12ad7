"""The simulator's rows per second over its peers': whole commands, from their start to files on disk."""

import math
import sys
import tempfile
from collections.abc import Callable
from functools import partial

from bench.figure import Figure
from bench.peers import jaffle_shop, tpch_orders
from bench.peers.environment import NotInstalledError, executable
from bench.peers.written import Written
from bench.processes import run, timed
from flows.paths import REPOSITORY

ROUNDS = 3
OURS, CLASSIC, UNWEIGHTED = "simulator", "classic loop", "classic loop, unweighted"
JAFGEN, TPCH = "jafgen", "tpchgen-cli"


def figures(days: str, orders_per_day: str) -> list[Figure]:
    """Figures of one simulated shop; a peer that cannot be installed counts as a target missed."""
    makers: dict[str, Callable[[], Written]] = {
        OURS: partial(_simulator, days, orders_per_day),
        CLASSIC: _classic,
        UNWEIGHTED: partial(_classic, "unweighted"),
        JAFGEN: jaffle_shop.generate,
        TPCH: tpch_orders.generate,
    }
    missing = _missing({JAFGEN: jaffle_shop.REQUIREMENT, TPCH: tpch_orders.REQUIREMENT})
    runs = _in_turn({name: make for name, make in makers.items() if name not in missing})
    ours = runs[OURS]

    def over(peer: str, target: float | None, detail: str) -> Figure:
        name, value = f"simulator, rows/s, over {peer}", math.nan
        if peer in missing:
            return Figure(name, value, "×", target, f"not measured: {missing[peer]}", at_least=True)
        value = ours.speed / runs[peer].speed
        return Figure(name, value, "×", target, f"{runs[peer]}; {detail}", at_least=True)

    loop_10m = f"by the slope; 10M rows would take {10e6 / runs[CLASSIC].speed / 60:.0f} min (extrapolated)"
    by_orders = [] if JAFGEN in missing else _by_orders(ours, runs[JAFGEN])
    return [
        Figure(
            "simulator, million rows/s", ours.speed / 1e6, "M/s", detail=f"{ours}; four entities, Parquet"
        ),
        over(CLASSIC, 80, f"one CSV row an order, {loop_10m}"),
        over(
            UNWEIGHTED, None, "the same loop with Faker told to draw all names alike, which is its fast way"
        ),
        over(JAFGEN, 200, "rows of all its CSV files"),
        *by_orders,
        over(TPCH, 1.5, "its orders table alone, Parquet"),
    ]


def _by_orders(ours: Written, jafgen: Written) -> list[Figure]:
    """Rows over orders, the unit in which jafgen's speed is usually told, and orders over orders."""
    return [
        Figure(
            "simulator, rows/s, over jafgen's orders/s",
            ours.speed / jafgen.order_speed,
            "×",
            detail="unlike units, but the ones in which either is usually told",
        ),
        Figure(
            "simulator, orders/s, over jafgen's orders/s",
            ours.order_speed / jafgen.order_speed,
            "×",
            detail=f"{ours.rows / ours.orders:.1f} rows an order against {jafgen.rows / jafgen.orders:.1f}: "
            "ours are versions, one for each day on which something changed",
        ),
    ]


def _missing(requirements: dict[str, str]) -> dict[str, str]:
    """Why a peer cannot be measured, by name; installs those that can."""
    problems = {}
    for command, requirement in requirements.items():
        try:
            executable(requirement, command)
        except NotInstalledError as error:
            problems[command] = str(error)
    return problems


def _in_turn(makers: dict[str, Callable[[], Written]]) -> dict[str, Written]:
    """The run of median speed of each, taken in turn, so that what else the machine does hits all alike."""
    rounds = [{name: make() for name, make in makers.items()} for _ in range(ROUNDS)]
    return {
        name: sorted((taken[name] for taken in rounds), key=lambda run: run.speed)[ROUNDS // 2]
        for name in makers
    }


def _simulator(days: str, orders_per_day: str) -> Written:
    with tempfile.TemporaryDirectory(prefix="order-bench-") as directory:
        shop = ["--days", days, "--orders-per-day", orders_per_day, "--out", directory]
        seconds, _ = timed([sys.executable, "-m", "flows.generate", *shop], REPOSITORY)
        # in a process of its own: what this one has used of memory would count as its children's peak
        counted = run("bench/simulator.py", "count", directory)[1]
    return Written(counted["rows"], counted["orders"], seconds)


def _classic(*options: str) -> Written:
    taken = run("bench/peers/classic_loop.py", *options)[1]
    return Written(taken["orders"], taken["orders"], taken["seconds"])
