"""Text in another encoding than said, what is no text at all, and gzip files that are none or too much."""

import codecs
import gzip
import io
import zipfile

from tests.unit.flows.ingest.corpus.cases import Unreadable
from tests.unit.flows.ingest.corpus.shop import ORDERS, Content, delimited, orders, parquet

GZ = '[orders]\npath = "orders.csv.gz"\n'
HEADER, GOOD, *_ = delimited(orders({})).splitlines(keepends=True)
NAMES = HEADER.count(b",") + 1
ACCENTS = delimited(orders({}, {"shipping_tier": "expreß"}, {}), encoding="latin-1")
MANY = delimited(orders(*[{}] * 3_000, {"shipping_tier": "prioritär"}), encoding="cp1252")
MIB = 2**20


def _declared(encoding: str) -> str:
    return f'encoding = "{encoding}"\n{ORDERS}'


def _workbook() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        book.writestr("xl/workbook.xml", "<workbook/>")
    return file.getvalue()


PAGE = b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n<body>nginx</body></html>\n"

ENCODINGS: dict[str, Unreadable] = {
    "latin-1 read as utf-8": Unreadable(
        {"orders.csv": ACCENTS}, r'byte 0xDF is no utf-8 text; .*encoding = "cp1252"', line=3
    ),
    "cp1252 in the last of many lines": Unreadable(
        {"orders.csv": MANY}, r"byte 0xE4 is no utf-8 text", line=3_002
    ),
    "latin-1 in the header": Unreadable(
        {"orders.csv": "größe,".encode("latin-1") + HEADER}, r"byte 0xF6 is no utf-8 text", line=1
    ),
    "utf-8 cut within a character": Unreadable(
        {"orders.csv": HEADER + GOOD[:-1] + "é".encode()[:1]}, r"byte 0xC3 is no utf-8 text", line=2
    ),
    "utf-8 with a surrogate": Unreadable(
        {"orders.csv": HEADER + GOOD + b"\xed\xa0\x80" + GOOD}, r"byte 0xED is no utf-8 text", line=3
    ),
    **{
        f"{encoding} with a mark read as utf-8": Unreadable(
            {"orders.csv": mark + delimited(orders({}), encoding=encoding)},
            rf'is {encoding[:6]} text, not utf-8; set encoding = "{encoding[:6]}"',
        )
        for encoding, mark in {
            "utf-16-le": codecs.BOM_UTF16_LE,
            "utf-16-be": codecs.BOM_UTF16_BE,
            "utf-32-le": codecs.BOM_UTF32_LE,
        }.items()
    },
    **{
        f"{encoding} without a mark read as utf-8": Unreadable(
            {"orders.csv": delimited(orders({}), encoding=encoding)},
            rf'is {encoding} text, not utf-8; set encoding = "{encoding}"',
        )
        for encoding in ("utf-16-le", "utf-16-be")
    },
    "utf-16 read as cp1252": Unreadable(
        {"orders.csv": delimited(orders({}), encoding="utf-16")},
        r'is utf-16 text, not cp1252; set encoding = "utf-16"',
        description=_declared("cp1252"),
    ),
    "utf-8 read as utf-16": Unreadable(
        {"orders.csv": delimited(orders({}))}, r"is no utf-16 text", description=_declared("utf-16")
    ),
    "marked utf-8 read as utf-16": Unreadable(
        {"orders.csv": codecs.BOM_UTF8 + delimited(orders({}))},
        r'is utf-8 text, not utf-16; set encoding = "utf-8"',
        description=_declared("utf-16"),
    ),
    "utf-16 cut within a character": Unreadable(
        {"orders.csv": delimited(orders({}, {}), encoding="utf-16")[:-1]},
        r"byte 0x0A is no utf-16 text",
        line=3,
        description=_declared("utf-16"),
    ),
    "a byte that cp1252 does not have": Unreadable(
        {"orders.csv": HEADER + GOOD + GOOD.replace(b"standard", b"\x81")},
        r"byte 0x81 is no cp1252 text",
        line=3,
        description=_declared("cp1252"),
    ),
    "latin-1 read as ascii": Unreadable(
        {"orders.csv": ACCENTS}, r"byte 0xDF is no ascii text", line=3, description=_declared("ascii")
    ),
    "latin-1 in ndjson": Unreadable(
        {"orders.ndjson": b'{"order_id": "A-1"}\n{"order_id": "\xe9"}\n'},
        r"byte 0xE9 is no utf-8 text",
        line=2,
        file="orders.ndjson",
        description='[orders]\npath = "orders.ndjson"\n',
    ),
    "an encoding nobody knows": Unreadable(
        {"orders.csv": GOOD},
        r"encoding = 'utf-9'|encoding: .*should be an encoding of text",
        file="source.toml",
        description=_declared("utf-9"),
    ),
    "a NUL in a value": Unreadable(
        {"orders.csv": HEADER + GOOD + GOOD.replace(b"A-1", b"A\x00-1")}, r"holds a NUL character", line=3
    ),
    "zeros behind the last line": Unreadable(
        {"orders.csv": HEADER + GOOD + bytes(512)}, r"holds a NUL character", line=3
    ),
}

