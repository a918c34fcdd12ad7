"""Small files that would take much memory if they were taken at their word."""

import tracemalloc
from pathlib import Path

import pytest

from flows.errors import SourceError
from flows.ingest.source.description import read_description
from flows.ingest.source.records import read_records
from tests.unit.flows.ingest.corpus.shop import ORDERS, delimited, lay_out, ndjson, orders

MIB = 2**20


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
