import csv
import gzip
import io
import random
import tracemalloc
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.errors import SourceError
from flows.ingest.source import delimited, text
from flows.ingest.source.delimited import read_delimited

BLOCK_SIZES = (1, 20, 300, 10**6)

files_of_its_own = settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "orders.csv"


def records(path: Path, delimiter: str = ",", encoding: str = "utf-8", **options: int) -> list[tuple]:
    """(line, *values) of every record."""
    found = []
    for frame, lines in read_delimited(path, delimiter, encoding, **options):
        assert set(frame.dtypes) == {pl.String}
        assert lines.dtype == pl.Int64
        found += [(line, *row) for line, row in zip(lines, frame.rows(), strict=True)]
    return found


def trouble(path: Path, *arguments: str, **options: int) -> str:
    with pytest.raises(SourceError) as caught:
        for _ in read_delimited(path, *(arguments or (",",)), **options):
            pass
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def trouble_at_any_size(path: Path, content: bytes, *arguments: str) -> str:
    path.write_bytes(content)
    (message,) = {trouble(path, *arguments, block_bytes=size) for size in BLOCK_SIZES}
    return message


value = st.text(st.sampled_from(list("ab \"\n\r,;\t|x^1'\\é\ufeff\u2028\x85😀")), max_size=6)


@st.composite
def tables(draw):
    """Delimiter, rows of one width, and how csv.writer is to write them."""
    width = draw(st.integers(1, 5))
    rows = draw(st.lists(st.lists(value, min_size=width, max_size=width), max_size=15))
    return draw(st.sampled_from(",;\t|:~^ax")), width, rows


@files_of_its_own
@given(
    table=tables(),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    ends=st.lists(st.sampled_from(["\n", "\r\n"]), min_size=1),
    blank=st.lists(st.sampled_from(["", "", "\n", "\r\n", "  \n", " \n \n\r\n"]), min_size=1),
    ended=st.booleans(),
    block_bytes=st.integers(1, 400),
)
def test_what_csv_writes_is_read_with_its_lines(tmp_path, table, quoting, ends, blank, ended, block_bytes):
    delimiter, width, rows = table
    if any("\r" in value for row in rows for value in row):
        quoting = csv.QUOTE_ALL  # a CR outside quotes before a LF is part of the line's end
    names = [f'N{number} "{delimiter}"\n' for number in range(width)]
    text, expected = "", []
    for number, row in enumerate([names, *rows]):
        text += blank[number % len(blank)]
        out = io.StringIO(newline="")
        csv.writer(
            out, delimiter=delimiter, quoting=quoting, lineterminator=ends[number % len(ends)]
        ).writerow(row)
        written = out.getvalue()
        if number and written.strip(" \t\r\n".replace(delimiter, "")):
            expected.append((text.count("\n") + 1, *(value or None for value in row)))
        text += written
    file = tmp_path / "orders.csv"
    file.write_bytes((text if ended else text.removesuffix("\n").removesuffix("\r")).encode())

    pieces = list(read_delimited(file, delimiter, block_bytes=block_bytes))

    assert {tuple(frame.columns) for frame, _ in pieces} == {tuple(name.strip() for name in names)}
    assert all(frame.height for frame, _ in pieces) or len(pieces) == 1
    assert [
        (line, *row) for frame, lines in pieces for line, row in zip(lines, frame.rows(), strict=True)
    ] == expected


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 1])
def test_a_large_file_is_read_equal_whatever_is_inside_its_quotes(file, share):
    """Large enough for Polars to cut it into pieces itself."""
    draw = random.Random(7)
    pieces = ["a,b\n", "1,2,3\n", '"', '""\n', "\n", "\r\n", '","', '",\n"', "x", ","]
    rows = [
        [str(number)]
        + [
            "".join(draw.choices(pieces, k=draw.randrange(20)))
            if draw.random() < share
            else f"plain {number}"
            for _ in range(3)
        ]
        for number in range(20_000)
    ]
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([["a", "b", "c", "d"], *rows])

    found = records(file)

    line = 2
    expected = []
    for row in rows:
        expected.append((line, *(value or None for value in row)))
        line += 1 + sum(value.count("\n") for value in row)
    assert found == expected
    assert records(file, block_bytes=50_000) == expected


def test_names_are_trimmed_and_values_are_not(file):
    file.write_text(' order_id ,"Order\nDate", x y\t\n A-1 ,"",  \n')

    ((frame, lines),) = read_delimited(file)

    assert frame.columns == ["order_id", "Order\nDate", "x y"]
    assert frame.rows() == [(" A-1 ", None, "  ")]
    assert lines.to_list() == [3]


def test_blank_lines_are_no_records_but_lines(file):
    file.write_bytes(b"\n \r\na,b\n\n1,2\n  \n\t\n,\n\r\n\n3,4\n\n")

    for size in BLOCK_SIZES:
        assert records(file, block_bytes=size) == [(5, "1", "2"), (8, None, None), (11, "3", "4")]


