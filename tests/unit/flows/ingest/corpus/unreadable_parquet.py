"""Parquet that was cut, damaged, or is none; and columns of kinds that cannot be meant."""

import gzip
import io
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tests.unit.flows.ingest.corpus.cases import Unreadable
from tests.unit.flows.ingest.corpus.shop import Content, delimited, orders, parquet

DESCRIPTION = '[orders]\npath = "orders.parquet"\n'
TABLE = orders(*[{}] * 500)
FRAME = pl.DataFrame(TABLE)
WHOLE = parquet(TABLE, compression="zstd")
MIDDLE = len(WHOLE) // 4
COLUMNS = dict.fromkeys(["order_id", "customer_id", "product_id", "order_date", "status", "delivery_date"])


def _parquet(says: str, content: Content, description: str = DESCRIPTION) -> Unreadable:
    return Unreadable({"orders.parquet": content}, says, None, "orders.parquet", description)


def _arrow(table: pa.Table, **how: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **how)
    return file.getvalue()


def _with(**columns: pl.Series | pl.Expr) -> bytes:
    return parquet(FRAME.with_columns(**columns))


def _many_rows_of_one_value(path: Path) -> None:
    frame = pl.select(pl.repeat("A-1", 2_000_000).alias("order_id"))
    frame.with_columns(pl.col("order_id").alias(name) for name in COLUMNS).write_parquet(path)


def _invalid_text() -> bytes:
    """A column that is said to be text and is not."""
    texts = [f"tier {number}".encode() for number in range(499)] + [b"expre\xdf"]
    binary = pa.array(texts, pa.binary())
    text = pa.Array.from_buffers(pa.string(), len(binary), binary.buffers())
    table = FRAME.to_arrow(compat_level=pl.CompatLevel.oldest())
    return _arrow(table.set_column(table.column_names.index("shipping_tier"), "shipping_tier", text))


