"""Files that look odd, and hold nothing wrong."""

import codecs
import gzip
import json
from decimal import Decimal

from tests.unit.flows.ingest.corpus.cases import Loaded
from tests.unit.flows.ingest.corpus.shop import Row, delimited, ndjson, orders, parquet

TABLE = orders({"shipping_tier": "expreß"}, {}, {})
TEXT = delimited(TABLE)
HEADER, FIRST, SECOND, THIRD = TEXT.splitlines(keepends=True)
KEYS = ["A-1", "A-2", "A-3"]
EXPRESS = {"shipping_tier": "expreß"}


def _said(path: str, top: str = "", more: str = "") -> str:
    return f'{top}\n[orders]\npath = "{path}"\n{more}'


def _text(content: bytes, top: str = "") -> Loaded:
    return Loaded({"orders.csv": content}, KEYS, _said("orders.csv", top), EXPRESS)


def _as(content: bytes, name: str, top: str = "", more: str = "") -> Loaded:
    return Loaded({name: content}, KEYS, _said(name, top, more), EXPRESS)


LINES = {
    "a byte order mark": _text(codecs.BOM_UTF8 + TEXT),
    "line ends of windows": _text(TEXT.replace(b"\n", b"\r\n")),
    "mixed line ends": _text(HEADER + FIRST.rstrip() + b"\r\n" + SECOND + THIRD.rstrip() + b"\r\n"),
    "no line end at the end": _text(TEXT.rstrip(b"\n")),
    "many line ends at the end": _text(TEXT + b"\n\r\n  \n\n"),
    "blank lines everywhere": _text(b"\n\n" + TEXT.replace(b"\n", b"\n \t\n\n")),
    "everything in quotes": _text(delimited(TABLE, quoting=1)),
    "blanks around everything": _text(
        delimited([{name: f"  {value}\t" for name, value in row.items()} for row in TABLE])
    ),
    "blanks around names": _text(TEXT.replace(b"order_id,", b" order_id\t,", 1)),
    "names in capitals": _text(HEADER.upper() + FIRST + SECOND + THIRD),
    "columns in another order": _text(delimited(TABLE, columns=list(TABLE[0])[::-1])),
    "more columns": _text(delimited([{"row": "7", **row, "note": "a,\nb"} for row in TABLE])),
    "no more columns than needed": _text(delimited(TABLE, columns=[*list(TABLE[0])[:6], "shipping_tier"])),
    "semicolons": _text(delimited(TABLE, delimiter=";"), 'delimiter = ";"'),
    "bars": _text(delimited(TABLE, delimiter="|"), 'delimiter = "|"'),
    "utf-16": _text(delimited(TABLE, encoding="utf-16"), 'encoding = "utf-16"'),
    "utf-16 without a mark": _text(delimited(TABLE, encoding="utf-16-be"), 'encoding = "utf-16-be"'),
    "cp1252": _text(delimited(TABLE, encoding="cp1252"), 'encoding = "Windows-1252"'),
    "mac roman": _text(delimited(TABLE, encoding="mac_roman"), 'encoding = "mac_roman"'),
}

FILES = {
    "tabs": _as(delimited(TABLE, delimiter="\t"), "orders.tsv"),
    "an ending in capitals": _as(TEXT, "ORDERS.CSV"),
    "an ending that says nothing": _as(TEXT, "orders.dat", more='format = "csv"'),
    "parquet by another name": _as(parquet(TABLE), "orders.csv", more='format = "parquet"'),
    "gzip": _as(gzip.compress(TEXT), "orders.csv.gz"),
    "gzip by another name": _as(gzip.compress(TEXT), "orders.csv"),
    "gzip in members": _as(
        gzip.compress(TEXT[:99]) + gzip.compress(b"") + gzip.compress(TEXT[99:]), "orders.csv.gz"
    ),
    "gzip with zeros behind": _as(gzip.compress(TEXT) + bytes(512), "orders.csv.gz"),
    "gzip of utf-16": _as(
        gzip.compress(delimited(TABLE, encoding="utf-16")), "orders.csv.gz", 'encoding = "utf-16"'
    ),
    "ndjson": _as(ndjson(TABLE), "orders.ndjson"),
    "jsonl in gzip": _as(gzip.compress(ndjson(TABLE)), "orders.jsonl.gz"),
    "a name like a pattern": _as(TEXT, "orders[1]*.csv"),
    "a name in unicode": _as(TEXT, "Aufträge 📦.csv"),
    "a link": Loaded(
        {"real.csv": TEXT, "orders.csv": lambda path: path.symlink_to("real.csv")}, KEYS, holds=EXPRESS
    ),
    "several names of one file": Loaded(
        {"orders-1.csv": TEXT, "orders-2.csv": lambda path: path.symlink_to("orders-1.csv")},
        KEYS,
        _said("orders-*.csv"),
        EXPRESS,
    ),
    "columns in another order in every file": Loaded(
        {"1.csv": delimited(TABLE[:1]), "2.csv": delimited(TABLE[1:], columns=list(TABLE[0])[::-1])},
        KEYS,
        _said("*.csv"),
        EXPRESS,
    ),
    "a file without rows among others": Loaded(
        {"1.csv": HEADER, "2.csv": TEXT, "3.csv": HEADER}, KEYS, _said("*.csv"), EXPRESS
    ),
    "directories in circles": Loaded(
        {"a/orders.csv": TEXT, "a/b": lambda path: path.symlink_to("..")}, KEYS, _said("**/*.csv"), EXPRESS
    ),
}
# Not delivered yet, as tools write it that leave out what is null.
EXPRESS_ORDER = {name: value for name, value in TABLE[0].items() if name != "delivery_date"}


