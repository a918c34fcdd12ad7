"""Loading against plain DuckDB and dlt, checking against only reading, and whether memory stays flat."""

import statistics
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench.figure import Figure, paired
from bench.peers import dlt_load
from bench.peers.environment import NotInstalledError
from bench.processes import run

WORK = "bench/ingest_work.py"
SMALL, LARGE = 1_000_000, 10_000_000


def figures() -> list[Figure]:
    """Speed of the load and of the check, and their memory at one and at ten million rows."""
    with tempfile.TemporaryDirectory(prefix="order-bench-") as directory:
        home = Path(directory)
        staged = {rows: _work("stage", rows, home / f"batch-{rows}") for rows in (SMALL, LARGE)}
        exports = {rows: home / f"orders-{rows}.csv" for rows in (SMALL, LARGE)}
        for rows, file in exports.items():
            _work("csv", rows, file)
        speeds = [*_load_speed(home / f"batch-{LARGE}"), *_check_speed(exports[SMALL])]
        loads = {rows: _work("load", home / f"batch-{rows}") for rows in (SMALL, LARGE)}
        checks = {rows: _work("check", file) for rows, file in exports.items()}
        return [
            *speeds,
            _flat("check of a CSV", checks),
            _flat("staging of Parquet", staged),
            _flat("load, the run's own process", loads),
            _flat("load, the local warehouse", loads, "warehouse_bytes", None),
        ]


def _work(*arguments: object) -> dict[str, Any]:
    return run(WORK, *map(str, arguments))[1]


def _seconds(*arguments: object) -> float:
    return float(_work(*arguments)["seconds"])


def _load_speed(batch: Path) -> list[Figure]:
    """PUT, COPY, reconciliation and manifest of 10M orders with ten columns, of a batch staged before.

    Both end with a commit, the warehouse's and plain DuckDB's. dlt closes its database, which also
    checkpoints it; so does the warehouse, for the comparison with dlt. The target is for dlt loading Arrow
    tables, its own fast way. Files it imports as they are get no load id, and are loaded by plain DuckDB's
    INSERT: to be so many times faster than that is not to be had.
    """
    orders = batch / "bench-batch" / "orders"
    closed: list[float] = []

    def load() -> float:
        done = _work("load", batch)
        closed.append(float(done["closed_seconds"]))
        return float(done["seconds"])

    measures: list[Callable[[], float]] = [
        load,
        partial(_seconds, "duckdb", batch),
        partial(_seconds, "unordered", batch),
    ]
    try:
        for way in dlt_load.WAYS:
            dlt_load.seconds_of(way, orders)  # installs, and warms the files for all
            measures.append(partial(dlt_load.seconds_of, way, orders))
    except NotInstalledError as error:
        reason = str(error)
    ours, plain, unordered, *theirs = paired(5, *measures)

    def over(other: str, seconds: float, own: float, target: float | None, how: str) -> Figure:
        speeds = f"{LARGE / own / 1e6:.2f}M rows/s over {LARGE / seconds / 1e6:.2f}M"
        detail = f"{speeds}; {own:.1f} s over {seconds:.1f} s, {how}"
        return Figure(f"load of 10M orders, speed over {other}", seconds / own, "×", target, detail, True)

    found = [
        over("plain DuckDB INSERT", plain, ours, 0.75, "both committed"),
        over("the same in any order", unordered, ours, None, "which is how the local warehouse does it"),
    ]
    if not theirs:
        return [*found, Figure("load of 10M orders, speed over dlt to DuckDB", 0, "×", None, reason)]
    own = statistics.median(closed)
    tables, imported = theirs
    how = f"both closed; {dlt_load.REQUIREMENT}"
    return [
        *found,
        over("dlt, Arrow tables", tables, own, 1.8, f"{how}, a table a file"),
        over("dlt, importing the files", imported, own, None, f"{how}, told the types"),
    ]


def _check_speed(export: Path) -> list[Figure]:
    checked = _work("check", export)
    bad = f"{checked['rejected']:,} of {checked['rows']:,} rows set aside"
    modes = ("check", "typed", "cast", "text")
    ours, typed, cast, text = paired(7, *(partial(_seconds, mode, export) for mode in modes))

    def over(other: str, seconds: float, target: float | None, how: str) -> Figure:
        name = f"check of 1M rows of CSV, time over Polars {other}"
        return Figure(name, ours / seconds, "×", target, f"{ours:.2f} s over {seconds:.2f} s, {how}")

    return [
        over("reading to types", typed, 2.0, f"which is its read_csv(schema=...); {bad}"),
        over(
            "casting text", cast, None, "which is faster: read as text, then told the format of each column"
        ),
        over("reading text", text, None, "which knows no dates, numbers or rules"),
    ]


def _flat(
    name: str, done: dict[int, dict[str, Any]], of: str = "peak_bytes", target: float | None = 1.25
) -> Figure:
    small, large = (done[rows][of] / 2**20 for rows in (SMALL, LARGE))
    detail = f"{large:.0f} MiB over {small:.0f} MiB"
    return Figure(f"{name}, peak memory, 10M rows over 1M", large / small, "×", target, detail)
