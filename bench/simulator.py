"""The order simulator in a process of its own; a script that prints what its work came to.

    command DAYS ORDERS_PER_DAY    the whole command, into Parquet
    writing DAYS ORDERS_PER_DAY    only its writing, of frames made before
    frames DAYS ORDERS_PER_DAY     only its frames, written nowhere; the pools of names made before
    count DIRECTORY                rows and orders the command wrote

DAYS is first..last, as the command takes it.
"""

import json
import resource
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from time import monotonic
from unittest.mock import patch

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import polars as pl

from flows.generate import export
from flows.generate.__main__ import main
from flows.generate.partitions import change_partitions
from flows.generate.shop import Shop

SEED = 7


def command(days: str, orders_per_day: int) -> dict[str, float]:
    """Rows, orders, bytes of memory at most and CPU seconds, all but imports."""
    with tempfile.TemporaryDirectory(prefix="order-bench-") as directory:
        before = _cpu_seconds()
        _write(days, orders_per_day, directory)
        # before anything is counted: that takes memory of its own
        cost = {"cpu_seconds": _cpu_seconds() - before, "peak_bytes": _peak_bytes()}
        return count(directory) | cost


def writing(days: str, orders_per_day: int) -> dict[str, float]:
    """CPU seconds of the command when the frames are there already."""
    ready = list(change_partitions(Shop(seed=SEED, orders_per_day=orders_per_day), _dates(days)))
    with (
        tempfile.TemporaryDirectory(prefix="order-bench-") as directory,
        patch.object(export, "change_partitions", lambda *_: iter(ready)),
    ):
        before = _cpu_seconds()
        _write(days, orders_per_day, directory)
        return {"cpu_seconds": _cpu_seconds() - before}


def frames(days: str, orders_per_day: int) -> dict[str, float]:
    """Rows, and wall-clock seconds without imports and pools of names."""
    dates = _dates(days)
    for _ in change_partitions(Shop(seed=SEED, orders_per_day=10), dates[:1]):
        pass
    rows = 0
    started = monotonic()
    for _, made in change_partitions(Shop(seed=SEED, orders_per_day=orders_per_day), dates):
        rows += sum(frame.height for frame in made.values())
    return {"rows": rows, "seconds": monotonic() - started}


def count(directory: str) -> dict[str, float]:
    """Rows of all entities, and the orders among them: those of the day on which they were placed."""
    files = sorted(Path(directory).rglob("*.parquet"))
    orders = pl.scan_parquet(Path(directory) / "orders", hive_partitioning=True, try_parse_hive_dates=True)
    placed = orders.filter(pl.col("order_date").dt.date() == pl.col("_batch_day")).select(pl.len())
    return {
        "rows": sum(pl.scan_parquet(file).select(pl.len()).collect().item() for file in files),
        "orders": placed.collect(engine="streaming").item(),
    }


def _write(days: str, orders_per_day: int, directory: str) -> None:
    shop = ["--orders-per-day", str(orders_per_day), "--seed", str(SEED)]
    if main(["--days", days, "--out", directory, *shop]):
        raise RuntimeError("the simulator failed")


def _dates(days: str) -> list[date]:
    first, last = map(date.fromisoformat, days.split(".."))
    return [first + timedelta(days=later) for later in range((last - first).days + 1)]


def _cpu_seconds() -> float:
    """User and system time of this process and of those it started and waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    mode, *arguments = sys.argv[1:]
    if mode == "count":
        result = count(*arguments)
    else:
        work = {"command": command, "writing": writing, "frames": frames}[mode]
        result = work(arguments[0], int(arguments[1]))
    print(json.dumps(result))
