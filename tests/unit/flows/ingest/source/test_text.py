import codecs
import gzip
import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.errors import SourceError
from flows.ingest.source import text as text_module
from flows.ingest.source.text import blank_lines, read_blocks

ORDERS = "order_id,city\n" + "".join(f"A-{number},Köln\n" for number in range(300))

files_of_its_own = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def content(path: Path, encoding: str = "utf-8", **options: int) -> bytes:
    return b"".join(block.text for block in read_blocks(path, encoding, **options))


def trouble(path: Path, encoding: str = "utf-8", **options: int) -> str:
    with pytest.raises(SourceError) as caught:
        for _ in read_blocks(path, encoding, **options):
            pass
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "orders.csv"


lines = st.lists(st.text(st.characters(exclude_characters="\n\r\0", codec="utf-8"), max_size=12), min_size=1)


@files_of_its_own
@given(
    lines=lines,
    ends=st.sampled_from(["\n", "\r\n"]),
    ended=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "gb18030"]),
    gzipped=st.booleans(),
    block_bytes=st.integers(1, 60),
)
def test_blocks_are_the_whole_lines_of_a_file(tmp_path, lines, ends, ended, encoding, gzipped, block_bytes):
    text = ends.join(["id,name", *lines]) + (ends if ended else "x")
    file = tmp_path / "orders.csv"
    data = text.encode(encoding)
    file.write_bytes(gzip.compress(data) if gzipped else data)

    blocks = list(read_blocks(file, encoding, block_bytes))

    written = text if ended else text + "\n"
    assert b"".join(block.text for block in blocks) == written.encode()
    line = 1
    for block in blocks:
        assert block.text.endswith(b"\n")
        assert (block.first_line, block.newlines) == (line, block.text.count(b"\n"))
        line += block.newlines
    longest = max(len(one) + 1 for one in written.encode().split(b"\n"))
    assert all(len(block.text) < block_bytes + longest + 1 for block in blocks)


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "utf-16-le"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_byte_order_mark_is_no_text(file, mark, encoding, pack):
    order = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}.get(mark)
    data = ORDERS.encode(order or encoding.removesuffix("-sig"))
    file.write_bytes(pack(mark + data))

    assert content(file, encoding) == ORDERS.encode()


def test_gzip_is_told_by_its_name_or_by_its_first_bytes(tmp_path):
    named, unnamed, wrong = tmp_path / "a.csv.GZ", tmp_path / "a.csv", tmp_path / "b.csv.gz"
    for file in (named, unnamed):
        file.write_bytes(gzip.compress(ORDERS.encode()))
    wrong.write_bytes(ORDERS.encode())

    assert content(named) == content(unnamed) == ORDERS.encode()
    assert "is named like a gzip file and is none" in trouble(wrong)


def test_gzip_files_may_be_joined_and_padded(file):
    head, tail = ORDERS[:1000].encode(), ORDERS[1000:].encode()
    padding = bytes(200_000)
    file.write_bytes(gzip.compress(head) + gzip.compress(b"") + padding + gzip.compress(tail) + padding)

    assert content(file) == head + tail


def test_a_gzip_file_that_was_cut_off_is_refused_wherever_it_was_cut(file):
    data = gzip.compress(ORDERS[:500].encode())
    for length in range(2, len(data)):
        file.write_bytes(data[:length])
        assert trouble(file) == "is a gzip file that was cut off; copy the file again"


def test_a_damaged_gzip_file_is_refused_wherever_it_is_damaged(file):
    data = gzip.compress(ORDERS[:500].encode(), mtime=0)
    for place in range(10, len(data)):
        file.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        assert re.match(r"is a corrupt gzip file|is a gzip file that was cut off", trouble(file))


@pytest.mark.parametrize("garbage", [b"x", b"\x1f", b"order_id", bytes(70_000) + b"x", b"\x1f\x8b"])
def test_something_else_behind_gzip_is_refused(file, garbage):
    file.write_bytes(gzip.compress(ORDERS.encode()) + garbage)

    assert re.match("has something behind its gzip data|is a gzip file that was cut off", trouble(file))


