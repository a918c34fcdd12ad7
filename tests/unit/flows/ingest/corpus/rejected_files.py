"""Files of which some rows are set aside: for repetitions, days of change, and where in a file they stand."""

from tests.unit.flows.ingest.corpus import reasons
from tests.unit.flows.ingest.corpus.cases import Rejected
from tests.unit.flows.ingest.corpus.shop import ORDERS, Row, delimited, ndjson, orders, parquet, rows

CHANGES = ORDERS + 'change_day = "updated_at"\n'
STATUS = ("status", "lost", reasons.NO_STATUS)
SEVERAL = '[orders]\npath = "orders-*"\n'


def _twice(line: int, key: str, file: str = "orders.csv", column: str = "order_id") -> tuple:
    return file, line, column, key, reasons.TWICE


def _ids(*keys: str | None) -> list[Row]:
    return orders(*({"order_id": key} for key in keys))


def _numbered(start: int, end: int) -> list[Row]:
    return _ids(*(f"A-{number}" for number in range(start, end)))


def _keys(table: list[Row]) -> list[str]:
    return [str(row["order_id"]) for row in table]


MANY = _numbered(0, 3_000)

REPEATED = {
    "side by side": Rejected({"orders.csv": delimited(_ids("A", "A", "B"))}, [_twice(3, "A")], ["A", "B"]),
    "three times": Rejected(
        {"orders.csv": delimited(_ids("A", "B", "A", "B", "A"))},
        [_twice(4, "A"), _twice(5, "B"), _twice(6, "A")],
        ["A", "B"],
    ),
    "far apart": Rejected({"orders.csv": delimited([*MANY, MANY[7]])}, [_twice(3_002, "A-7")], _keys(MANY)),
    "in another file": Rejected(
        {"orders-1.csv": delimited(_ids("A", "B")), "orders-2.csv": delimited(_ids("C", "A"))},
        [_twice(3, "A", "orders-2.csv")],
        ["A", "B", "C"],
        description=SEVERAL,
    ),
    "in files of other formats": Rejected(
        {
            "orders-1.parquet": parquet(_ids("A", "B")),
            "orders-2.ndjson": ndjson(_ids("B", "C")),
            "orders-3.csv": delimited(_ids("C", "D")),
        },
        [_twice(1, "B", "orders-2.ndjson"), _twice(2, "C", "orders-3.csv")],
        ["A", "B", "C", "D"],
        description=SEVERAL,
    ),
    "a whole file": Rejected(
        {"orders-1.csv": delimited(_ids("A", "B")), "orders-2.csv": delimited(_ids("A", "B"))},
        [_twice(2, "A", "orders-2.csv"), _twice(3, "B", "orders-2.csv")],
        ["A", "B"],
        description=SEVERAL,
    ),
    "but for blanks": Rejected({"orders.csv": delimited(_ids("A", " A "))}, [_twice(3, " A ")], ["A"]),
    "but for case": Rejected({"orders.csv": delimited(_ids("A", "a"))}, [], ["A", "a"]),
    "with other content": Rejected(
        {"orders.csv": delimited(orders({"order_id": "A"}, {"order_id": "A", "quantity": "3"}))},
        [_twice(3, "A")],
        ["A"],
    ),
    "of a row that is set aside": Rejected(
        {"orders.csv": delimited(orders({"order_id": "A", "status": "lost"}, {"order_id": "A"}))},
        [("orders.csv", 2, *STATUS)],
        ["A"],
    ),
    "and wrong besides": Rejected(
        {"orders.csv": delimited(orders({"order_id": "A"}, {"order_id": "A", "quantity": "-1"}))},
        [("orders.csv", 3, "quantity", "-1", reasons.NEGATIVE)],
        ["A"],
    ),
    "of a row that is ignored": Rejected(
        {"orders.csv": delimited(orders({"order_id": "A", "status": "test"}, {"order_id": "A"}))},
        [],
        ["A"],
        ignored=1,
        description=ORDERS + '[orders.statuses]\ntest = "ignore"\n',
    ),
    "nothing is not repeated": Rejected(
        {"orders.csv": delimited(_ids("", "", "A"))},
        [("orders.csv", line, "order_id", None, reasons.MISSING) for line in (2, 3)],
        ["A"],
    ),
    "a customer": Rejected(
        {
            "customers.csv": delimited(rows("customers", {}, {"customer_id": "C-1"})),
            "orders.csv": delimited(_ids("A")),
        },
        [_twice(3, "C-1", "customers.csv", "customer_id")],
        ["C-1"],
        description=ORDERS + '[customers]\npath = "customers.csv"\n',
        entity="customers",
    ),
}


