"""Ways to load staged orders, each in a process of its own; a script.

    stage DIRECTORY MILLIONS   writes simulated orders as a batch, as the pipeline does
    project DIRECTORY          PUT, COPY, reconciling and the manifest of that batch, to the local warehouse
    duckdb DIRECTORY           plain DuckDB inserting the same files into a like table of a database file
    export DIRECTORY           reads an export of `bench/exports.py`, stages it and loads it

Prints rows, and seconds without imports, servers and the making of tables. Committed on both sides, with
whatever DuckDB does at a commit. `project` and `export` also print the bytes of memory at most, here and in
the warehouse.
"""

import json
import resource
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

if TYPE_CHECKING:
    from flows.ingest.staging import StagedBatch

BATCH = "orders"


def stage(directory: Path, millions: int) -> dict[str, float]:
    """The batch is `directory / BATCH`."""
    from bench.exports import frames
    from flows.ingest.staging import BatchWriter

    with BatchWriter(BATCH, directory, origin="simulated") as writer:
        for frame in frames(millions):
            writer.write("orders", frame, frame["_batch_day"].unique())
    files = [file.stat().st_size for file in (directory / BATCH / "orders").iterdir()]
    return {"rows": writer.batch.rows()["orders"], "files": len(files), "bytes": sum(files)}


def project(directory: Path) -> dict[str, float]:
    """Load the staged batch, which stays where it is."""
    from flows.ingest.staging import StagedBatch

    batch = StagedBatch.open(directory / BATCH)
    return _loaded(lambda: batch)


def export(directory: Path) -> dict[str, float]:
    """From the shop's file into the warehouse."""
    from bench.exports import AS_OF
    from flows.ingest.source.description import read_description
    from flows.ingest.source.read import read_source_files
    from flows.ingest.staging import BatchWriter
    from flows.paths import staging_dir

    def staged() -> "StagedBatch":
        source = read_description(directory / "source.toml")
        with BatchWriter(BATCH, staging_dir(), origin="files") as writer:
            read_source_files(source, AS_OF, writer, staging_dir())
        return writer.batch

    return _loaded(staged)


def _loaded(stage: Callable[[], "StagedBatch"]) -> dict[str, float]:
    """Start a warehouse on this process's data directory, then stage and load."""
    from local.processes import StandIn

    warehouse = StandIn("warehouse", "SNOWFLAKE_PORT")

    from blocks.settings import read_settings
    from flows.ingest.load import load_batch
    from flows.ingest.manifest import create_landing
    from flows.paths import staging_dir, warehouse_dir
    from flows.warehouse import connect
    from local.service import running

    staging_dir().mkdir(parents=True, exist_ok=True)
    connector = read_settings()[0].model_copy(update={"port": warehouse.port()}).to_block()
    with connect(connector) as connection:
        create_landing(connection)
    endpoint = running(warehouse_dir())
    assert endpoint
    started = monotonic()
    loaded = load_batch(partial(connect, connector), stage(), report=lambda _line: None)
    seconds = monotonic() - started
    return {
        "rows": loaded["orders"].rows,
        "seconds": seconds,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "warehouse_peak_bytes": _peak_bytes(endpoint.pid),
    }


def duckdb(directory: Path) -> dict[str, float]:
    """As many threads as DuckDB takes by itself, which is what the warehouse does too."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="order-bench-") as home:
        connection = duckdb.connect(f"{home}/plain.db")
        connection.execute("create schema raw")
        connection.execute(_like_the_warehouse())
        started = monotonic()
        ((rows,),) = connection.execute(
            "insert into raw.orders by name select * from read_parquet($1)",
            [str(directory / BATCH / "orders" / "*.parquet")],
        ).fetchall()
        return {"rows": rows, "seconds": monotonic() - started}


def _like_the_warehouse() -> str:
    """The table of orders in DuckDB's words, as the local warehouse makes it."""
    from flows.ingest import manifest
    from flows.warehouse import read_sql

    statements = read_sql(Path(manifest.__file__).parent / "sql" / "create_landing.sql").split(";")
    (orders,) = (statement for statement in statements if "raw.orders" in statement)
    for snowflake, plain in (
        ("timestamp_ntz", "timestamp"),
        ("number(10, 0)", "bigint"),
        ("number", "decimal"),
    ):
        orders = orders.replace(snowflake, plain)
    return orders


def _peak_bytes(pid: int) -> int:
    """Resident memory of another process at its highest so far."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


if __name__ == "__main__":
    mode, directory = sys.argv[1], Path(sys.argv[2])
    if mode == "stage":
        result = stage(directory, int(sys.argv[3]))
    else:
        result = {"project": project, "duckdb": duckdb, "export": export}[mode](directory)
    print(json.dumps(result))
