"""`dlt`, loading Parquet files into a DuckDB file, in two ways.

`tables`, its fast way for columnar data: it is given each file as an Arrow table, learns the types from it,
and writes files of its own, with a load id in every row.
https://dlthub.com/docs/dlt-ecosystem/verified-sources/arrow-pandas
`imported`: the files are handed over as they are, and dlt runs an INSERT of DuckDB's for each. No row gets a
load id, and it must be told which timestamps have no zone; without, it writes all rows anew for their sake.

Run as a script it is that load, in dlt's own environment: `dlt_load.py WAY DIRECTORY`.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

REQUIREMENT = "dlt[duckdb,parquet]==1.31.0"
WAYS = ("tables", "imported")


def seconds_of(way: str, directory: Path) -> float:
    """Seconds of one load of `directory/*.parquet`, imports aside, with our version of DuckDB.

    The database is closed at the end of it, which checkpoints it.
    """
    from importlib.metadata import version

    from bench.peers.environment import executable
    from bench.processes import timed

    python = executable(REQUIREMENT, "python", f"duckdb=={version('duckdb')}")
    _, said = timed([str(python), __file__, way, str(directory)], directory)
    return float(json.loads(said.strip().splitlines()[-1])["seconds"])


def _load(way: str, directory: Path) -> float:
    os.environ.update(DLT_DATA_DIR=os.environ["HOME"], RUNTIME__DLTHUB_TELEMETRY="false")
    import dlt
    import pyarrow.parquet as pq

    stamps = {
        column: {"data_type": "timestamp", "timezone": False, "precision": 6}
        for column in ("order_date", "delivery_date", "updated_at")
    }

    @dlt.resource(name="orders", write_disposition="append")
    def tables() -> Iterator[Any]:
        for file in sorted(directory.glob("*.parquet")):
            yield pq.read_table(file)

    @dlt.resource(name="orders", write_disposition="append", columns=stamps)
    def imported() -> Iterator[Any]:
        for file in sorted(directory.glob("*.parquet")):
            rows = pq.ParquetFile(file).metadata.num_rows
            hints = pq.read_schema(file).empty_table()
            yield dlt.mark.with_file_import(str(file), "parquet", rows, hints=hints)

    home = os.environ["HOME"]
    pipeline = dlt.pipeline(
        "bench",
        destination=dlt.destinations.duckdb(f"{home}/dlt.duckdb"),
        dataset_name="raw",
        pipelines_dir=f"{home}/pipelines",
    )
    os.sync()
    started = monotonic()
    pipeline.run({"tables": tables, "imported": imported}[way]()).raise_on_failed_jobs()
    return monotonic() - started


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="order-bench-") as fresh:
        os.environ["HOME"] = fresh
        print(json.dumps({"seconds": _load(sys.argv[1], Path(sys.argv[2]))}))
