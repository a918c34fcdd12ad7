import base64
import random
import subprocess
import sys
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from flows import paths
from flows.errors import SourceError
from flows.ingest.source import columnar
from flows.ingest.source.columnar import read_parquet

ROWS = 3_000
TABLE = pa.table(
    {
        "order_id": [f"A-{number}" for number in range(ROWS)],
        "status": ["pending", "shipped", None] * (ROWS // 3),
        "order_date": pa.array(range(ROWS), pa.timestamp("us")),
        "unit_price": [number / 4 for number in range(ROWS)],
        "items": [[number, 2] for number in range(ROWS)],
    }
)


def written(directory: Path, table: pa.Table, **options: Any) -> Path:
    file = directory / "orders.parquet"
    pq.write_table(table, file, **options)
    return file


def read(file: Path) -> pl.DataFrame:
    """Everything, once the line numbers are seen to count the rows."""
    pieces = list(read_parquet(file))
    for frame, lines in pieces:
        assert frame.height == len(lines)
    lines = pl.concat([lines for _, lines in pieces])
    assert lines.dtype == pl.Int64
    assert lines.to_list() == list(range(1, len(lines) + 1))
    return pl.concat([frame for frame, _ in pieces])


def refusal(file: Path) -> str:
    with pytest.raises(SourceError) as error:
        list(read_parquet(file))
    message = str(error.value)
    assert message.startswith(f"{file}: ")
    assert "\n" not in message
    assert len(message) < len(str(file)) + 400
    return message.removeprefix(f"{file}: ")


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("group", [1, 700, ROWS])
def test_a_file_is_read_whoever_wrote_it(tmp_path: Path, compression: str, version: str, group: int) -> None:
    few = TABLE.slice(0, 50) if group == 1 else TABLE
    file = written(tmp_path, few, compression=compression, data_page_version=version, row_group_size=group)
    assert_frame_equal(read(file), pl.DataFrame(few))


def test_what_polars_writes_is_read(tmp_path: Path) -> None:
    frame = pl.DataFrame(TABLE).with_columns(kind=pl.Series(["a", "b", None] * 1_000, dtype=pl.Categorical))
    frame.write_parquet(tmp_path / "orders.parquet")
    expected = frame.with_columns(pl.col("kind").cast(pl.String))
    assert_frame_equal(read(tmp_path / "orders.parquet"), expected)


@pytest.mark.parametrize("groups", [500, 10**6], ids=["small row groups", "one row group"])
def test_pieces_are_bounded_in_rows_whatever_the_row_groups(tmp_path: Path, groups: int) -> None:
    rows = columnar.PIECE_ROWS * 2 + 10
    file = written(tmp_path, pa.table({"a": pa.array(range(rows))}), row_group_size=groups)
    heights = [frame.height for frame, _ in read_parquet(file)]
    assert sum(heights) == rows
    assert len(heights) == 3
    assert max(heights) <= columnar.PIECE_ROWS
    assert min(heights[:-1]) > columnar.PIECE_ROWS / 2
    assert read(file)["a"].to_list() == list(range(rows))


def test_pieces_are_bounded_in_bytes(tmp_path: Path) -> None:
    pictures = [random.Random(number).randbytes(20_000) for number in range(300)]
    file = written(tmp_path, pa.table({"id": pa.array(range(300)), "picture": pictures}))
    sizes = [frame["picture"].bin.size().sum() for frame, _ in read_parquet(file, piece_bytes=2_000_000)]
    assert sum(sizes) == 300 * 20_000
    assert 1_000_000 < max(sizes) <= 2_000_000
    one_by_one = [frame.height for frame, _ in read_parquet(file, piece_bytes=1)]
    assert one_by_one == [1] * 300


def test_the_memory_for_one_large_row_group_does_not_grow_with_its_rows(tmp_path: Path) -> None:
    rows = 1_000_000
    ids = pl.select(pl.format("number-{}-of-an-order", pl.int_range(rows)).alias("order_id"))
    frame = ids.with_columns(customer_id=pl.col("order_id"), product_id=pl.col("order_id"))
    frame.write_parquet(tmp_path / "orders.parquet", row_group_size=rows)
    code = """
import resource, sys
from pathlib import Path
from flows.ingest.source.columnar import read_parquet
rows = 0
for frame, _ in read_parquet(Path(sys.argv[1]), piece_rows=25_000):
    rows += frame.height
    if rows <= 200_000:
        early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - early) * 1024)
"""
    answer = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "orders.parquet"],
        cwd=paths.REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    read_rows, grown = map(int, answer.stdout.split())
    assert read_rows == rows
    assert grown < frame.estimated_size() / 5