def test_a_line_of_nothing_but_delimiters_is_a_record_also_if_these_are_blanks(file):
    file.write_bytes(b"a\tb\tc\n\t\t\n   \n1\t\t\n")
    assert records(file, "\t") == [(2, None, None, None), (4, "1", None, None)]
    file.write_bytes(b"a b c\n  \n\t\n1  \n")
    assert records(file, " ") == [(2, None, None, None), (4, "1", None, None)]


def test_a_file_of_one_column_is_read(file):
    file.write_bytes(b'a\n1\n\n""\n  \n x\n"y\nz"\n')

    for size in BLOCK_SIZES:
        assert records(file, block_bytes=size) == [(2, "1"), (4, None), (6, " x"), (7, "y\nz")]


def test_a_header_alone_is_a_table_without_rows(file):
    for content in (b"a,b", b"a,b\n", b"\n\na,b\r\n\n \n", b'"a",b\n'):
        file.write_bytes(content)
        for size in BLOCK_SIZES:
            ((frame, lines),) = read_delimited(file, block_bytes=size)
            assert frame.schema == {"a": pl.String, "b": pl.String}
            assert (frame.height, len(lines), lines.dtype) == (0, 0, pl.Int64)


@pytest.mark.parametrize("content", [b"", b"\n", b" \n\r\n\t \n", gzip.compress(b"\n \n", mtime=0)])
def test_a_file_of_blank_lines_is_empty(file, content):
    assert trouble_at_any_size(file, content) == "is empty"


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize(
    ("wrong", "fields"),
    [(b"1,2", 2), (b"1", 1), (b"1,2,3,", 4), (b"1,2,3,4", 4), (b'"1,2",3', 2), (b'1,2,",",4', 4)],
)
@pytest.mark.parametrize("before", [b"1,2,3", b"1,2,", b'"1,2",2,', b'"1\n2",2,', b",,"])
def test_a_line_of_too_many_or_too_few_fields_is_refused(file, end, wrong, fields, before):
    content = end.join([b"a,b,c", before, b"", before, wrong, before, b""])

    message = trouble_at_any_size(file, content)

    line = content[: content.rindex(end + wrong + end)].count(b"\n") + 2
    assert message.startswith(f"line {line}: {fields} field{'s' * (fields > 1)} where the header has 3")


def test_lines_that_lack_and_exceed_do_not_make_up_for_each_other(file):
    for lines in (b"1,2\n1,2,3,4\n", b"1,2,3,4\n1,2\n", b",,,\n,\n", b"1\n1,2,3\n1,2,3,4,5\n"):
        found = lines[: lines.index(b"\n")].count(b",") + 1
        assert trouble_at_any_size(file, b"a,b,c\n,,\n" + lines).startswith(f"line 3: {found} field")


def test_a_short_line_is_refused_far_into_a_large_file(file):
    file.write_bytes(b"a,b,c\n" + b"1,2,\n" * 300_000 + b"1,\n" + b"1,2,\n" * 1000)

    assert trouble(file) == "line 300002: 2 fields where the header has 3"


def test_the_delimiter_that_was_probably_meant_is_named(file):
    assert trouble_at_any_size(file, b"a;b\n1,5;2\n") == (
        'line 2: 2 fields where the header has 1; is delimiter = ";" meant?'
    )


@pytest.mark.parametrize("before", [b"", b"1,2\n", b'"1",2\n', b'"\n""",2\n'])
@pytest.mark.parametrize("after", [b"", b"3,4\n", b'"3",4\n', b'"3""",",\n"\n' * 40])
@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (b'5" pipe,2', "a quote stands in the middle of a value"),
        (b'1,5" pipe', "a quote stands in the middle of a value"),
        (b'1, "2"', "a quote stands in the middle of a value"),
        (b'a"b"c,2', "a quote stands in the middle of a value"),
        (b'"1" ,2', "the value that opens with a quote here goes on behind the next one"),
        (b'1,"2"x', "the value that opens with a quote here goes on behind the next one"),
        (b'"a"b",2', "the value that opens with a quote here goes on behind the next one"),
        (b'1,""x', "the value that opens with a quote here goes on behind the next one"),
        (b'1,"""x"y"', "the value that opens with a quote here goes on behind the next one"),
        (b'1,"2"\rx', "the value that opens with a quote here goes on behind the next one"),
    ],
)
def test_a_stray_quote_is_refused_with_its_line(file, before, after, wrong, reason):
    message = trouble_at_any_size(file, b"a,b\n" + before + wrong + b"\n" + after)

    assert message.startswith(f"line {2 + before.count(bytes([10]))}: {reason}")


def test_a_value_that_is_never_closed_is_named_by_the_line_it_opened_in(file):
    begin = b'a,b\n1,"x\ny"\n'
    for wrong in (
        b'2,"z\n',
        b'2,"z""\n',
        b'2,"',
        b'2,"""',
        b'2,"z\n""y\n',
        b'2,"\n' + b"3,4\n" * 500,
    ):
        message = trouble_at_any_size(file, begin + wrong)
        assert message == "line 4: the quote that opens a value here is never closed"


def test_a_value_closed_by_the_opening_quote_of_another_names_both_lines(file):
    message = trouble_at_any_size(file, b'a,b\n1,"open\n2,x\n3,"closed"\n')

    assert message.startswith(
        "line 2: the value that opens with a quote here goes on behind the next one, on line 4; close it"
    )


