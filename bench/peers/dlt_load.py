"""`dlt`, loading Parquet files into a DuckDB file: its fastest way, the files imported as they are.

Run as a script it is that load, in dlt's own environment: `dlt_load.py DIRECTORY`.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from time import monotonic

REQUIREMENT = "dlt[duckdb,parquet]==1.31.0"


def seconds_of(directory: Path) -> float:
    """Seconds of one load of `directory/*.parquet`, imports aside."""
    from bench.peers.environment import executable
    from bench.processes import timed

    python = executable(REQUIREMENT, "python")
    _, said = timed([str(python), __file__, str(directory)], directory)
    return float(json.loads(said.strip().splitlines()[-1])["seconds"])


def _load(directory: Path) -> float:
    """Load the files without reading their rows in Python: dlt copies each into DuckDB as it is."""
    os.environ.update(DLT_DATA_DIR=os.environ["HOME"], RUNTIME__DLTHUB_TELEMETRY="false")
    import dlt
    import pyarrow.parquet as pq

    stamps = {
        column: {"data_type": "timestamp", "timezone": False, "precision": 6}
        for column in ("order_date", "delivery_date", "updated_at")
    }

    @dlt.resource(name="orders", write_disposition="append", columns=stamps)
    def orders():  # type: ignore[no-untyped-def]
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
    pipeline.run(orders()).raise_on_failed_jobs()
    return monotonic() - started


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="order-bench-") as fresh:
        os.environ["HOME"] = fresh
        print(json.dumps({"seconds": _load(Path(sys.argv[1]))}))
