"""A year of days loaded by a backfill, against the same rows as one batch."""

import os

from bench.figure import Figure
from bench.processes import run

WORK = "bench/backfill_work.py"
DAYS, ORDERS_PER_DAY = 365, 10_000


def figures() -> list[Figure]:
    """Seconds of the backfill over those of one batch, both with simulating; and the cores it keeps busy."""
    taken = {way: run(WORK, way, str(DAYS), str(ORDERS_PER_DAY))[1] for way in ("batch", "backfill")}
    one, many = taken["batch"], taken["backfill"]
    if one["rows"] != many["rows"]:
        raise RuntimeError(f"one batch loaded {one['rows']:,} rows, the backfill {many['rows']:,}")
    cores = os.cpu_count() or 1
    return [
        Figure(
            "backfill of 365 days × 10,000 orders over one batch",
            many["seconds"] / one["seconds"],
            "×",
            1.3,
            f"{many['seconds']:.0f} s over {one['seconds']:.0f} s, {many['rows']:,} rows each",
        ),
        Figure(
            "cores busy during the backfill",
            many["cores"],
            "",
            0.85 * cores,
            f"of {cores}; {one['cores']:.2f} while one batch is simulated and loaded",
            at_least=True,
        ),
    ]
