import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flows.errors import SourceError
from flows.ingest.source import text
from flows.ingest.source.ndjson import read_ndjson

BLOCK_SIZES = (1, 60, 10**6)

files_of_its_own = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "orders.ndjson"


def records(path: Path, encoding: str = "utf-8", **options: int) -> list[tuple[int, dict[str, str]]]:
    """(line, what is not null) of every record."""
    found = []
    names: list[str] = []
    for frame, lines in read_ndjson(path, encoding, **options):
        assert set(frame.dtypes) == {pl.String}
        assert lines.dtype == pl.Int64
        assert frame.columns[: len(names)] == names
        names = frame.columns
        for line, row in zip(lines, frame.rows(named=True), strict=True):
            found.append((line, {name: value for name, value in row.items() if value is not None}))
    return found


def trouble(path: Path, content: bytes, encoding: str = "utf-8") -> str:
    """The same at any size of blocks."""
    path.write_bytes(content)
    messages = set()
    for size in BLOCK_SIZES:
        with pytest.raises(SourceError) as caught:
            records(path, encoding, block_bytes=size)
        messages.add(str(caught.value))
    (message,) = messages
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int) else str(value)


tricky = st.text(st.sampled_from(list("ab \n\t\\\":,{}[]nul'é\u2028😀")), max_size=8)
scalars = (
    st.none() | st.booleans() | st.integers() | tricky | st.sampled_from(['":', '": n', '":null', '"a":1'])
)
nested = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(tricky, inner, max_size=3),
    max_leaves=5,
)
keys = st.sampled_from(["order_id", "b", "null", 'q"', 'e":', "é", "with space", "n"])


@files_of_its_own
@given(
    rows=st.lists(st.dictionaries(keys, nested, min_size=1), min_size=1, max_size=12),
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : "), (",\t", "\t:\t"), (",", ":  ")]),
    ascii_only=st.booleans(),
    ends=st.lists(st.sampled_from(["\n", "\r\n", "\n\n", " \n \t\r\n"]), min_size=1),
    block_bytes=st.integers(30, 300),
)
@example([{"b": 1}] * 200 + [{"b": 1, "n": 2}], (",", ":"), True, ["\n"], 10**6)
@example([{"b": 1}] * 200 + [{"b": None, "n": 2}], (", ", ": "), True, ["\n"], 10**6)
@example([{"b": 1}] * 200 + [{"b": {"x": None}, "n": 2}], (",", ":"), True, ["\n"], 10**6)
@example([{"b": 1}] * 200 + [{"b": '":n', "n": 2}], (",", ":"), True, ["\n"], 10**6)
@example([{"b": 1}] * 200 + [{"b": {"x": 1}, "n": 2}], (" ,", " :"), True, ["\n"], 10**6)
@example([{"b": 1}] * 200 + [{"b": {"x": 1}, "n": 2}], (",", "\t:"), True, ["\n"], 10**6)
def test_what_json_writes_is_read_with_its_lines(tmp_path, rows, separators, ascii_only, ends, block_bytes):
    content, expected = "", []
    for number, row in enumerate(rows):
        expected.append((content.count("\n") + 1, row))
        content += json.dumps(row, separators=separators, ensure_ascii=ascii_only) + ends[number % len(ends)]
    file = tmp_path / "orders.ndjson"
    file.write_bytes(content.encode())

    found = records(file, block_bytes=block_bytes)

    assert [line for line, _ in found] == [line for line, _ in expected]
    for (_, read), (_, written) in zip(found, expected, strict=True):
        assert set(read) == {key for key, value in written.items() if value is not None}
        for key, value in written.items():
            if not isinstance(value, list | dict):
                assert read.get(key) == as_text(value)


