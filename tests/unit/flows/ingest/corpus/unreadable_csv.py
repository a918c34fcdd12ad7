"""CSV whose lines are not what RFC 4180 and the header promise."""

import csv

from tests.unit.flows.ingest.corpus.cases import Unreadable
from tests.unit.flows.ingest.corpus.shop import ORDERS, delimited, orders

HEADER, GOOD, *_ = delimited(orders({})).splitlines(keepends=True)
NAMES = 11


def _csv(says: str, content: bytes, line: int | None = None, description: str = ORDERS) -> Unreadable:
    return Unreadable({"orders.csv": content}, says, line, description=description)


def _header(old: str, new: str) -> bytes:
    return HEADER.replace(old.encode(), new.encode()) + GOOD


NOTED = delimited(orders({"shipping_tier": "by\nhand\nonly"}, {}))
BAD = {"too few": b"A-9,C-1\n", "too many": GOOD.rstrip(b"\n") + b",1,2\n"}
TROUBLE = {
    "too few": f"2 fields where the header has {NAMES}",
    "too many": f"13 fields where the header has {NAMES}",
}

LINES: dict[str, Unreadable] = {
    "blank lines only": _csv(r"is empty", b"\n\n   \n\t\n"),
    "carriage returns only": _csv(r"is empty", b"\r\n\r\n"),
    "a byte order mark only": _csv(r"is empty", b"\xef\xbb\xbf"),
    "a header only": _csv(r"holds no orders", HEADER),
    "a header without a line end": _csv(r"holds no orders", HEADER.rstrip(b"\n")),
    "a header and blank lines": _csv(r"holds no orders", HEADER + b"\n\r\n  \n"),
    "only ignored orders": _csv(
        r"of 2 orders none is left",
        delimited(orders({"status": "test"}, {"status": "Test "})),
        description=ORDERS + '[orders.statuses]\ntest = "ignore"\n',
    ),
    **{
        f"{kind} fields": _csv(TROUBLE[kind], HEADER + GOOD + bad + GOOD, line=3) for kind, bad in BAD.items()
    },
    **{
        f"{kind} fields in the last line": _csv(TROUBLE[kind], HEADER + GOOD + bad, line=3)
        for kind, bad in BAD.items()
    },
    **{
        f"{kind} fields in a last line without an end": _csv(
            TROUBLE[kind], HEADER + GOOD + bad.rstrip(b"\n"), line=3
        )
        for kind, bad in BAD.items()
    },
    **{
        f"{kind} fields in the first line": _csv(TROUBLE[kind], HEADER + bad + GOOD, line=2)
        for kind, bad in BAD.items()
    },
    **{
        # two lines of the header's and the first record's own, and two within quotes
        f"{kind} fields behind quoted line ends": _csv(TROUBLE[kind], NOTED + bad, line=6)
        for kind, bad in BAD.items()
    },
    **{
        f"{kind} fields behind blank lines": _csv(TROUBLE[kind], HEADER + b"\n \n" + GOOD + bad, line=5)
        for kind, bad in BAD.items()
    },
    **{
        f"{kind} fields after many lines": _csv(TROUBLE[kind], HEADER + GOOD * 5_000 + bad + GOOD, line=5_002)
        for kind, bad in BAD.items()
    },
    "as many too few as too many": _csv(
        TROUBLE["too few"], HEADER + GOOD + BAD["too few"] + b"," * 19 + b"\n", line=3
    ),
    "a line cut off at the end": _csv(
        rf"5 fields where the header has {NAMES}",
        HEADER + GOOD + GOOD[: GOOD.index(b"delivered") + 4],
        line=3,
    ),
    "a value with the delimiter and no quotes": _csv(
        rf"12 fields where the header has {NAMES}; put a value that holds the delimiter in quotes",
        HEADER + GOOD.replace(b"standard", b"standard, by hand"),
        line=2,
    ),
    "a decimal comma and no quotes": _csv(
        rf"12 fields where the header has {NAMES}", HEADER + GOOD.replace(b"119.90", b"119,90"), line=2
    ),
    "a quote never closed": _csv(
        r"the quote that opens a value here is never closed",
        HEADER + GOOD + GOOD.replace(b"standard", b'"standard') + GOOD * 100,
        line=3,
    ),
    "a quote never closed in the last field": _csv(
        r"the quote that opens a value here is never closed", HEADER + GOOD + b'A-2,C-1,"P-1', line=3
    ),
    "a quote never closed in the header": _csv(
        r"the quote that opens a value here is never closed", b'order_id,"customer_id,status\n' + GOOD, line=1
    ),
    "a quote inside a value": _csv(
        r"a quote stands in the middle of a value",
        HEADER + GOOD + GOOD.replace(b"standard", b'24" long'),
        line=3,
    ),
    "a value that goes on behind its quote": _csv(
        r"the value that opens with a quote here goes on behind the next one",
        HEADER + GOOD.replace(b"standard", b'"standard" tier'),
        line=2,
    ),
    "quotes escaped by backslashes": _csv(
        r"the value that opens with a quote here goes on behind the next one",
        HEADER + GOOD.replace(b"standard", rb'"24\" long"'),
        line=2,
    ),
    "a blank before a quote": _csv(
        r"a quote stands in the middle of a value", HEADER + GOOD.replace(b"standard", b' "standard"'), line=2
    ),
    "an endless line": _csv(r"is longer than 8,388,608 bytes", HEADER + GOOD + b"x" * 9_000_000, line=3),
    "an endless header": _csv(r"is longer than 8,388,608 bytes", b"order_id," * 1_000_000, line=1),
    "lines that end in CR": _csv(r"its lines end in a lone CR", (HEADER + GOOD * 3).replace(b"\n", b"\r")),
}

