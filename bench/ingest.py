"""Loading against plain DuckDB and dlt, checking against only reading, and whether memory stays flat."""

import tempfile
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
    """PUT, COPY, reconciliation and manifest of 10M orders with ten columns, of a batch staged before."""
    orders = batch / "bench-batch" / "orders"
    measures = [partial(_seconds, "load", batch), partial(_seconds, "duckdb", batch)]
    try:
        dlt_load.seconds_of(orders)  # installs, and warms the files for all
        measures.append(partial(dlt_load.seconds_of, orders))
    except NotInstalledError as error:
        reason = str(error)
    ours, plain, *peer = paired(5, *measures)
    speed = f"{LARGE / ours / 1e6:.2f}M rows/s over {{:.2f}}M; {ours:.1f} s over {{:.1f}} s"
    found = [
        Figure(
            "load of 10M orders, speed over plain DuckDB INSERT",
            plain / ours,
            "×",
            0.75,
            speed.format(LARGE / plain / 1e6, plain),
            at_least=True,
        )
    ]
    name = "load of 10M orders, speed over dlt to DuckDB"
    if peer:
        [theirs] = peer
        detail = f"{speed.format(LARGE / theirs / 1e6, theirs)}; {dlt_load.REQUIREMENT}, importing the files"
        found.append(Figure(name, theirs / ours, "×", 1.8, detail, at_least=True))
    else:
        found.append(Figure(name, 0, "×", None, reason))
    return found


def _check_speed(export: Path) -> list[Figure]:
    checked = _work("check", export)
    bad = f"{checked['rejected']:,} of {checked['rows']:,} rows set aside"
    ours, typed, text = paired(7, *(partial(_seconds, mode, export) for mode in ("check", "typed", "text")))
    detail = f"{ours:.2f} s over {typed:.2f} s; {bad}"
    return [
        Figure("check of 1M rows of CSV, time over Polars reading to types", ours / typed, "×", 2.0, detail),
        Figure(
            "check of 1M rows of CSV, time over Polars reading text",
            ours / text,
            "×",
            None,
            f"{ours:.2f} s over {text:.2f} s, which knows no dates, numbers or rules",
        ),
    ]


def _flat(
    name: str, done: dict[int, dict[str, Any]], of: str = "peak_bytes", target: float | None = 1.25
) -> Figure:
    small, large = (done[rows][of] / 2**20 for rows in (SMALL, LARGE))
    detail = f"{large:.0f} MiB over {small:.0f} MiB"
    return Figure(f"{name}, peak memory, 10M rows over 1M", large / small, "×", target, detail)
