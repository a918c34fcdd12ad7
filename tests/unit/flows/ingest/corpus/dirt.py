"""Strategies: tables that began as good exports, and what happens to them."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from hypothesis import strategies as st

from tests.unit.flows.ingest.corpus.oracle import BLANKS, KINDS, Dress
from tests.unit.flows.ingest.corpus.shop import GOOD, Row

TEXTS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    | st.sampled_from('""\',,:;\\\r\n\t {}[]nul0-.=é📦'),
    max_size=12,
)
BLANK = st.sampled_from([None, "", " ", "\t", "\u00a0\u2003", "NULL", " NULL "])

_DAYS = ["2026-10-01", "2026-10-30", "2026-10-31", "2026-11-01", "2025-02-28", "2024-02-29", "2026-03-29"]
_EDGES = ["1970-12-31", "1971-01-01", "2027-10-31", "2027-11-01", "2027-11-02", "1899-12-30", "9999-12-31"]
_WRONG = [
    "2026-02-30",
    "0026-01-01",
    "26-01-01",
    "01.10.2026",
    "2026-13-01",
    "yesterday",
    "20261001",
    "2026-10-1",
]
_TIMES = [
    "",
    "T00:00:00",
    " 23:59:59.999999",
    " 02:30:00",
    " 12:00",
    "T12",
    " 24:00:00",
    " 12:00:00.1234567",
    " 1:00",
]
_OFFSETS = ["", "", "", "Z", "+02:00", " -0930", "+14", "+25:00", " UTC"]
_GERMAN = [
    "01.10.2026",
    "1.10.2026 8:05:00",
    "30.02.2026",
    "31.12.1970 23:59:59",
    "01.10.26",
    "29.03.2026 02:30:00",
]

DATES = (
    st.builds(
        str.__add__,
        st.builds(str.__add__, st.sampled_from(_DAYS + _EDGES), st.sampled_from(_TIMES)),
        st.sampled_from(_OFFSETS),
    )
    | st.sampled_from(_WRONG + _GERMAN)
    | st.datetimes().map(str)
)
NUMBERS = (
    st.sampled_from(
        [
            "0",
            "-0",
            "+7",
            "3.0",
            "3.5",
            "1e3",
            "NaN",
            "inf",
            "1,5",
            "1.234,56",
            "1.234",
            "0.005",
            "-1",
            "٣",
            ".5",
            "7.",
            "9999999999",
            "10000000000",
            "9999999999.99",
            "1_0",
        ]
    )
    | st.integers(-(10**12), 10**12).map(str)
    | st.decimals(-10_000, 10_000, places=3).map(str)
)
STATUS = st.sampled_from(
    [
        "pending",
        "SHIPPED",
        " delivered ",
        "cancelled",
        "returned",
        "in_transit",
        "failed",
        "shiped",
        "Versendet",
        "Test",
        " test",
        "7",
    ]
)
KEYS = st.sampled_from(["A-1", "A-2", " A-1", "a-1", "C-1", "D-1"])

POOLS = {"time": DATES, "day": DATES, "count": NUMBERS, "status": STATUS, "text": KEYS}


def _cell(kind: str) -> st.SearchStrategy[str | None]:
    usual = POOLS.get(kind, NUMBERS)
    padded = st.builds(lambda value, blank: blank + value, usual, st.sampled_from(["", *BLANKS[:6]]))
    return usual | padded | TEXTS | BLANK


CELLS = {entity: {column: _cell(kind) for column, kind in kinds.items()} for entity, kinds in KINDS.items()}


@st.composite
def tables(draw: st.DrawFn, entity: str, good: Mapping[str, str | None] | None = None) -> list[Row]:
    """Some rows of which each is good, a repetition of another, or wrong in a few places."""
    key = next(iter(KINDS[entity]))
    table: list[Row] = []
    for number in range(draw(st.integers(1, 12))):
        row = {**GOOD[entity], **(good or {}), key: f"{number}"}
        for column in draw(st.lists(st.sampled_from(list(KINDS[entity])), max_size=2)):
            row[column] = draw(CELLS[entity][column])
        table.append(row)
    table += [dict(table[place]) for place in draw(st.lists(st.integers(0, len(table) - 1), max_size=2))]
    return draw(st.permutations(table))


GERMAN_GOOD: dict[str, Mapping[str, str | None]] = {
    "orders": {
        "order_date": "01.10.2026 09:30:00",
        "delivery_date": "4.10.2026",
        "unit_price": "1.119,90",
        "promised_date": "06.10.2026",
        "updated_at": "04.10.2026 16:00:00",
        "status": "Versendet",
    },
    "products": {"unit_price": "1.119,90", "weight_kg": "7,25"},
}

DRESSES: dict[str, tuple[Dress, str]] = {
    "plain": (Dress(), ""),
    "berlin": (
        Dress(zone="Europe/Berlin", null_values=("NULL",)),
        'time_zone = "Europe/Berlin"\nnull_values = ["NULL"]\n',
    ),
    "german": (
        Dress(zone="Europe/Berlin", german_dates=True, decimal_comma=True),
        'time_zone = "Europe/Berlin"\ndecimal_comma = true\n'
        'date_formats = ["%d.%m.%Y %H:%M:%S", "%d.%m.%Y"]\n',
    ),
    "changes": (Dress(change_day="updated_at"), ""),
}
WORDS = {
    "orders": {"versendet": "shipped", "test": "ignore"},
    "deliveries": {"versendet": "in_transit", "test": "ignore"},
}


def splits(table: Sequence[Row], cuts: Sequence[int]) -> list[list[Row]]:
    """The rows in several parts, some maybe empty."""
    edges = [0, *sorted(min(cut, len(table)) for cut in cuts), len(table)]
    return [list(table[begin:end]) for begin, end in pairwise(edges)]
