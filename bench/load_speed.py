"""Loading staged orders into the local warehouse, against plain DuckDB and dlt loading the same files."""

import json
import math
import tempfile
from functools import partial
from importlib.metadata import version
from pathlib import Path

from bench.figure import Figure, paired
from bench.loading import BATCH
from bench.peers import dlt_load
from bench.peers.environment import NotInstalledError, executable
from bench.processes import run, timed
from flows.paths import REPOSITORY

MILLIONS = 10
ROUNDS = 5
NAME = f"load of {MILLIONS}M orders, speed over"
DLT_TABLES = "each file as a pyarrow table, the fastest way in which dlt reads the data"
DLT_IMPORTED = "files handed over as they are, with types told: an INSERT of DuckDB's a file"


def figures() -> list[Figure]:
    """Rows a second over the others', all in turn: imports, servers and the making of tables in none."""
    with tempfile.TemporaryDirectory(prefix="order-bench-") as home:
        staged = run("bench/loading.py", "stage", home, str(MILLIONS))[1]
        ways = [partial(_seconds, "project", home), partial(_seconds, "duckdb", home)]
        try:
            python = executable(dlt_load.REQUIREMENT, "python", f"duckdb=={version('duckdb')}")
        except NotInstalledError as error:
            ours, plain = paired(ROUNDS, *ways)
            peers = [_dlt(math.nan, ours, 1.8, f"not measured: {error}")]
        else:
            ways += [partial(_dlt_seconds, python, mode, home) for mode in ("tables", "imported")]
            ours, plain, tables, imported = paired(ROUNDS, *ways)
            peers = [_dlt(tables, ours, 1.8, DLT_TABLES), _dlt(imported, ours, None, DLT_IMPORTED)]
    size = (
        f"{staged['rows']:,} rows of 13 columns in {staged['files']} files, {staged['bytes'] / 2**20:.0f} MiB"
    )
    speeds = f"{staged['rows'] / ours / 1e6:.2f}M rows/s over {staged['rows'] / plain / 1e6:.2f}M"
    return [
        Figure(f"{NAME} plain DuckDB", plain / ours, "×", 0.75, f"{speeds}: {size}", at_least=True),
        *peers,
    ]


def _dlt(seconds: float, ours: float, target: float | None, how: str) -> Figure:
    detail = f"{seconds:.1f} s against {ours:.1f} s: {how}"
    name = f"{NAME} dlt" + ("" if target else ", files imported")
    return Figure(name, seconds / ours, "×", target, detail, at_least=True)


def _seconds(mode: str, home: str) -> float:
    return float(run("bench/loading.py", mode, home)[1]["seconds"])


def _dlt_seconds(python: Path, mode: str, home: str) -> float:
    files = Path(home) / BATCH / "orders"
    script = str(REPOSITORY / "bench/peers/dlt_load.py")
    return float(
        json.loads(timed([str(python), script, mode, str(files)], files)[1].splitlines()[-1])["seconds"]
    )
