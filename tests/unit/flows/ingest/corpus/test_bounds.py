"""Small files that would take much memory if they were taken at their word."""

import io
import tracemalloc
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.errors import SourceError
from flows.ingest.source.columnar import PIECE_BYTES
from flows.ingest.source.description import read_description
from flows.ingest.source.records import read_records
from tests.unit.flows.ingest.corpus.shop import ORDERS, delimited, lay_out, ndjson, orders

MIB = 2**20


def test_a_long_text_repeated_in_parquet_is_not_unpacked_at_once(tmp_path: Path) -> None:
    frame = pl.DataFrame(orders(*[{}] * 200))
    once = pa.array(["x" * MIB])
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).append_column(
        "note", pa.DictionaryArray.from_arrays(pa.array(np.zeros(200, np.int32)), once)
    )
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    assert len(file.getvalue()) < 20_000
    described_in = lay_out(
        tmp_path, '[orders]\npath = "orders.parquet"\n', {"orders.parquet": file.getvalue()}
    )
    records = read_records(read_description(described_in).entities["orders"])
    try:
        for piece in records:
            size = piece.frame.estimated_size()
            assert size < 2 * PIECE_BYTES
    except SourceError as error:  # as good
        assert str(error).startswith(str(tmp_path / "orders.parquet"))


@pytest.mark.parametrize("name", ["orders.csv", "orders.ndjson"])
def test_blank_lines_take_no_memory_beyond_measure(tmp_path: Path, name: str) -> None:
    table = orders({}, {})
    content = (delimited(table) if name == "orders.csv" else ndjson(table)) + b"\n" * (MIB // 2)
    described_in = lay_out(tmp_path, ORDERS.replace("orders.csv", name), {name: content})
    source = read_description(described_in).entities["orders"]
    tracemalloc.start()
    try:
        assert sum(records.frame.height for records in read_records(source)) == len(table)
        _, most = tracemalloc.get_traced_memory()
    except SourceError as error:  # as good
        assert str(error).startswith(str(tmp_path / name))
        return
    finally:
        tracemalloc.stop()
    measure = 16 * len(content)
    assert most < measure


def test_keys_that_differ_from_record_to_record_do_not_make_a_column_each(tmp_path: Path) -> None:
    by_id = b"".join(b'{"A-%d": {"status": "shipped"}}\n' % number for number in range(2_000))
    described_in = lay_out(tmp_path, '[orders]\npath = "orders.ndjson"\n', {"orders.ndjson": by_id})
    records = read_records(read_description(described_in).entities["orders"])
    try:
        for piece in records:
            cells = piece.frame.width * piece.frame.height
            assert cells < 16 * len(by_id)
    except SourceError as error:  # as good
        assert str(error).startswith(str(tmp_path / "orders.ndjson"))