def _changed(*moments: str | None, key: str = "A") -> list[Row]:
    return orders(*({"order_id": key, "updated_at": moment} for moment in moments))


DAYS = {
    "versions of a day": Rejected(
        {"orders.csv": delimited(_changed("2026-10-30 08:00", "2026-10-30 09:00", "2026-10-30 08:00"))},
        [_twice(4, "A")],
        ["A", "A"],
        description=CHANGES,
    ),
    "the same on two days": Rejected(
        {"orders.csv": delimited(_changed("2026-10-30", "2026-10-29"))}, [], ["A", "A"], description=CHANGES
    ),
    "missing": Rejected(
        {"orders.csv": delimited(_changed("2026-10-30", None, "  "))},
        [
            ("orders.csv", 3, "updated_at", None, reasons.MISSING),
            ("orders.csv", 4, "updated_at", "  ", reasons.MISSING),
        ],
        ["A"],
        description=CHANGES,
    ),
    "unreadable": Rejected(
        {"orders.csv": delimited(_changed("2026-10-30", "30.10.2026", "2026-02-30"))},
        [
            ("orders.csv", 3, "updated_at", "30.10.2026", reasons.NO_DATE),
            ("orders.csv", 4, "updated_at", "2026-02-30", reasons.NO_DATE),
        ],
        ["A"],
        description=CHANGES,
    ),
    "too early": Rejected(
        {"orders.csv": delimited(_changed("2026-10-30", "1899-12-30"))},
        [("orders.csv", 3, "updated_at", "1899-12-30", reasons.NO_DAY)],
        ["A"],
        description=CHANGES,
    ),
    "after the as-of day": Rejected(
        {"orders.csv": delimited(_changed("2026-10-31 23:59:59.999999", "2026-11-01", "2027-01-01"))},
        [],
        ["A"],
        ignored=2,
        description=CHANGES,
    ),
    "after the as-of day, and wrong": Rejected(
        {
            "orders.csv": delimited(
                orders({}, {"updated_at": "2026-11-01", "status": "lost", "order_id": None})
            )
        },
        [],
        ["A-1"],
        ignored=1,
        description=CHANGES,
    ),
    "on the as-of day in utc, after it in berlin": Rejected(
        {"orders.csv": delimited(_changed("2026-11-01 00:59:59", "2026-11-01 01:00:00"))},
        [],
        ["A"],
        ignored=1,
        description=f'time_zone = "Europe/Berlin"\n{CHANGES}',
    ),
    "an hour that berlin skipped": Rejected(
        {"orders.csv": delimited(_changed("2026-10-30", "2026-03-29 02:30:00"))},
        [("orders.csv", 3, "updated_at", "2026-03-29 02:30:00", reasons.skipped("Europe/Berlin"))],
        ["A"],
        description=f'time_zone = "Europe/Berlin"\n{CHANGES}',
    ),
    "a column that is none of ours": Rejected(
        {
            "orders.csv": delimited(
                [
                    {**row, "Modified": moment}
                    for row, moment in zip(
                        _ids("A", "B", "C", "A"), ("2026-10-30", None, "?", "2026-10-30"), strict=True
                    )
                ]
            )
        },
        [
            ("orders.csv", 3, "Modified", None, reasons.MISSING),
            ("orders.csv", 4, "Modified", "?", reasons.NO_DATE),
            _twice(5, "A"),
        ],
        ["A"],
        description=ORDERS + 'change_day = " modified"\n',
    ),
    "of a delivery": Rejected(
        {
            "orders.csv": delimited(_ids("A-1")),
            "deliveries.csv": delimited(
                rows(
                    "deliveries",
                    {},
                    {"shipped_at": None},
                    {"delivery_id": "D-1", "shipped_at": "2026-10-02 12:00"},
                )
            ),
        },
        [
            ("deliveries.csv", 3, "shipped_at", None, reasons.MISSING),
            _twice(4, "D-1", "deliveries.csv", "delivery_id"),
        ],
        ["D-1"],
        description=ORDERS + '[deliveries]\npath = "deliveries.csv"\nchange_day = "shipped_at"\n',
        entity="deliveries",
    ),
}