@pytest.mark.parametrize(
    "known",
    [
        '"b" :1',  # for none of these the colons come out if they are only counted
        '"b"\t:1',
        '"b"\r:1',
        '"b":{"x" :1}',
        '"b":"\\u0022:"',
        '"b":"\\"\\u003a"',
        '"b":"\\"\\u003A"',
        '"b":{"x":null}',
        '"b":": null"',
        '"b":"\\":null"',
        '"b":null',
    ],
)
def test_no_way_to_write_a_key_hides_another_that_comes_late(file, known):
    file.write_text('{"b":1}\n' * 200 + f'{{{known},"late":2}}\n', newline="")

    for size in BLOCK_SIZES:
        line, record = records(file, block_bytes=size)[-1]
        assert (line, record["late"]) == (201, "2")


def test_the_first_key_may_come_late(file):
    file.write_text("\n" * 150 + '{}\n{"a":1}\n')

    assert records(file) == [(151, {}), (152, {"a": "1"})]


def test_numbers_keep_their_value(file):
    file.write_text(
        '{"a":1.10,"b":-0.05,"c":123456789012345678901234567890,"d":1e3,"e":true,"f":19.90,"g":0}\n'
    )

    assert records(file) == [
        (1, {"a": "1.1", "b": "-0.05", "c": "123456789012345678901234567890", "d": "1000", "e": "true"}
         | {"f": "19.9", "g": "0"})
    ]  # fmt: skip


def test_what_is_nested_is_json(file):
    file.write_text(
        '{"id":1,"to":{"city":"Köln","floors":[1,2.50,null,false]},"tags":[]}\n', encoding="utf-8"
    )

    ((_, record),) = records(file)

    assert json.loads(record["to"]) == {"city": "Köln", "floors": [1, 2.5, None, False]}
    assert record["tags"] == "[]"


def test_a_key_may_come_late_in_the_file(file):
    file.write_text('{"id":1}\n' * 500 + '{"id":2,"delivered":"2026-01-01"}\n' + '{"id":3}\n' * 500)

    for size in (300, 10**6):
        pieces = list(read_ndjson(file, block_bytes=size))
        assert [frame.columns for frame, _ in pieces][-1] == ["id", "delivered"]
        found = records(file, block_bytes=size)
        assert found[500] == (501, {"id": "2", "delivered": "2026-01-01"})
        assert found[501] == (502, {"id": "3"})


def test_keys_are_trimmed(file):
    file.write_text('{" id ":1,"a b":2}\n{"late\\t":3," id ":4}\n')

    assert records(file) == [(1, {"id": "1", "a b": "2"}), (2, {"id": "4", "late": "3"})]


@pytest.mark.parametrize("apart", ["", '{"id":7}\n' * 300])
def test_keys_that_differ_by_blanks_only_are_refused(file, apart):
    content = '{"id":1}\n' + apart + '{" id":2}\n'

    line = content.count("\n")
    assert trouble(file, content.encode()) == f"line {line}: keys 'id' and ' id' differ by blanks only"


@pytest.mark.parametrize("before", [0, 300])
@pytest.mark.parametrize("record", ['{"id":1,"id":2}', '{"id":1,"b":null,"id":1}', '{"id":null, "id":3}'])
def test_a_key_that_stands_twice_in_a_record_is_refused(file, before, record):
    content = '{"id":0,"b":1}\n' * before + record + "\n"

    assert (
        trouble(file, content.encode()) == f"line {before + 1}: key 'id' stands more than once in the record"
    )


def test_a_blank_key_is_refused(file):
    assert trouble(file, b'{"id":1}\n{"id":1," ":2}\n') == "line 2: a key of the record is blank"


def test_records_may_lack_keys_or_have_none(file):
    file.write_text('{"a":1}\n{}\n{"b":2}\n{"a":null}\n')

    assert records(file) == [(1, {"a": "1"}), (2, {}), (3, {"b": "2"}), (4, {})]


def test_records_without_any_key_are_refused(file):
    assert trouble(file, b"\n{}\n{}\n").startswith("line 2: the record has no keys")