def peak_of_trouble(file: Path, encoding: str = "utf-8") -> tuple[str, int]:
    tracemalloc.start()
    try:
        return trouble(file, encoding), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_file_that_inflates_beyond_measure_is_refused_early_and_in_little_memory(file):
    member = gzip.compress(b"1,2\n" * 2**20)
    file.write_bytes(member * 2000)  # 8 GiB

    message, peak = peak_of_trouble(file)

    assert message.startswith("inflates to more than 200 times its size")
    assert peak < 80 * 1024**2


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_line_without_end_is_refused_early_and_in_little_memory(file, encoding):
    file.write_bytes(gzip.compress(b"id\n") + gzip.compress(b"x" * 2**20) * 8000)  # 8 GiB

    message, peak = peak_of_trouble(file, encoding)

    assert message.startswith("line 2: is longer than 8,388,608 bytes")
    assert peak < 80 * 1024**2


def test_text_that_repeats_itself_may_inflate_far_as_long_as_it_is_small(file, monkeypatch):
    text = b"1,2\n" * 500_000
    file.write_bytes(gzip.compress(text))
    assert len(text) > text_module.BOMB_RATIO * file.stat().st_size

    assert content(file) == text
    monkeypatch.setattr(text_module, "BOMB_FREE_BYTES", 1024**2)
    assert trouble(file).startswith("inflates to more than")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("block_bytes", [1, 30, 1500, 4000, 10**6])
def test_a_line_may_be_as_long_as_the_limit_and_no_longer(file, monkeypatch, pack, block_bytes):
    monkeypatch.setattr(text_module, "LONGEST_LINE", 1000)
    for begin in (0, 1, 990, 1000, 1010, 1990):
        before, after = b"a" * begin + b"\n", b"\nb\n"
        file.write_bytes(pack(before[-900:] * 2 + b"x" * 1000 + after))
        assert content(file, block_bytes=block_bytes) == before[-900:] * 2 + b"x" * 1000 + after
        file.write_bytes(pack(before[-900:] * 2 + b"x" * 1001 + after))
        assert trouble(file, block_bytes=block_bytes).startswith("line 3: is longer than 1,000 bytes")


def test_lines_that_end_in_a_lone_cr_are_refused(file):
    file.write_bytes(b"a,b\r1,2\r3,4\r")
    assert trouble(file).startswith("its lines end in a lone CR")
    file.write_bytes(b"a,b\r1,2\r3,4\n")
    assert trouble(file).startswith("its lines end in a lone CR")


def test_a_cr_before_the_end_of_a_line_or_inside_quotes_is_none_of_old_macs(file):
    for text in (b"a,b\r\n1,2\r\n", b"a,b\r", b'"a\rb",c\r\n1,2\n'):
        file.write_bytes(text)
        assert content(file).startswith(text)


def test_a_nul_character_is_refused_with_its_line(file):
    file.write_bytes(ORDERS.encode() * 30 + b"A-1,\0\n" + b"A-2,x\n")

    line = ORDERS.count("\n") * 30 + 1
    for block_bytes in (200, 10**7):
        assert trouble(file, block_bytes=block_bytes).startswith(f"line {line}: holds a NUL character")