NOTED = orders(
    {"shipping_tier": "by\nhand"},
    {"status": "lost"},
    {"shipping_tier": 'so\r\n"called"\n'},
    {"status": "lost"},
    {},
)
GERMAN = {"order_id": "Best.-Nr.", "status": "Zustand", "quantity": "Menge"}
GERMAN_ORDERS = [
    {GERMAN.get(name, name): value for name, value in row.items()}
    for row in orders(
        {"status": "Unterwegs"},
        {"status": "verloren"},
        {"status": " UNTERWEGS", "quantity": "x"},
        {"order_id": ""},
    )
]
HEADER, *LINES = delimited(orders({}, {"status": "lost"}, {})).splitlines(keepends=True)

PLACES = {
    "behind line ends within quotes": Rejected(
        {"orders.csv": delimited(NOTED)},
        [("orders.csv", 4, *STATUS), ("orders.csv", 8, *STATUS)],
        ["A-1", "A-3", "A-5"],
    ),
    "behind blank lines": Rejected(
        {
            "orders.csv": b"\n \n"
            + HEADER
            + b"\r\n"
            + LINES[0]
            + b"\t\n\n"
            + LINES[1]
            + b"\n"
            + LINES[2]
            + b"\n"
        },
        [("orders.csv", 8, *STATUS)],
        ["A-1", "A-3"],
    ),
    "behind blank lines of ndjson": Rejected(
        {"orders.ndjson": ndjson(orders({}, {"status": "lost"}, {})).replace(b"\n", b"\n\n \r\n")},
        [("orders.ndjson", 4, *STATUS)],
        ["A-1", "A-3"],
        description='[orders]\npath = "orders.ndjson"\n',
    ),
    "in a last line without an end": Rejected(
        {"orders.csv": HEADER + LINES[0] + LINES[1].rstrip()}, [("orders.csv", 3, *STATUS)], ["A-1"]
    ),
    "with line ends of windows": Rejected(
        {"orders.csv": delimited(orders({}, {"status": "lost"}, {}), lineterminator="\r\n")},
        [("orders.csv", 3, *STATUS)],
        ["A-1", "A-3"],
    ),
    "behind a byte order mark": Rejected(
        {"orders.csv": b"\xef\xbb\xbf" + delimited(orders({"status": "lost"}, {}))},
        [("orders.csv", 2, *STATUS)],
        ["A-2"],
    ),
    "in utf-16": Rejected(
        {"orders.csv": delimited(orders({}, {"status": "löst"}), encoding="utf-16")},
        [("orders.csv", 3, "status", "löst", reasons.NO_STATUS)],
        ["A-1"],
        description=f'encoding = "utf-16"\n{ORDERS}',
    ),
    "under their names": Rejected(
        {"orders.csv": delimited(GERMAN_ORDERS)},
        [
            ("orders.csv", 3, "Zustand", "verloren", reasons.NO_STATUS),
            ("orders.csv", 4, "Menge", "x", reasons.NO_COUNT),
            ("orders.csv", 5, "Best.-Nr.", None, reasons.MISSING),
        ],
        ["A-1"],
        description=ORDERS
        + '[orders.columns]\n"best.-nr. " = "order_id"\nZUSTAND = "status"\nMenge = "quantity"\n'
        + '[orders.statuses]\nunterwegs = "shipped"\n',
    ),
    "of a parquet file of several row groups": Rejected(
        {
            "orders.parquet": parquet(
                orders(*[{}] * 5, {"status": "lost"}, {}, {"status": "lost"}), row_group_size=3
            )
        },
        [("orders.parquet", 6, *STATUS), ("orders.parquet", 8, *STATUS)],
        ["A-1", "A-2", "A-3", "A-4", "A-5", "A-7"],
        description='[orders]\npath = "orders.parquet"\n',
    ),
    "in a directory of another name": Rejected(
        {"ex ports/2026/orders,1.csv": delimited(orders({}, {"status": "lost"}))},
        [("ex ports/2026/orders,1.csv", 3, *STATUS)],
        ["A-1"],
        description='[orders]\npath = "ex ports/**/*.csv"\n',
    ),
}

REJECTED: dict[str, Rejected] = {
    f"{kind}: {name}": case
    for kind, cases in {"repeated": REPEATED, "day of change": DAYS, "place": PLACES}.items()
    for name, case in cases.items()
}