NO_TEXT: dict[str, Unreadable] = {
    "a workbook": Unreadable({"orders.csv": _workbook()}, r"is a ZIP archive or an Excel workbook, not text"),
    "an old workbook": Unreadable(
        {"orders.csv": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)},
        r"is an old Excel workbook, not text",
    ),
    "parquet": Unreadable(
        {"orders.csv": parquet(orders({}))}, r"is a Parquet file, not text; export it as CSV"
    ),
    "zstd": Unreadable({"orders.csv": b"\x28\xb5\x2f\xfd" + GOOD}, r"is compressed with zstd, not text"),
    "an error page": Unreadable(
        {"orders.csv": PAGE}, r"missing columns order_id, .*; the file has <!DOCTYPE html>"
    ),
    "an error as json": Unreadable(
        {"orders.csv": b'{"error": "unauthorized"}\n'}, r"a quote stands in the middle of a value", line=1
    ),
    "a picture": Unreadable({"orders.csv": b"\x89PNG\r\n\x1a\n" + bytes(range(256))}, r".", line=None),
}


def _gz(says: str, content: Content, line: int | None = None) -> Unreadable:
    return Unreadable({"orders.csv.gz": content}, says, line, "orders.csv.gz", GZ)


PACKED = gzip.compress(MANY[:100_000].replace(b"\xe4", b"a"), mtime=0)
HALF = len(PACKED) // 2


def _repeated(text: bytes, times: int, head: bytes = b"") -> Content:
    """So many times the same, packed as quickly as it takes to pack it once."""
    return lambda path: path.write_bytes(gzip.compress(head) + gzip.compress(text) * times)


# 64 MiB are free, so that is how far these have to go; few rows of much text do it quickly.
LONG_ROW = GOOD.rstrip(b"\n") + b"," + b"x" * 60_000 + b"\n"

GZIP: dict[str, Unreadable] = {
    "plain text": _gz(r"is named like a gzip file and is none", HEADER + GOOD),
    "parquet": _gz(r"is named like a gzip file and is none", parquet(orders({}))),
    "cut within its header": _gz(r"is a gzip file that was cut off", PACKED[:5]),
    "cut behind its header": _gz(r"is a gzip file that was cut off", PACKED[:10]),
    "cut in the middle": _gz(r"is a gzip file that was cut off", PACKED[:HALF]),
    "cut within its checksum": _gz(r"is a gzip file that was cut off", PACKED[:-6]),
    "cut by a byte": _gz(r"is a gzip file that was cut off", PACKED[:-1]),
    "a second member cut off": _gz(r"is a gzip file that was cut off", PACKED + PACKED[:HALF]),
    "a wrong checksum": _gz(r"is a corrupt gzip file", PACKED[:-8] + bytes(4) + PACKED[-4:]),
    "a wrong length": _gz(r"is a corrupt gzip file", PACKED[:-4] + bytes(4)),
    "an unknown method": _gz(r"is a corrupt gzip file", PACKED[:2] + b"\x07" + PACKED[3:]),
    "something behind": _gz(r"has something behind its gzip data", PACKED + b"garbage"),
    "nothing in it": _gz(r"is empty", gzip.compress(b"")),
    "packed twice": _gz(
        r"byte 0x8B is no utf-8 text|holds a NUL character", gzip.compress(gzip.compress(HEADER)), line=1
    ),
    "latin-1 in it": _gz(r"byte 0xDF is no utf-8 text", gzip.compress(ACCENTS), line=3),
    "a bomb of rows": _gz(
        r"inflates to more than 200 times its size", _repeated(LONG_ROW * 16, 80, HEADER.strip() + b",note\n")
    ),
    "a bomb of blank lines": _gz(
        r"inflates to more than 200 times its size", _repeated((b" " * 1_023 + b"\n") * 1_024, 80)
    ),
    "a bomb of one line": _gz(r"is longer than 8,388,608 bytes", _repeated(b"x" * MIB, 80), line=1),
    "a bomb of zeros": _gz(
        r"holds a NUL character|is longer than 8,388,608 bytes", _repeated(bytes(MIB), 80), line=1
    ),
}

TEXT = (
    {f"encoding: {name}": case for name, case in ENCODINGS.items()}
    | {f"no text: {name}": case for name, case in NO_TEXT.items()}
    | {f"gzip: {name}": case for name, case in GZIP.items()}
)