def test_a_quote_that_is_never_closed_is_refused_early_and_in_little_memory(file):
    file.write_bytes(
        gzip.compress(b'a,b\n1,2\n3,"4\n') + gzip.compress(b"5,6\n" * 2**18) * 1000  # 1 GiB
    )
    tracemalloc.start()
    try:
        message = trouble(file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert message == "line 3: the quote that opens a value here is never closed"
    assert peak < 90 * 1024**2


def test_a_record_may_be_as_long_as_the_limit_and_no_longer(file, monkeypatch):
    monkeypatch.setattr(delimited, "LONGEST_RECORD", 1000)
    for size in (1, 400, 1500, 10**5):
        for length, refused in ((1000, False), (1001, True)):
            record = b'1,"' + b"xy\n" * ((length - 7) // 3) + b"x" * ((length - 7) % 3) + b'",3\n'
            assert len(record) == length
            file.write_bytes(b"a,b,c\n1,2,3\n" + record + b"4,5,6\n")
            if refused:
                assert trouble(file, block_bytes=size).startswith("line 3: ")
            else:
                assert len(records(file, block_bytes=size)) == 3


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"a,b,a", "line 1: column 'a' stands more than once in the header"),
        (b'a,b, "a"', "line 1: a quote stands in the middle of a value"),
        (b"a,b, a\t", "line 1: column 'a' stands more than once in the header"),
        (b"a,,c", "line 1: column 2 of the header has no name"),
        (b"a,b,", "line 1: column 3 of the header has no name"),
        (b'a," ",c', "line 1: column 2 of the header has no name"),
        (b"\n\n,b,c", "line 3: column 1 of the header has no name"),
        (b'"a\n,b,c', "line 1: the quote that opens a value here is never closed"),
        (b"a,\xe4,c", "line 1: byte 0xE4 is no utf-8 text"),
    ],
)
def test_a_header_that_does_not_name_each_column_once_is_refused(file, header, reason):
    assert trouble_at_any_size(file, header + b"\n1,2,3\n").startswith(reason)


@pytest.mark.parametrize("record", [b"1,K\xf6ln", b'"K\xf6ln",2', b'1,"x\nK\xf6ln"', b"1,\xff", b"\xc3,2"])
def test_bytes_that_are_no_utf8_are_refused_with_their_line(file, record):
    content = b"a,b\n" + "1,Köln\n".encode() * 50 + record + b"\n1,2\n"

    message = trouble_at_any_size(file, content)

    line = 52 + record.count(b"\n")
    assert message.startswith(f"line {line}: byte 0x")
    assert 'encoding = "cp1252"' in message
    assert records(file, ",", "cp1252")[50][0] == 52


def test_other_encodings_and_gzip_are_read(file):
    rows = 'order_id;city\nA-1;Köln\nA-2;"x;\n€"\n'
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        for pack in (bytes, gzip.compress):
            file.write_bytes(pack(rows.encode(encoding)))
            assert records(file, ";", encoding) == [(2, "A-1", "Köln"), (3, "A-2", "x;\n€")]


@pytest.mark.parametrize("begin", ["x^", "x\x01", "\ufeff", "[", "#", "PK", "x^x"])
def test_a_block_may_begin_with_what_looks_like_another_format(file, begin):
    for width in (1, 2):
        names, row = ["a", "b"][:width], [begin, "2"][:width]
        file.write_text("\n".join([",".join(names), *[",".join(row)] * 3]), encoding="utf-8")
        for size in BLOCK_SIZES:
            assert records(file, block_bytes=size) == [(line, *row) for line in (2, 3, 4)]


@pytest.mark.parametrize("delimiter", ["", ",,", "§", '"', "\n", "\r", "\0"])
def test_a_delimiter_that_cannot_be_one_is_refused(file, delimiter):
    file.write_text("a,b\n1,2\n")

    assert (
        trouble(file, delimiter) == f"delimiter = {delimiter!r} must be one ASCII character, such as , or ;"
    )


def test_what_the_text_itself_lacks_is_refused_too(file, monkeypatch):
    monkeypatch.setattr(text, "LONGEST_LINE", 100)

    assert trouble_at_any_size(file, b"a,b\n1," + b"x" * 200 + b"\n").startswith(
        "line 2: is longer than 100 bytes"
    )
    assert trouble_at_any_size(file, b"a,b\n1,\0\n").startswith("line 2: holds a NUL")
    assert trouble_at_any_size(file, b"a,b\r1,2\r").startswith("its lines end in a lone CR")


def test_a_large_file_comes_in_pieces_and_memory_stays_flat(file):
    file.write_bytes(gzip.compress(b"a,b\n") + gzip.compress(b"1,\n" + b"12,34\n" * 200_000) * 10)
    tracemalloc.start()
    try:
        heights = [frame.height for frame, _ in read_delimited(file, block_bytes=2**20)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert sum(heights) == 2_000_010
    assert len(heights) > 8
    assert peak < 20 * 1024**2