UUIDS = [uuid.UUID(int=number * 10**30) for number in range(3)]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([1, None], pa.uint8()), pl.Series([1, None], dtype=pl.UInt8)),
        (pa.array([1.5, None], pa.float32()), pl.Series([1.5, None], dtype=pl.Float32)),
        (pa.array([True, None]), pl.Series([True, None])),
        (pa.nulls(2), pl.Series([None, None], dtype=pl.Null)),
        (
            pa.array([Decimal("1.50")], pa.decimal128(12, 2)),
            pl.Series([Decimal("1.50")], dtype=pl.Decimal(12, 2)),
        ),
        (
            pa.array([Decimal("1.50")], pa.decimal256(60, 2)),
            pl.Series([Decimal("1.50")], dtype=pl.Decimal(38, 2)),
        ),
        (pa.array([date(2026, 1, 2)]), pl.Series([date(2026, 1, 2)])),
        (pa.array([time(1, 2)]), pl.Series([time(1, 2)])),
        (pa.array([timedelta(hours=1)]), pl.Series([timedelta(hours=1)])),
        (pa.array([datetime(2026, 1, 2, 3)]), pl.Series([datetime(2026, 1, 2, 3)])),
        (
            pa.array([datetime(2026, 1, 2, 3)], pa.timestamp("ns")),
            pl.Series([datetime(2026, 1, 2, 3)], dtype=pl.Datetime("ns")),
        ),
        *(
            (
                pa.array([datetime(2026, 1, 2, 3, tzinfo=UTC)], pa.timestamp("ms", zone)),
                pl.Series([datetime(2026, 1, 2, 3, tzinfo=UTC)], dtype=pl.Datetime("ms", "UTC")),
            )
            for zone in ("UTC", "Europe/Berlin", "+02:00", "Mars/Olympus")
        ),
        (pa.array(["a", None, "a"]).dictionary_encode(), pl.Series(["a", None, "a"])),
        (pa.array(["a"], pa.string_view()), pl.Series(["a"])),
        (pa.array(["a"], pa.large_string()), pl.Series(["a"])),
        (pa.array([b"\xff"]), pl.Series([b"\xff"])),
        (pa.array([[1, 2], None]), pl.Series([[1, 2], None])),
        (pa.array([[1, 2]], pa.list_view(pa.int64())), pl.Series([[1, 2]])),
        (pa.array([{"a": 1}]), pl.Series([{"a": 1}])),
        (
            pa.ExtensionArray.from_storage(
                pa.uuid(), pa.array([*(u.bytes for u in UUIDS), None], pa.binary(16))
            ),
            pl.Series([*map(str, UUIDS), None]),
        ),
        (pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a": 1}'])), pl.Series(['{"a": 1}'])),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array | pa.ChunkedArray) else "",
)
def test_types_are_kept_or_become_what_can_be_worked_with(
    tmp_path: Path, column: pa.Array, expected: pl.Series
) -> None:
    full = written(tmp_path, pa.table({"c": column}))
    assert_frame_equal(read(full), pl.DataFrame({"c": expected}))
    empty = written(tmp_path, pa.table({"c": column}).slice(0, 0))
    assert read(empty).schema == {"c": expected.dtype}
    assert read(empty).height == 0


@pytest.mark.parametrize(
    ("column", "complaint"),
    [
        (
            pa.array([Decimal("1" * 60)], pa.decimal256(70, 2)),
            "column order_id holds decimal256(70, 2), which cannot be read (Decimal value does not fit in "
            "precision 38); leave it out, or write it as text",
        ),
        (
            pa.array([{"a": Decimal("1.5")}], pa.struct([("a", pa.decimal256(50, 2))])),
            "column order_id holds struct<a: decimal256(50, 2)>, which cannot be read (",
        ),
        (
            pa.StringArray.from_buffers(
                2, pa.py_buffer(b"\0\0\0\0\2\0\0\0\4\0\0\0"), pa.py_buffer(b"ab\xff\xfe")
            ),
            "column order_id is damaged (Invalid UTF8 sequence at string index 1); export the file again",
        ),
    ],
)
def test_a_column_that_cannot_be_read_is_named(tmp_path: Path, column: pa.Array, complaint: str) -> None:
    table = pa.table({"status": ["shipped"] * len(column), "order_id": column})
    assert refusal(written(tmp_path, table)).startswith(complaint)


