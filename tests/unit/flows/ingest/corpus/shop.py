"""Rows of a shop that exports well, and files in every format that hold them."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

AS_OF = date(2026, 10, 31)
ORDERS = '[orders]\npath = "orders.csv"\n'

Row = dict[str, str | None]
# What stands in a file, or what makes something else than a file at its path.
Content = bytes | Callable[[Path], object]

GOOD: dict[str, Row] = {
    "customers": {
        "customer_id": "C-1",
        "name": "Zoë Ødegård",
        "email": "zoe@example.org",
        "city": "Köln",
        "country": "DE",
        "segment": "consumer",
        "created_at": "2025-01-31 08:00:00",
    },
    "products": {
        "product_id": "P-1",
        "name": "Chair, oak",
        "category": "furniture",
        "unit_price": "119.90",
        "weight_kg": "7.250",
    },
    "orders": {
        "order_id": "A-1",
        "customer_id": "C-1",
        "product_id": "P-1",
        "order_date": "2026-10-01 09:30:00",
        "status": "delivered",
        "delivery_date": "2026-10-04 16:00:00",
        "quantity": "2",
        "unit_price": "119.90",
        "shipping_tier": "standard",
        "promised_date": "2026-10-06",
        "updated_at": "2026-10-04 16:00:00",
    },
    "deliveries": {
        "delivery_id": "D-1",
        "order_id": "A-1",
        "carrier": "DHL",
        "region": "north",
        "status": "delivered",
        "shipped_at": "2026-10-02 11:00:00",
        "promised_at": "2026-10-06 18:00:00",
        "delivered_at": "2026-10-04 16:00:00",
    },
}


def rows(entity: str, *changes: Mapping[str, str | None]) -> list[Row]:
    """Good rows but for the changes; their keys are numbered unless the change says otherwise."""
    key = next(iter(GOOD[entity]))
    letter = GOOD[entity][key][0]  # type: ignore[index]
    return [
        {**GOOD[entity], key: f"{letter}-{number}", **change}
        for number, change in enumerate(changes, start=1)
    ]


def orders(*changes: Mapping[str, str | None]) -> list[Row]:
    return rows("orders", *changes)


def delimited(
    table: Sequence[Mapping[str, str | None]],
    columns: Sequence[str] | None = None,
    encoding: str = "utf-8",
    **how: Any,
) -> bytes:
    """The rows as CSV with a header; `how` is told to `csv.writer`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, **{"lineterminator": "\n", **how})
    names = columns or list(table[0])
    writer.writerow(names)
    writer.writerows([row[name] for name in names] for row in table)
    return text.getvalue().encode(encoding)


def ndjson(table: Sequence[Mapping[str, Any]], **how: Any) -> bytes:
    """The rows as NDJSON; `how` is told to `json.dumps`."""
    return "".join(json.dumps(row, **{"ensure_ascii": False, **how}) + "\n" for row in table).encode()


def parquet(table: Sequence[Mapping[str, str | None]] | pl.DataFrame, **how: Any) -> bytes:
    """The rows as Parquet, in columns of text unless they come as a frame; `how` is told to Polars."""
    frame = (
        table
        if isinstance(table, pl.DataFrame)
        else pl.DataFrame(table, schema=dict.fromkeys(table[0], pl.String))
    )
    file = io.BytesIO()
    frame.write_parquet(file, **how)
    return file.getvalue()


WRITERS: dict[str, Callable[[Sequence[Row]], bytes]] = {
    "csv": delimited,
    "csv.gz": lambda table: gzip.compress(delimited(table)),
    "ndjson": ndjson,
    "parquet": parquet,
}
# The line of the first record.
FIRST_LINE = {"csv": 2, "csv.gz": 2, "ndjson": 1, "parquet": 1}


def lay_out(directory: Path, description: str, files: Mapping[str, Content]) -> Path:
    """Put the files and their description into the directory; returns the description's path."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            content(path)
    described_in = directory / "source.toml"
    described_in.write_text(description, encoding="utf-8")
    return described_in
