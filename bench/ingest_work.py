"""Staging, loading and checking in a process of their own; a script that prints what its work came to.

stage ROWS DIRECTORY       a staged batch of so many orders, in ten days
load DIRECTORY             the load of that batch into a local warehouse, first PUT to last answer
duckdb DIRECTORY           the same files by one INSERT ... SELECT into a DuckDB file, commit included
unordered DIRECTORY        the same, with DuckDB told to keep no order of rows
csv ROWS FILE              an export of so many orders with ten columns, about one row in a hundred bad
check FILE                 what `python -m flows.ingest check` does with it, imports and printing aside
typed FILE                 Polars reading it to the types of our columns
cast FILE                  Polars reading it as text and casting, told the format of each column
text FILE                  Polars reading it as text
"""

import json
import os
import resource
import sys
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import polars as pl

AS_OF = date(2026, 11, 21)
DAYS = 10
BATCH = "bench-batch"
_TIMES = ("order_date", "delivery_date", "updated_at")
_FORMAT = "%Y-%m-%d %H:%M:%S"
_PIECE = 250_000


def stage(rows: str, directory: str) -> dict[str, Any]:
    """Rows staged, seconds and bytes of memory at most."""
    from flows.ingest.staging import BatchWriter

    started = monotonic()
    day_rows, piece_rows = int(rows) // DAYS, 100_000
    with BatchWriter(BATCH, Path(directory), origin="bench") as writer:
        for number in range(DAYS):
            day = AS_OF - timedelta(days=DAYS - 1 - number)
            for start in range(0, day_rows, piece_rows):
                size = min(piece_rows, day_rows - start)
                frame = _orders(number * day_rows + start, size).with_columns(_batch_day=pl.lit(day))
                writer.write("orders", frame, [day])
    return {"rows": sum(writer.batch.rows().values()), "seconds": monotonic() - started, **_peak()}


def load(directory: str) -> dict[str, Any]:
    """Rows, seconds, and bytes of memory at most of this process and of the warehouse.

    `closed_seconds` are those until the warehouse has closed its database, which checkpoints it.
    """
    import psutil

    from blocks.settings import read_settings
    from flows.ingest.load import load_batch
    from flows.ingest.staging import StagedBatch
    from flows.migrations import prepare
    from flows.warehouse import opener
    from local.processes import StandIn

    port = StandIn("warehouse", "SNOWFLAKE_PORT").port()
    block = read_settings()[0].model_copy(update={"port": port}).to_block()
    connect = opener(block, "bench", "bench", AS_OF)
    with connect() as connection:  # what a run has done before it loads, and the connector is warm
        prepare(connection, "prod")
    batch = StagedBatch.open(Path(directory) / BATCH)
    os.sync()
    started = monotonic()
    loaded = load_batch(connect, batch, lambda _line: None)
    seconds = monotonic() - started
    [server] = psutil.Process().children()
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
    kibibytes = int(status.split("VmHWM:")[1].split()[0])
    rows = sum(entity.rows for entity in loaded.values())
    closing = monotonic()
    server.terminate()
    server.wait()
    return {
        "rows": rows,
        "seconds": seconds,
        "closed_seconds": seconds + monotonic() - closing,
        "warehouse_bytes": kibibytes * 1024,
        **_peak(),
    }


