from datetime import date

import polars as pl
import pytest

from flows.errors import InputError, RejectedError
from flows.ingest.quarantine import REJECTS
from flows.ingest.tally import Count, Reading, example

ONE, TWO = date(2026, 1, 1), date(2026, 1, 2)


def rejects(
    *lines: int, column: str = "Datum", reason: str = "is no date", value: str | None = "x"
) -> pl.DataFrame:
    return pl.DataFrame(
        [("orders", "a.csv", line, column, value, reason, "{}", ONE) for line in lines],
        schema=REJECTS,
        orient="row",
    )


def reading(**entities: tuple[int, int]) -> Reading:
    """What was read of each entity, and how much of it rejected."""
    found = Reading()
    for entity, (read, rejected) in entities.items():
        found.of(entity).read({ONE: read}, {})
        found.of(entity).rejected(rejects(*range(2, rejected + 2)))
    return found


def test_rows_are_counted_by_day_and_what_is_neither_rejected_nor_ignored_is_loaded() -> None:
    tally = Reading().of("orders")
    tally.read({ONE: 10, TWO: 5}, {TWO: 2})
    tally.rejected(rejects(3, 4))
    tally.read({TWO: 1}, {})
    assert tally.days == {ONE: Count(10, 2, 0), TWO: Count(6, 0, 2)}
    assert [tally.days[day].loaded for day in (ONE, TWO)] == [8, 4]
    assert tally.total == Count(16, 2, 2)


def test_all_entities_together_are_counted() -> None:
    assert reading(customers=(10, 1), orders=(20, 2)).total == Count(30, 3, 0)


def test_reasons_are_counted_over_all_pieces_with_the_first_three_examples() -> None:
    tally = reading(orders=(100, 0)).of("orders")
    tally.rejected(pl.concat([rejects(7, 8), rejects(9, column="Status", reason="is odd", value=None)]))
    tally.rejected(rejects(20, 21, 22))
    date_reason, status_reason = tally.reasons
    assert str(date_reason) == "Datum is no date: 5 rows, such as a.csv:7 'x', a.csv:8 'x', a.csv:20 'x'"
    assert str(status_reason) == "Status is odd: 1 row, such as a.csv:9"


def test_what_hit_most_rows_is_told_first() -> None:
    tally = reading(orders=(100, 0)).of("orders")
    for number, lines in enumerate((1, 3, 2)):
        tally.rejected(rejects(*range(lines), column=str(number)))
    assert [reason.column for reason in tally.reasons] == ["1", "2", "0"]


def test_unknown_references_are_counted_over_all_pieces() -> None:
    tally = reading(orders=(100, 0)).of("orders")
    tally.names_unknown("Kunde", "customers", 2, ["a.csv:1 'x'", "a.csv:2 'y'"])
    tally.names_unknown("Artikel", "products", 0)
    tally.names_unknown("Kunde", "customers", 1_000, ["a.csv:3 'z'", "a.csv:4 'z'"])
    assert [str(unknown) for unknown in tally.unknown] == [
        "Kunde is not among the customers: 1,002 rows, such as a.csv:1 'x', a.csv:2 'y', a.csv:3 'z'"
    ]
    late = reading(deliveries=(1, 0)).of("deliveries")
    late.names_unknown("order", "orders", 1)
    assert [str(unknown) for unknown in late.unknown] == ["order is not among the orders: 1 row"]


@pytest.mark.parametrize(
    ("found", "limit"),
    [
        (reading(orders=(100, 5)), 0.05),
        (reading(orders=(100, 0)), 0.0),
        (reading(orders=(100, 100)), 1.0),
        (reading(customers=(100, 9), orders=(100, 1)), 0.05),
        (reading(customers=(0, 0), orders=(0, 0)), 0.0),
        (reading(customers=(100, 5)), 0.05),
    ],
    ids=["at the limit", "none", "all", "others", "nothing", "no orders"],
)
def test_up_to_the_limit_rows_may_be_rejected(found: Reading, limit: float) -> None:
    found.check(limit)


@pytest.mark.parametrize(
    ("found", "limit", "complaint"),
    [
        (reading(orders=(100, 6)), 0.05, "6 of 100 rows rejected (6 %, at most 5 %)"),
        (reading(orders=(1_000_000, 1)), 0.0, "1 of 1,000,000 rows rejected (0.0001 %, at most 0 %)"),
        (
            reading(customers=(10_000, 0), orders=(100, 6)),
            0.05,
            "6 of 100 orders rejected (6 %, at most 5 %)",
        ),
        (
            reading(customers=(100, 99), orders=(100, 0)),
            0.333,
            "99 of 200 rows rejected (49.5 %, at most 33.3 %)",
        ),
    ],
    ids=["rows", "one", "orders alone", "others"],
)
def test_beyond_the_limit_the_batch_stops(found: Reading, limit: float, complaint: str) -> None:
    with pytest.raises(RejectedError) as refusal:
        found.check(limit)
    assert str(refusal.value).splitlines()[0] == f"{complaint}; nothing was loaded"


def test_the_refusal_tells_the_most_frequent_reasons_and_where_to_look() -> None:
    found = reading(customers=(100, 2), orders=(100, 9))
    for number in range(5):
        found.of("orders").rejected(rejects(number, column=str(number)))
    with pytest.raises(RejectedError) as refusal:
        found.check(0.05, "see rejects/orders.parquet")
    first, *reasons = str(refusal.value).splitlines()
    assert (
        first == "16 of 200 rows rejected (8 %, at most 5 %); nothing was loaded; see rejects/orders.parquet"
    )
    assert reasons == [
        "  orders: Datum is no date: 9 rows, such as a.csv:2 'x', a.csv:3 'x', a.csv:4 'x'",
        "  customers: Datum is no date: 2 rows, such as a.csv:2 'x', a.csv:3 'x'",
        *(f"  orders: {number} is no date: 1 row, such as a.csv:{number} 'x'" for number in range(3)),
        "  and 2 more reasons",
    ]
    assert isinstance(refusal.value, InputError)
    assert refusal.value.exit_status == 2


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("31.31.2026", "a.csv:3 '31.31.2026'"),
        ("x" * 61, f"a.csv:3 '{'x' * 57}...'"),
        ("\x1b[2J\r\n", r"a.csv:3 '\x1b[2J\r\n'"),
        ("\u202egnp", r"a.csv:3 '\u202egnp'"),
        ("Bücher", "a.csv:3 'Bücher'"),
        ("", "a.csv:3"),
        (None, "a.csv:3"),
    ],
    ids=["plain", "long", "control", "direction", "accents", "empty", "missing"],
)
def test_an_example_obeys_nothing_that_the_value_says(value: str | None, shown: str) -> None:
    assert example("a.csv", 3, value) == shown


def test_names_of_files_and_columns_are_not_obeyed_either() -> None:
    assert example("a\n\x1b[2J.csv", 3, None) == r"a\n\x1b[2J.csv:3"
    tally = reading(orders=(5, 0)).of("orders")
    tally.rejected(rejects(3, column="Da\ntum"))
    assert str(tally.reasons[0]).startswith(r"Da\ntum is no date")