@pytest.mark.parametrize(
    ("name", "inside", "complaint"),
    [
        ("a\nb", "c", "column a b holds struct<c: decimal256(50, 2)>, which cannot be read ("),
        ("a", "b\nc", "column a holds struct<b c: decimal256(50, 2)>, which cannot be read ("),
        ("a", "b" * 1_000, f"column a holds struct<{'b' * 153}..., which cannot be read ("),
        (
            "a" * 1_000,
            "b",
            f"column {'a' * 160}... holds struct<b: decimal256(50, 2)>, which cannot be read (",
        ),
    ],
)
def test_what_a_file_says_of_itself_is_told_in_one_short_line(
    tmp_path: Path, name: str, inside: str, complaint: str, capfd: pytest.CaptureFixture[str]
) -> None:
    column = pa.array([None], pa.struct([(inside, pa.decimal256(50, 2))]))
    message = refusal(written(tmp_path, pa.table({name: column})))
    assert message.startswith(complaint)
    assert capfd.readouterr().err == ""


def test_a_repeated_name_is_told_in_one_line(tmp_path: Path) -> None:
    table = pa.table([pa.array([1]), pa.array([2])], ["a\nb", "A\nb"])
    assert refusal(written(tmp_path, table)) == "column A b stands more than once"


def test_more_rows_than_the_file_holds_are_noticed(tmp_path: Path) -> None:
    file = written(tmp_path, TABLE)
    content = bytearray(file.read_bytes())
    claimed, other = (bytes([0x16, rows * 2 & 0x7F | 0x80, rows * 2 >> 7]) for rows in (ROWS, ROWS + 1))
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    at = content.index(claimed, footer)  # of the whole file, in front of that of the row group
    content[at : at + len(claimed)] = other
    file.write_bytes(content)
    assert pq.read_metadata(file).num_rows == ROWS + 1
    assert refusal(file) == "is damaged: claims 3,001 rows and holds 3,000"


def test_names_are_trimmed(tmp_path: Path) -> None:
    assert read(written(tmp_path, pa.table({" Order Id ": [1], "b\t": [2]}))).columns == ["Order Id", "b"]


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (["a", "a"], "column a stands more than once"),
        (["a", " A "], "column A stands more than once"),
        (["a", " "], "column 2 has no name"),
        (["", "b"], "column 1 has no name"),
        ([], "has no columns"),
    ],
)
def test_names_that_do_not_tell_columns_apart_are_refused(
    tmp_path: Path, names: list[str], complaint: str
) -> None:
    assert refusal(written(tmp_path, pa.table([pa.array([1])] * len(names), names))) == complaint


def test_a_file_without_rows_yields_its_columns_once(tmp_path: Path) -> None:
    pieces = list(read_parquet(written(tmp_path, TABLE.slice(0, 0))))
    assert len(pieces) == 1
    assert pieces[0][0].schema == pl.DataFrame(TABLE).schema
    assert pieces[0][1].dtype == pl.Int64


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (b"PA", "is truncated: the end of the Parquet file is missing"),
        (b"PAR1", "cannot be read as Parquet ("),
        (b"PAR1PAR1", "cannot be read as Parquet ("),
        (b"PAR1" + b"\xff" * 100 + b"PAR1", "cannot be read as Parquet ("),
        (b"PAR1" + b"\0" * 100 + b"PAR1", "cannot be read as Parquet ("),
        (b"order_id,status\nA-1,shipped\n", "is no Parquet file: it begins with b'orde'"),
        (b"PK\x03\x04" + b"\0" * 100, r"is no Parquet file: it begins with b'PK\x03\x04'"),
        (b"\n\n\n\n\n", r"is no Parquet file: it begins with b'\n\n\n\n'"),
    ],
)
def test_what_is_no_parquet_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    file = tmp_path / "orders.parquet"
    file.write_bytes(content)
    assert refusal(file).startswith(complaint)


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.999], ids=str)
def test_a_truncated_file_is_refused(tmp_path: Path, keep: float) -> None:
    file = written(tmp_path, TABLE)
    content = file.read_bytes()
    file.write_bytes(content[: max(5, int(len(content) * keep))])
    assert refusal(file) == "is truncated: the end of the Parquet file is missing"


