"""NDJSON that is not one JSON object a line."""

import gzip
import json

from tests.unit.flows.ingest.corpus.cases import Unreadable
from tests.unit.flows.ingest.corpus.shop import delimited, ndjson, orders

DESCRIPTION = '[orders]\npath = "orders.ndjson"\n'
TABLE = orders({}, {}, {})
FIRST, SECOND, THIRD = ndjson(TABLE).splitlines(keepends=True)


def _ndjson(says: str, content: bytes, line: int | None = None) -> Unreadable:
    return Unreadable({"orders.ndjson": content}, says, line, "orders.ndjson", DESCRIPTION)


NDJSON: dict[str, Unreadable] = {
    "blank lines only": _ndjson(r"is empty", b"\n \r\n\t\n"),
    "a broken line": _ndjson(r"is no JSON object", FIRST + SECOND.replace(b":", b"=") + THIRD, line=2),
    "a broken line after many": _ndjson(
        r"is no JSON object", FIRST * 1_000 + b"{oops}\n" + THIRD, line=1_001
    ),
    "a broken line behind blank ones": _ndjson(r"is no JSON object", b"\n" + FIRST + b" \n{oops}\n", line=4),
    "a comma behind every record": _ndjson(
        r"is no JSON object: Extra data", FIRST.strip() + b",\n" + SECOND.strip() + b",\n", line=1
    ),
    "two records in a line": _ndjson(
        r"is no JSON object: Extra data", FIRST + SECOND.strip() + b" " + THIRD, line=2
    ),
    "an array in one line": _ndjson(
        r"begins an array; write one JSON object a line", json.dumps(TABLE).encode(), 1
    ),
    "an array over many lines": _ndjson(
        r"begins an array; write one JSON object a line",
        b"[\n" + b",\n".join([FIRST.strip(), SECOND.strip()]) + b"\n]\n",
        line=1,
    ),
    "one record over many lines": _ndjson(
        r"the record is cut off; it has to be complete, and on one line",
        json.dumps(TABLE[0], indent=2).encode(),
        1,
    ),
    "a number": _ndjson(r"is a value and no JSON object", FIRST + b"7\n" + THIRD, line=2),
    "a text": _ndjson(r"is a value and no JSON object", FIRST + b'"A-2"\n' + THIRD, line=2),
    "null": _ndjson(r"is a value and no JSON object", FIRST + b"null\n" + THIRD, line=2),
    "an array as a record": _ndjson(
        r"begins an array; write one JSON object a line", FIRST + b'["A-2", "C-1"]\n' + THIRD, line=2
    ),
    "the last record cut off": _ndjson(r"the record is cut off", FIRST + SECOND[: len(SECOND) // 2], line=2),
    "the last record cut off within a text": _ndjson(
        r"the record is cut off", FIRST + SECOND[: SECOND.index(b"A-2") + 2], line=2
    ),
    "the last record cut off by a byte": _ndjson(
        r"the record is cut off", FIRST + SECOND.rstrip()[:-1], line=2
    ),
    "a key twice": _ndjson(
        r"key 'order_id' stands more than once", FIRST + b'{"order_id": "A-2", ' + SECOND[1:], line=2
    ),
    "a key twice after many records": _ndjson(
        r"key 'order_id' stands more than once",
        FIRST * 1_000 + b'{"order_id": "A-2", ' + SECOND[1:],
        line=1_001,
    ),
    "a blank key": _ndjson(r"a key of the record is blank", FIRST + b'{" ": 1, ' + SECOND[1:], line=2),
    "keys that differ by blanks": _ndjson(
        r"keys 'order_id' and 'order_id ' differ by blanks only",
        FIRST + b'{"order_id ": 1, ' + SECOND[1:],
        line=2,
    ),
    "keys that differ by case": _ndjson(
        r"column order_id stands more than once \(order_id, Order_ID\)",
        FIRST + b'{"Order_ID": 1, ' + SECOND[1:],
    ),
    "NaN": _ndjson(r"is no JSON object: NaN is no number in JSON", FIRST + b'{"quantity": NaN}\n', line=2),
    "Infinity": _ndjson(
        r"is no JSON object: -Infinity is no number in JSON", FIRST + b'{"quantity": -Infinity}\n', line=2
    ),
    "single quotes": _ndjson(r"is no JSON object", FIRST.replace(b'"', b"'"), line=1),
    "a comment": _ndjson(r"is no JSON object", b"// all orders\n" + FIRST, line=1),
    "a raw control character": _ndjson(
        r"is no JSON object", FIRST + SECOND.replace(b"A-2", b"A\x012"), line=2
    ),
    "half a surrogate pair": _ndjson(r".", FIRST + SECOND.replace(b"A-2", rb"A-\ud83d"), line=2),
    "half a surrogate pair within a text": _ndjson(
        r".", FIRST + SECOND.replace(b"A-2", rb"\ud83d-2"), line=2
    ),
    "nested without end": _ndjson(
        r"is nested too deep", FIRST + b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", line=2
    ),
    "nested without end after many records": _ndjson(
        r"is nested too deep", FIRST * 200 + b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", line=201
    ),
    "a record without keys": _ndjson(r"the record has no keys", b"{}\n{}\n", line=1),
    "csv": _ndjson(r"is no JSON object", delimited(TABLE), line=1),
    "an error page": _ndjson(r"is no JSON object", b"<html><body>502</body></html>", line=1),
    "an error": _ndjson(
        r"missing columns order_id, .*; the file has error, code", b'{"error": "unauthorized", "code": 401}\n'
    ),
    "an endless line": _ndjson(
        r"is longer than 8,388,608 bytes", FIRST + b'{"a": "' + b"x" * 9_000_000, line=2
    ),
    "a NUL": _ndjson(r"holds a NUL character", FIRST + SECOND.replace(b"A-2", b"A\x002"), line=2),
    "zeros behind the last line": _ndjson(r"holds a NUL character", FIRST + bytes(512), line=2),
    "utf-16": _ndjson(r'is utf-16 text, not utf-8; set encoding = "utf-16"', FIRST.decode().encode("utf-16")),
    "a missing column": _ndjson(
        r"missing column status; the file has order_id, ", ndjson(TABLE).replace(b'"status"', b'"state"')
    ),
    "an escape sequence in a key": _ndjson(
        r"missing column status", ndjson(TABLE).replace(b'"status"', rb'"\u001b[31m\nstatus"')
    ),
    "gzip cut off": Unreadable(
        {"orders.ndjson.gz": gzip.compress(ndjson(TABLE))[:-9]},
        r"is a gzip file that was cut off",
        file="orders.ndjson.gz",
        description='[orders]\npath = "orders.ndjson.gz"\n',
    ),
}

NDJSON = {f"ndjson: {name}": case for name, case in NDJSON.items()}