def _escaped(row: Row) -> str:
    """The row as JSON that spells out every character."""

    def text(plain: str | None) -> str:
        return '"' + "".join(f"\\u{ord(character):04x}" for character in plain or "") + '"'

    return "{" + ", ".join(f"{text(name)}: {text(value)}" for name, value in row.items()) + "}\n"


OPTIONAL = ("quantity", "unit_price", "shipping_tier", "promised_date", "updated_at", "delivery_date")

JSON = {
    "numbers as numbers": Loaded(
        {"orders.ndjson": ndjson([{**TABLE[0], "order_id": 7, "quantity": 3.0, "unit_price": 1.1}])},
        ["7"],
        _said("orders.ndjson"),
        {"quantity": 3, "unit_price": Decimal("1.10")},
    ),
    "ids of thirty digits": Loaded(
        {"orders.ndjson": ndjson([{**TABLE[0], "order_id": 10**29 + 1}])},
        [str(10**29 + 1)],
        _said("orders.ndjson"),
    ),
    "keys that are not there": Loaded(
        {
            "orders.ndjson": ndjson(
                [TABLE[0], *({name: row[name] for name in row if name not in OPTIONAL} for row in TABLE[1:])]
            )
        },
        KEYS,
        _said("orders.ndjson"),
        EXPRESS,
    ),
    "keys that come late": Loaded(
        {
            "orders.ndjson": ndjson(
                [{name: row[name] for name in row if name != "shipping_tier"} for row in TABLE[:2]]
                + TABLE[2:]
            )
        },
        KEYS,
        _said("orders.ndjson"),
        {"shipping_tier": None},
    ),
    "keys that come behind many megabytes": Loaded(
        {
            "orders.ndjson": ndjson(
                [{**EXPRESS_ORDER, "order_id": f"A-{number}", "note": "x" * 60_000} for number in range(300)]
                + [{**TABLE[0], "order_id": "A-300"}]
            )
        },
        [f"A-{number}" for number in range(301)],
        _said("orders.ndjson"),
        EXPRESS,
    ),
    "keys in another order": Loaded(
        {"orders.ndjson": ndjson([TABLE[0], *(dict(reversed(row.items())) for row in TABLE[1:])])},
        KEYS,
        _said("orders.ndjson"),
        EXPRESS,
    ),
    "everything escaped": Loaded(
        {"orders.ndjson": "".join(map(_escaped, TABLE)).encode()}, KEYS, _said("orders.ndjson"), EXPRESS
    ),
    "records and lists beside ours": Loaded(
        {
            "orders.ndjson": ndjson(
                [{**row, "lines": [{"sku": 'a":null'}], "note": {"a": {}}} for row in TABLE]
            )
        },
        KEYS,
        _said("orders.ndjson"),
        EXPRESS,
    ),
    "blanks everywhere": Loaded(
        {
            "orders.ndjson": b" \n"
            + b"".join(
                b"\t" + json.dumps(row, separators=(" ,\t", " : ")).encode() + b" \r\n\n" for row in TABLE
            )
        },
        KEYS,
        _said("orders.ndjson"),
        EXPRESS,
    ),
    "a byte order mark": Loaded(
        {"orders.ndjson": codecs.BOM_UTF8 + ndjson(TABLE)}, KEYS, _said("orders.ndjson"), EXPRESS
    ),
}

LOADED: dict[str, Loaded] = {
    f"{kind}: {name}": case
    for kind, cases in {"lines": LINES, "files": FILES, "json": JSON}.items()
    for name, case in cases.items()
}