COLUMNS: dict[str, Unreadable] = {
    "repeated": _csv(r"column 'order_id' stands more than once", _header("quantity", "order_id"), line=1),
    "repeated but for blanks": _csv(
        r"column 'order_id' stands more than once", _header("quantity", " order_id "), line=1
    ),
    "repeated but for case": _csv(
        r"column order_id stands more than once \(order_id, Order_ID\)", _header("quantity", "Order_ID")
    ),
    "blank": _csv(r"column 7 of the header has no name", _header("quantity", "  "), line=1),
    "blank at the end": _csv(r"column 12 of the header has no name", HEADER.strip() + b",\n" + GOOD, line=1),
    "an index without a name": _csv(
        r"column 1 of the header has no name", b"," + HEADER + b"0," + GOOD, line=1
    ),
    "semicolons": _csv(
        r'missing columns order_id, .*; say delimiter = ";" in .*source\.toml',
        delimited(orders({}), delimiter=";"),
    ),
    "tabs": _csv(
        r'missing columns order_id, .*; say delimiter = "\\t" in ', delimited(orders({}), delimiter="\t")
    ),
    "semicolons and decimal commas": _csv(
        r'2 fields where the header has 1; is delimiter = ";" meant\?',
        delimited(orders({"unit_price": "119,90"}), delimiter=";", quoting=csv.QUOTE_NONE),
        line=2,
    ),
    "commas where semicolons are said": _csv(
        r'missing columns order_id, .*; say delimiter = "," in ',
        HEADER + GOOD,
        description=f'delimiter = ";"\n{ORDERS}',
    ),
    "no header": _csv(r"column '2026-10-04 16:00:00' stands more than once in the header", GOOD * 2, line=1),
    "no header, nothing repeated": _csv(
        r"missing columns order_id, .*; the file has A-1, C-1, P-1, ",
        delimited(orders({"updated_at": "2026-10-04 16:00:01"})).splitlines(keepends=True)[1],
    ),
    "a title above the header": _csv(
        rf"{NAMES} fields where the header has 1", b"Export of all orders\n" + HEADER + GOOD, line=2
    ),
    "one missing": _csv(
        r"missing column delivery_date; the file has order_id, customer_id, ",
        _header("delivery_date", "delivered"),
    ),
    "two missing": _csv(
        r"missing columns status, delivery_date; the file has ",
        delimited(orders({}), columns=["order_id", "customer_id", "product_id", "order_date"]),
    ),
    "missing, with an escape sequence in another": _csv(
        r"missing column status", _header("status", "\x1b[31mstatus")
    ),
    "missing, with a line end in another": _csv(r"missing column status", _header("status", '"sta\ntus"')),
    "mapped and not there": _csv(
        r"has no column 'Nr', which in .* \[orders\.columns\] is order_id; the file has order_id, ",
        HEADER + GOOD,
        description=ORDERS + '[orders.columns]\nNr = "order_id"\n',
    ),
    "mapped though not required and not there": _csv(
        r"has no column 'Menge', which in .* is quantity",
        HEADER + GOOD,
        description=ORDERS + '[orders.columns]\nMenge = "quantity"\n',
    ),
    "day of change not there": _csv(
        r"has no column 'Modified', which in .* \[orders\] is the change_day; the file has ",
        HEADER + GOOD,
        description=ORDERS + 'change_day = "Modified"\n',
    ),
    "missing in the second file": Unreadable(
        {"orders-1.csv": HEADER + GOOD, "orders-2.csv": _header("status", "state")},
        r"missing column status; the file has ",
        file="orders-2.csv",
        description='[orders]\npath = "orders-*.csv"\n',
    ),
    "missing in deliveries": Unreadable(
        {"orders.csv": HEADER + GOOD, "deliveries.csv": b"delivery_id,carrier\nD-1,DHL\n"},
        r"missing column order_id; the file has delivery_id, carrier",
        file="deliveries.csv",
        description=ORDERS + '[deliveries]\npath = "deliveries.csv"\n',
    ),
}

CSV = {f"csv: {name}": case for name, case in LINES.items()} | {
    f"csv: columns: {name}": case for name, case in COLUMNS.items()
}