@pytest.mark.parametrize(
    ("written", "said", "advice"),
    [
        ("utf-16", "utf-8", 'is utf-16 text, not utf-8; set encoding = "utf-16"'),
        ("utf-16-le", "utf-8", 'is utf-16-le text, not utf-8; set encoding = "utf-16-le"'),
        ("utf-16-be", "utf-8", 'is utf-16-be text, not utf-8; set encoding = "utf-16-be"'),
        ("utf-16-be", "utf-16", 'is utf-16-be text, not utf-16; set encoding = "utf-16-be"'),
        ("utf-16-le", "utf-16", 'is utf-16-le text, not utf-16; set encoding = "utf-16-le"'),
        ("utf-32-le", "utf-32", "is no utf-32 text: UTF-32 stream does not start with BOM"),
        ("utf-16-be", "utf-16-le", 'is utf-16-be text, not utf-16-le; set encoding = "utf-16-be"'),
        ("utf-16", "cp1252", 'is utf-16 text, not cp1252; set encoding = "utf-16"'),
        ("utf-32", "utf-8", 'is utf-32 text, not utf-8; set encoding = "utf-32"'),
        ("utf-8-sig", "cp1252", 'is utf-8 text, not cp1252; set encoding = "utf-8"'),
        ("utf-8", "utf-16", 'is no utf-16 text; leave encoding out for UTF-8, or set it to "cp1252"'),
        ("cp1252", "UTF_16_LE", 'is no utf-16-le text; leave encoding out for UTF-8, or set it to "cp1252"'),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_another_encoding_is_recognised_and_named(file, written, said, advice, pack):
    file.write_bytes(pack(ORDERS.encode(written)))

    assert trouble(file, said) == advice


@pytest.mark.parametrize(
    ("encoding", "wrong"),
    [("ascii", b"K\xf6ln"), ("cp1252", b"K\x81ln"), ("gb18030", b"K\xff"), ("euc_jp", b"\xff")],
)
@pytest.mark.parametrize("line", [1, 2, 700, 200_000])
def test_bytes_that_are_no_text_are_refused_with_their_line(file, encoding, wrong, line):
    file.write_bytes(b"order_id,city\n" * (line - 1) + b"A-1," + wrong + b"\n" + b"A-2,x\n" * 5)

    assert trouble(file, encoding).startswith(
        f"line {line}: byte 0x{wrong[-1 if len(wrong) < 3 else 1]:02X} is no"
    )


def test_a_file_that_ends_within_a_character_is_refused(file):
    file.write_bytes("a\nb\nc".encode("utf-16-le")[:-1])

    assert trouble(file, "utf-16-le").startswith("line 3: byte 0x63 is no utf-16-le text")


@pytest.mark.parametrize(
    "encoding", ["klingon", "base64", "rot13", "hex", "zlib", "idna", "utf-7", "", "ä", "a\0"]
)
def test_an_encoding_that_is_none_is_refused(file, encoding):
    file.write_bytes(ORDERS.encode())

    shown = encoding.replace("\0", r"\x00")
    assert trouble(file, encoding).startswith(f'encoding = "{shown}" is not known')


@pytest.mark.parametrize(
    ("magic", "what"),
    [
        (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    ],
)
def test_a_file_that_is_no_text_at_all_is_named(file, magic, what):
    file.write_bytes(magic + bytes(range(256)))

    for encoding in ("utf-8", "cp1252", "utf-16"):
        assert trouble(file, encoding).startswith(f"is {what}, not text")


@pytest.mark.parametrize("data", [b"", gzip.compress(b"", mtime=0), codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_a_file_without_text_is_empty(file, data):
    file.write_bytes(data)

    assert trouble(file, "utf-16" if data == codecs.BOM_UTF16_LE else "utf-8") == "is empty"


def test_a_file_that_cannot_be_opened_is_named(tmp_path):
    assert trouble(tmp_path / "missing.csv") == "cannot be read: No such file or directory"
    assert trouble(tmp_path) == "cannot be read: Is a directory"


def test_a_file_that_grows_while_it_is_read_is_refused(file):
    file.write_bytes(b"id,name\n1,Te")
    blocks = read_blocks(file, block_bytes=5)
    next(blocks)
    assert next(blocks).text == b"1,Te\n"
    with file.open("ab") as out:
        out.write(b"apot\n2,Cup\n")

    with pytest.raises(SourceError, match="was written to while it was read"):
        list(blocks)


def test_memory_does_not_grow_with_the_file(file):
    text = b"".join(b"%d,%d\n" % (number * 7919, number) for number in range(50_000))
    file.write_bytes(gzip.compress(text, compresslevel=1) * 40)  # 40 MiB
    tracemalloc.start()
    try:
        for _ in read_blocks(file, block_bytes=2**20):
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 16 * 1024**2


@given(st.lists(st.sampled_from(["", " ", "\t", " \t \r", "x", " x", "\r", "x\r"])), st.booleans())
def test_blank_lines_are_found_where_they_begin(lines, tabs_count):
    text = "".join(line + "\n" for line in lines)
    blanks = " \r" if tabs_count else " \t\r"

    expected, place = [], 0
    for line in lines:
        if not line.strip(blanks):
            expected.append(place)
        place += len(line) + 1
    assert blank_lines(text.encode(), blanks.encode()).tolist() == expected