def plain_duckdb(directory: str, ordered: bool = True) -> dict[str, Any]:
    """Rows and seconds."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="order-bench-") as home:
        connection = duckdb.connect(f"{home}/plain.db")
        connection.execute(
            "create table orders (order_id varchar not null, customer_id varchar not null, "
            "product_id varchar not null, order_date timestamp not null, status varchar not null, "
            "delivery_date timestamp, quantity bigint, unit_price decimal(12, 2), shipping_tier varchar, "
            "promised_date date, updated_at timestamp, _batch_id varchar not null, _batch_day date not null)"
        )
        connection.execute(f"set preserve_insertion_order = {ordered}")
        files = f"{directory}/{BATCH}/orders/*.parquet"
        os.sync()
        started = monotonic()
        connection.execute("insert into orders by name select * from read_parquet(?)", [files])
        seconds = monotonic() - started
        found = connection.execute("select count(*) from orders").fetchone()
        connection.close()
    return {"rows": found[0] if found else 0, "seconds": seconds}


def csv(rows: str, file: str) -> dict[str, Any]:
    """Rows written, and how many of them are bad."""
    damage = {
        "order_id": "",
        "status": "SHIPED",
        "order_date": "31.02.2026",
        "delivery_date": "1899-12-30 00:00:00",
        "unit_price": "12,50",
        "quantity": "-1",
    }
    bad = 0
    with Path(file).open("wb") as target:
        for start in range(0, int(rows), _PIECE):
            frame = _orders(start, min(_PIECE, int(rows) - start))
            text = frame.with_columns(
                pl.col(*_TIMES).dt.strftime(_FORMAT),
                pl.col("quantity", "unit_price").cast(pl.String),
            )
            # every kind of damage hits its own rows; and a few orders stand twice
            row = pl.int_range(pl.len())
            for number, (column, value) in enumerate(damage.items()):
                hit = row % 700 == 100 * number + 13
                text = text.with_columns(
                    pl.when(hit).then(pl.lit(value or None)).otherwise(pl.col(column)).alias(column)
                )
                bad += int(frame.select(hit.sum()).item())
            again = text.gather_every(900, 5)
            bad += again.height
            text = pl.concat([text, again])
            text.write_csv(target, include_header=start == 0)
    return {"rows": int(rows), "bad": bad}


def check(file: str) -> dict[str, Any]:
    """Rows read and rejected, seconds, and bytes of memory at most."""
    from flows.ingest.source.description import read_description
    from flows.ingest.source.read import DryRun, read_source_files

    with tempfile.TemporaryDirectory(prefix="order-bench-") as home:
        toml = Path(home) / "source.toml"
        toml.write_text(f"[orders]\npath = {json.dumps(file)}\n", encoding="utf-8")
        started = monotonic()
        total = read_source_files(read_description(toml), AS_OF, DryRun()).total
        seconds = monotonic() - started
    return {"rows": total.read, "rejected": total.rejected, "seconds": seconds, **_peak()}


def typed(file: str) -> dict[str, Any]:
    """Seconds."""
    from flows.tables import SCHEMAS

    names = pl.scan_csv(file).collect_schema().names()
    schema = {name: SCHEMAS["orders"][name] for name in names}
    started = monotonic()
    pl.read_csv(file, schema=schema, ignore_errors=True)
    return {"seconds": monotonic() - started, **_peak()}


def cast(file: str) -> dict[str, Any]:
    """Seconds."""
    from flows.tables import SCHEMAS

    kinds = SCHEMAS["orders"]
    started = monotonic()
    lines = pl.scan_csv(file, infer_schema=False)
    lines.with_columns(_cast(name, kinds[name]) for name in lines.collect_schema().names()).collect()
    return {"seconds": monotonic() - started, **_peak()}


def _cast(name: str, kind: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        return column.str.to_datetime(_FORMAT, time_unit="us", strict=False, cache=False)
    return column.cast(kind, strict=False)


def text(file: str) -> dict[str, Any]:
    """Seconds."""
    started = monotonic()
    pl.read_csv(file, infer_schema=False)
    return {"seconds": monotonic() - started, **_peak()}


def _orders(start: int, rows: int) -> pl.DataFrame:
    """Orders number `start` and following, each value a function of the number."""
    number = pl.int_range(start, start + rows, dtype=pl.Int64)
    # a linear congruential step scatters the numbers over the values
    mixed = (number * 6_364_136_223 + 1_442_695_040) % (2**31 - 1)
    placed = pl.lit(AS_OF - timedelta(days=40)).cast(pl.Datetime("us")) + pl.duration(
        seconds=mixed % (30 * 86_400)
    )
    delivered = placed + pl.duration(seconds=mixed % (9 * 86_400))
    status = pl.lit(pl.Series(["pending", "shipped", "delivered", "cancelled", "returned"]))
    tier = pl.lit(pl.Series(["economy", "standard", "express"]))
    return pl.select(
        order_id=pl.format("ORD-{}", number.cast(pl.String).str.zfill(10)),
        customer_id=pl.format("CUS-{}", mixed % 1_000_000),
        product_id=pl.format("SKU-{}", mixed // 7 % 5000),
        order_date=placed,
        status=status.gather(mixed % 5),
        delivery_date=pl.when(mixed % 5 == 2).then(delivered),
        quantity=mixed % 4 + 1,
        unit_price=(mixed % 20_000 / 100).cast(pl.Decimal(12, 2)),
        shipping_tier=tier.gather(mixed % 3),
        updated_at=delivered,
    )


def _peak() -> dict[str, int]:
    return {"peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


if __name__ == "__main__":
    work: dict[str, Callable[..., dict[str, Any]]] = {
        "stage": stage,
        "load": load,
        "duckdb": plain_duckdb,
        "unordered": partial(plain_duckdb, ordered=False),
        "csv": csv,
        "check": check,
        "typed": typed,
        "cast": cast,
        "text": text,
    }
    print(json.dumps(work[sys.argv[1]](*sys.argv[2:])))
