"""Paths that lead to no file, or to one that nobody can read."""

import os
from pathlib import Path

from tests.unit.flows.ingest.corpus.cases import Unreadable
from tests.unit.flows.ingest.corpus.shop import Content, delimited, orders, rows

GOOD = delimited(orders({}, {}))


def _described(path: str, more: str = "") -> str:
    return f'[orders]\npath = "{path}"\n{more}'


def _link(target: str) -> Content:
    return lambda path: path.symlink_to(target)


PATHS: dict[str, Unreadable] = {
    "no file": Unreadable({}, r"no such file, named by .*source\.toml"),
    "no file, a similar one": Unreadable(
        {"orders_.csv": GOOD}, r"no such file, .*; did you mean orders_\.csv\?"
    ),
    "no directory": Unreadable(
        {},
        r"no such file, named by ",
        file="exports/orders.csv",
        description=_described("exports/orders.csv"),
    ),
    "a file where a directory should be": Unreadable(
        {"exports": GOOD},
        r"cannot be read: Not a directory",
        file="exports/orders.csv",
        description=_described("exports/orders.csv"),
    ),
    "a directory": Unreadable({"orders.csv": Path.mkdir}, r"is a directory, and not a file"),
    "a link that leads to itself": Unreadable(
        {"orders.csv": _link("orders.csv")}, r"cannot be read: Too many levels of symbolic links"
    ),
    "links that lead in a circle": Unreadable(
        {"orders.csv": _link("other.csv"), "other.csv": _link("orders.csv")},
        r"cannot be read: Too many levels of symbolic links",
    ),
    "a link that leads nowhere": Unreadable(
        {"orders.csv": _link("gone.csv")}, r"leads to gone\.csv, and there is no such file"
    ),
    "a link to a directory": Unreadable({"orders.csv": _link(".")}, r"is a directory, and not a file"),
    "a pipe": Unreadable({"orders.csv": os.mkfifo}, r"is a pipe, and not a file"),
    "a link to a pipe": Unreadable(
        {"pipe": os.mkfifo, "orders.csv": _link("pipe")}, r"is a pipe, and not a file"
    ),
    "a device": Unreadable(
        {"orders.csv": _link("/dev/zero")}, r"is a device, and not a file, named by .*source\.toml"
    ),
    "a name too long": Unreadable(
        {},
        r"cannot be read: File name too long",
        file="o" * 300 + ".csv",
        description=_described("o" * 300 + ".csv"),
    ),
    "an empty file": Unreadable({"orders.csv": b""}, r"is empty"),
    "an empty parquet file": Unreadable(
        {"orders.parquet": b""}, r"is empty", file="orders.parquet", description=_described("orders.parquet")
    ),
    "an empty ndjson file": Unreadable(
        {"orders.ndjson": b""}, r"is empty", file="orders.ndjson", description=_described("orders.ndjson")
    ),
    "an empty gz file": Unreadable(
        {"orders.csv.gz": b""}, r"is empty", file="orders.csv.gz", description=_described("orders.csv.gz")
    ),
    "a glob without match": Unreadable(
        {"exports/orders.txt": GOOD},
        r"no file matches, named by .*source\.toml",
        file="exports/*.csv",
        description=_described("exports/*.csv"),
    ),
    "a glob of directories": Unreadable(
        {"orders-1.csv": Path.mkdir},
        r"only directories match",
        file="orders-*.csv",
        description=_described("orders-*.csv"),
    ),
    "a glob below no directory": Unreadable(
        {}, r"no such directory, named by ", file="exports", description=_described("exports/*.csv")
    ),
    "a glob with an empty file in it": Unreadable(
        {"orders-1.csv": GOOD, "orders-2.csv": b"", "orders-3.csv": GOOD},
        r"is empty",
        file="orders-2.csv",
        description=_described("orders-*.csv"),
    ),
    "a glob with a pipe in it": Unreadable(
        {"orders-1.csv": GOOD, "orders-2.csv": os.mkfifo},
        r"is a pipe, and not a file",
        file="orders-2.csv",
        description=_described("orders-*.csv"),
    ),
    "a glob with a dangling link in it": Unreadable(
        {"orders-1.csv": GOOD, "orders-2.csv": _link("gone.csv")},
        r"leads to gone\.csv, and there is no such file",
        file="orders-2.csv",
        description=_described("orders-*.csv"),
    ),
    "a glob with a broken file after good ones": Unreadable(
        {"orders-1.csv": GOOD, "orders-2.csv": GOOD[:-40]},
        r"\d+ fields? where the header has 11",
        line=3,
        file="orders-2.csv",
        description=_described("orders-*.csv"),
    ),
    "a file name with an escape sequence": Unreadable(
        {"orders-\x1b[31m.csv": GOOD},
        r"a file cannot be named in a report: .*\\x1b\[31m",
        file="source.toml",
        description=_described("orders-*.csv"),
    ),
    "a path with a control character": Unreadable(
        {},
        r".",
        file="",
        description='[orders]\npath = "or\\u009bders.csv"\n',
    ),
    "a file of another entity": Unreadable(
        {"orders.csv": GOOD},
        r"no such file, named by ",
        file="customers.csv",
        description=_described("orders.csv", '[customers]\npath = "customers.csv"\n'),
    ),
    "a broken file after another entity": Unreadable(
        {"customers.csv": delimited(rows("customers", {}, {})), "orders.csv": b'"'},
        r"the quote that opens a value here is never closed",
        line=1,
        description=_described("orders.csv", '[customers]\npath = "customers.csv"\n'),
    ),
}

_KNOWN = r"unknown kind of file '{}', named by .*; {}"

KINDS: dict[str, Unreadable] = {
    f"{kind or 'no ending'}": Unreadable(
        {f"orders{kind}": GOOD},
        _KNOWN.format(kind.rpartition(".")[1] + kind.rpartition(".")[2], advice),
        file=f"orders{kind}",
        description=_described(f"orders{kind}"),
    )
    for kind, advice in {
        ".xlsx": "save the sheet as CSV",
        ".xls": "save the sheet as CSV",
        ".zip": "unpack it first",
        ".csv.zip": "unpack it first",
        ".csv.bz2": "unpack it first, or pack it with gzip",
        ".csv.zst": "unpack it first, or pack it with gzip",
        ".json": r"if every line is one JSON object, say format = \"ndjson\"",
        ".gz": r"unpack it first, or name what is packed, such as orders\.csv\.gz",
        ".parquet.gz": "unpack it first",
        ".dat": r"known: .*\.csv.*\.parquet.*or say format = \"csv\"",
        "": r"known: .*\.csv.*\.parquet.*or say format = \"csv\"",
    }.items()
}

FILES = PATHS | {f"unknown kind of file: {name}": case for name, case in KINDS.items()}