def test_blank_lines_are_no_records_but_lines(file):
    file.write_bytes(b'\n \r\n{"a":1}\r\n\t\n\n{"a":2}\n\n')

    for size in BLOCK_SIZES:
        assert records(file, block_bytes=size) == [(3, {"a": "1"}), (6, {"a": "2"})]


@pytest.mark.parametrize("content", [b"", b"\n", b" \n\r\n\t\n"])
def test_a_file_of_blank_lines_is_empty(file, content):
    assert trouble(file, content) == "is empty"


@pytest.mark.parametrize("before", [0, 1, 40])
@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b'{"a":1', "the record is cut off"),
        (b'{"a":"x', "the record is cut off"),
        (b'{"a"', "the record is cut off"),
        (b"{", "the record is cut off"),
        (b'{"a":1,}', "is no JSON object: Expecting property name enclosed in double quotes at character 8"),
        (b'{"a":1 "b":2}', "is no JSON object: Expecting ',' delimiter at character 8"),
        (b'{"a":1}{"a":2}', "is no JSON object: Extra data at character 8"),
        (b'{"a":1}, ', "is no JSON object: Extra data at character 8"),
        (b"{'a':1}", "is no JSON object: Expecting property name enclosed in double quotes at character 2"),
        (b'{"a":NaN}', "is no JSON object: NaN is no number in JSON"),
        (b'{"a":-Infinity}', "is no JSON object: -Infinity is no number in JSON"),
        (b'{"a":01}', "is no JSON object: Expecting ',' delimiter at character 7"),
        (b'{"a":"\t"}', "is no JSON object: Invalid control character at at character 7"),
        (b"[1,2]", "begins an array"),
        (b"[", "begins an array"),
        (b'[{"a":1},', "begins an array"),
        (b"17", "is a value and no JSON object"),
        (b"null", "is a value and no JSON object"),
        (b'"text"', "is a value and no JSON object"),
        (b"a,b", "is no JSON object: Expecting value at character 1"),
        (b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", "is nested too deep"),
        (b'{"a":"K\xf6ln"}', "byte 0xF6 is no utf-8 text"),
    ],
)
def test_a_line_that_is_no_object_is_refused(file, before, broken, reason):
    good = b'{"a":1,"b":"x"}\n'

    for after in (b"", b"\n", b"\n" + good * 3):
        message = trouble(
            file, good * (before // 2) + b"\n" * (before % 2) + good * (before // 2) + broken + after
        )
        assert message.startswith(f"line {before + 1}: {reason}")


def test_the_first_of_several_broken_lines_is_named(file):
    content = b'{"a":1}\n' * 300 + b"x\n" + b'{"a":1}\n' * 10 + b"y\n"

    assert trouble(file, content).startswith("line 301: ")


def test_other_encodings_and_gzip_are_read(file):
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        for pack in (bytes, gzip.compress):
            file.write_bytes(pack('{"city":"Köln"}\n{"city":"€"}'.encode(encoding)))
            assert records(file, encoding) == [(1, {"city": "Köln"}), (2, {"city": "€"})]


def test_what_the_text_itself_lacks_is_refused_too(file, monkeypatch):
    monkeypatch.setattr(text, "LONGEST_LINE", 100)

    assert trouble(file, b'{"a":"' + b"x" * 200 + b'"}\n').startswith("line 1: is longer than 100 bytes")
    assert trouble(file, b'{"a":1}\n{"a":"\0"}\n').startswith("line 2: holds a NUL")


def test_a_large_file_comes_in_pieces_and_memory_stays_flat(file):
    file.write_bytes(gzip.compress(b'{"a":1,"b":{"c":null},"d":"x"}\n' * 100_000) * 10)
    tracemalloc.start()
    try:
        heights = [frame.height for frame, _ in read_ndjson(file, block_bytes=2**20)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert sum(heights) == 1_000_000
    assert len(heights) > 8
    assert peak < 20 * 1024**2