def test_a_file_that_goes_away_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "orders.parquet")


class _Keys(pe.KmsClient):
    """Keys that are no secret."""

    def __init__(self, _: pe.KmsConnectionConfig) -> None:
        super().__init__()

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
        return base64.b64decode(wrapped_key)


@pytest.mark.parametrize("plain_footer", [False, True])
def test_an_encrypted_file_is_refused(tmp_path: Path, plain_footer: bool) -> None:
    properties = pe.CryptoFactory(_Keys).file_encryption_properties(
        pe.KmsConnectionConfig(),
        pe.EncryptionConfiguration("footer", column_keys={"k": ["order_id"]}, plaintext_footer=plain_footer),
    )
    file = tmp_path / "orders.parquet"
    with pq.ParquetWriter(file, TABLE.schema, encryption_properties=properties) as writer:
        writer.write_table(TABLE)
    assert refusal(file) == "is encrypted; export it without encryption"


def _page_in_the_middle(file: Path) -> int:
    metadata = pq.read_metadata(file)
    column = metadata.row_group(metadata.num_row_groups // 2).column(0)
    return column.data_page_offset


@pytest.mark.parametrize("compression", ["snappy", "gzip", "zstd"])
def test_a_page_destroyed_in_the_middle_is_refused_late(tmp_path: Path, compression: str) -> None:
    rows = columnar.PIECE_ROWS * 3
    table = pa.table({"order_id": [f"A-{number}" for number in range(rows)]})
    file = written(tmp_path, table, compression=compression, use_dictionary=False, row_group_size=50_000)
    content = bytearray(file.read_bytes())
    middle = _page_in_the_middle(file)
    content[middle : middle + 2_000] = b"\xff" * 2_000
    file.write_bytes(content)
    pieces = read_parquet(file)
    assert next(pieces)[0]["order_id"].to_list()[:2] == ["A-0", "A-1"]
    assert refusal(file).startswith(("cannot be read as Parquet (", "column order_id is damaged ("))


def test_a_single_bit_is_noticed_where_the_file_has_checksums(tmp_path: Path) -> None:
    table = pa.table({"quantity": pa.array(range(50_000))})
    file = written(tmp_path, table, compression="none", use_dictionary=False, write_page_checksum=True)
    content = bytearray(file.read_bytes())
    content[_page_in_the_middle(file) + 1_000] ^= 1
    file.write_bytes(content)
    assert "CRC checksum verification failed" in refusal(file)


def test_more_rows_than_a_file_of_its_size_can_hold_are_refused_unread(tmp_path: Path) -> None:
    rows = 1_000_000
    file = written(tmp_path, pa.table({"order_id": ["A"] * rows}), compression="zstd")
    assert rows > columnar.MOST_ROWS_PER_BYTE * file.stat().st_size
    assert refusal(file) == "claims 1,000,000 rows, more than a file of its size can hold"


def test_rows_that_compress_well_are_read(tmp_path: Path) -> None:
    rows = 100_000
    table = pa.table({"order_id": pa.array(range(rows)), "status": ["shipped"] * rows})
    assert read(written(tmp_path, table, compression="zstd")).height == rows


damages = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)), min_size=1, max_size=4
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    damages,
    st.sampled_from(["none", "snappy", "gzip", "zstd"]),
    st.booleans(),
    st.integers(0, 40),
    st.booleans(),
)
def test_whatever_is_damaged_is_read_or_refused_in_one_line(
    tmp_path: Path,
    damage: list[tuple[float, bytes]],
    compression: str,
    dictionary: bool,
    cut: int,
    in_footer: bool,
) -> None:
    file = written(tmp_path, TABLE.slice(0, 300), compression=compression, use_dictionary=dictionary)
    content = bytearray(file.read_bytes())
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little") if in_footer else 0
    for place, wrong in damage:
        at = start + int(place * (len(content) - start))
        content[at : at + len(wrong)] = wrong
    del content[len(content) // 2 : len(content) // 2 + cut]
    file.write_bytes(content)
    try:
        list(read_parquet(file))
    except SourceError as error:
        assert str(error).startswith(f"{file}: ")
        assert len(str(error).splitlines()) == 1