PARQUET: dict[str, Unreadable] = {
    "the first bytes only": _parquet(r"is truncated|cannot be read as Parquet", b"PAR1"),
    "fewer than the first bytes": _parquet(r"is truncated", b"PA"),
    "the first bytes twice": _parquet(r"cannot be read as Parquet", b"PAR1PAR1"),
    "cut to half": _parquet(
        r"is truncated: the end of the Parquet file is missing", WHOLE[: len(WHOLE) // 2]
    ),
    "cut within the footer": _parquet(r"is truncated", WHOLE[:-100]),
    "cut before the last bytes": _parquet(r"is truncated", WHOLE[:-8]),
    "cut by a byte": _parquet(r"is truncated", WHOLE[:-1]),
    "its middle missing": _parquet(
        r"cannot be read as Parquet|is damaged", WHOLE[:100] + WHOLE[-len(WHOLE) // 3 :]
    ),
    "its begin missing": _parquet(r"is no Parquet file: it begins with ", WHOLE[4:]),
    "wrong first bytes": _parquet(r"is no Parquet file: it begins with b'PARX'", b"PARX" + WHOLE[4:]),
    "wrong last bytes": _parquet(r"is truncated", WHOLE[:-4] + b"PARX"),
    "a damaged page": _parquet(
        r"cannot be read as Parquet|is damaged", WHOLE[:MIDDLE] + b"\xff" * 200 + WHOLE[MIDDLE + 200 :]
    ),
    "a page of zeros": _parquet(
        r"cannot be read as Parquet|is damaged", WHOLE[:MIDDLE] + bytes(200) + WHOLE[MIDDLE + 200 :]
    ),
    "a damaged page found by its checksum": _parquet(
        r"cannot be read as Parquet \(.*CRC checksum",
        (
            written := _arrow(
                pa.table(FRAME.to_dict(as_series=False)),
                compression="none",
                use_dictionary=False,
                write_page_checksum=True,
            )
        ).replace(b"A-250", b"A-2X0"),
    ),
    "a footer of nonsense": _parquet(r"cannot be read as Parquet", WHOLE[:-200] + b"\xff" * 192 + WHOLE[-8:]),
    "a footer longer than the file": _parquet(
        r"cannot be read as Parquet", WHOLE[:-8] + (2**31 - 1).to_bytes(4, "little") + b"PAR1"
    ),
    "encrypted": _parquet(r"is encrypted", WHOLE[:-4] + b"PARE"),
    "csv": _parquet(r"is no Parquet file: it begins with b'orde'", delimited(TABLE)),
    "packed with gzip": _parquet(r"is no Parquet file: it begins with b'\\x1f\\x8b", gzip.compress(WHOLE)),
    "a workbook": _parquet(r"is no Parquet file: it begins with b'PK", b"PK\x03\x04" + bytes(100)),
    "no rows": _parquet(r"holds no orders", parquet(FRAME.clear())),
    "no columns": _parquet(r"has no columns|cannot be read as Parquet", _arrow(pa.table({}))),
    "a bomb of rows": _parquet(
        r"claims 2,000,000 rows, more than a file of its size can hold", _many_rows_of_one_value
    ),
    "a repeated column": _parquet(
        r"column order_id stands more than once",
        _arrow(pa.Table.from_arrays([pa.array(["A"]), pa.array(["A"])], ["order_id", "order_id"])),
    ),
    "a column repeated but for case": _parquet(
        r"column Order_ID stands more than once", _with(Order_ID=pl.col("order_id"))
    ),
    "a column repeated but for blanks": _parquet(
        r"column order_id stands more than once",
        parquet(FRAME.with_columns(pl.col("order_id").alias("order_id "))),
    ),
    "a column without a name": _parquet(
        r"column 1[12] has no name", parquet(FRAME.with_columns(pl.lit(0).alias(" ")))
    ),
    "a missing column": _parquet(
        r"missing column status; the file has order_id, ", parquet(FRAME.drop("status"))
    ),
    "an escape sequence in a name": _parquet(
        r"missing column status", parquet(FRAME.rename({"status": "\x1b[31m\nstatus"}))
    ),
    "an escape sequence in a repeated name": _parquet(
        r"column .*stands more than once",
        parquet(FRAME.with_columns(pl.lit(0).alias("\x1b[31m\nx"), pl.lit(0).alias("\x1b[31m\nX"))),
    ),
    "an escape sequence in the name of a list": _parquet(
        r"column .*holds List",
        parquet(
            FRAME.rename({"status": "\x1b[31m\nstatus"}).with_columns(
                pl.concat_list("order_id").alias("\x1b[31m\nstatus")
            )
        ),
        DESCRIPTION + '[orders.columns]\n"\\u001b[31m\\nstatus" = "status"\n',
    ),
    "text that is none": _parquet(r"column shipping_tier is damaged", _invalid_text()),
    "dates as numbers": _parquet(
        r"column order_date holds Int32, not dates \(.*unix", _with(order_date=pl.lit(1))
    ),
    "dates as truths": _parquet(
        r"column order_date holds Boolean, not dates", _with(order_date=pl.lit(True))
    ),
    "dates as times": _parquet(
        r"column order_date holds Time, not dates", _with(order_date=pl.lit("12:00:00").str.to_time())
    ),
    "money as truths": _parquet(
        r"column unit_price holds Boolean, not numbers", _with(unit_price=pl.lit(True))
    ),
    "quantities as dates": _parquet(
        r"column quantity holds Date, not whole numbers", _with(quantity=pl.lit("2026-01-01").str.to_date())
    ),
    "ids as lists": _parquet(r"column order_id holds List", _with(order_id=pl.concat_list("order_id"))),
    "ids as records": _parquet(r"column order_id holds Struct", _with(order_id=pl.struct("order_id"))),
    "ids as durations": _parquet(
        r"column order_id holds Duration", _with(order_id=pl.duration(days=pl.int_range(pl.len())))
    ),
    "ids as bytes": _parquet(
        r"column order_id holds Binary", _with(order_id=pl.col("order_id").cast(pl.Binary))
    ),
}

PARQUET = {f"parquet: {name}": case for name, case in PARQUET.items()}
