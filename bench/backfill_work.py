"""Days simulated and loaded in a process of its own; a script that prints what its work came to.

batch DAYS ORDERS      all days staged as one batch, then loaded: what one ordinary run does
backfill DAYS ORDERS   the days cut into batches, staged by a process a core, loaded one after the other
"""

import json
import os
import resource
import sys
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from flows.backfill.spans import spans_of

LAST_DAY = date(2026, 11, 21)
DAYS_PER_BATCH = 30
Load = Callable[[Any], dict[str, Any]]


def batch(days: list[date], orders_per_day: int, load: Load) -> dict[str, Any]:
    """Rows, seconds, and how many cores were busy."""
    from flows.generate.shop import Shop
    from flows.generate.stage import stage_days
    from flows.paths import staging_dir

    staged = stage_days(Shop(orders_per_day=orders_per_day), days, "bench", days[-1], staging_dir())
    loaded = load(staged)
    staged.discard()
    return {"rows": _rows(loaded)}


def backfill(days: list[date], orders_per_day: int, load: Load) -> dict[str, Any]:
    """The same."""
    from flows.backfill.here import load_here
    from flows.generate.shop import Shop
    from flows.paths import staging_dir

    rows = 0

    def done(_span: Any, loaded: dict[str, Any]) -> None:
        nonlocal rows
        rows += _rows(loaded)

    shop, spans = Shop(orders_per_day=orders_per_day), spans_of(days, DAYS_PER_BATCH)
    load_here(shop, spans, os.cpu_count() or 1, staging_dir(), load, done, lambda _line: None)
    return {"rows": rows}


def _used() -> float:
    """Processor seconds of this process, of its children that have ended, and of the warehouse."""
    import psutil

    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    living = [psutil.Process(), *psutil.Process().children()]
    return ended.ru_utime + ended.ru_stime + sum(sum(process.cpu_times()[:2]) for process in living)


def _rows(loaded: dict[str, Any]) -> int:
    return sum(load.rows for load in loaded.values())


def main(way: str, days: int, orders_per_day: int) -> None:
    """Measure one way on a warehouse of its own."""
    from blocks.settings import read_settings
    from flows.ingest.load import load_batch
    from flows.migrations import prepare
    from flows.warehouse import opener
    from local.processes import StandIn

    port = StandIn("warehouse", "SNOWFLAKE_PORT").port()
    block = read_settings()[0].model_copy(update={"port": port}).to_block()
    connect = opener(block, "bench", "bench", LAST_DAY)
    with connect() as connection:
        prepare(connection, "prod")
    load = partial(load_batch, connect, report=lambda _line: None)
    wanted = [LAST_DAY - timedelta(days=back) for back in reversed(range(days))]
    started, used = monotonic(), _used()
    done = {"batch": batch, "backfill": backfill}[way](wanted, orders_per_day, load)
    seconds = monotonic() - started
    print(json.dumps(done | {"seconds": seconds, "cores": (_used() - used) / seconds}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
