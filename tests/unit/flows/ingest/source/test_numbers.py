from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.ingest.source.cells import Cells, WrongKindError
from flows.ingest.source.numbers import Decimals, Kind, Numbers, WholeNumbers

MONEY, WEIGHT, WHOLE = Decimals(pl.Decimal(12, 2)), Decimals(pl.Decimal(9, 3)), WholeNumbers()
NO_MONEY = "is not an amount of money like 19.90"
NO_WHOLE = "is not a whole number like 3"
NEEDS_COMMA = " (numbers with a comma need decimal_comma = true)"
TOO_LARGE = "has more than 10 digits"


def numbers(
    values: Sequence[Any] | pl.Series, kind: Kind, comma: bool = False, nothing: Sequence[str] = ("",)
) -> Cells:
    series = values if isinstance(values, pl.Series) else pl.Series(values, dtype=pl.String)
    read = Numbers(comma).read(series, nothing, kind)
    assert read.values.dtype == kind.dtype
    assert len(read.values) == len(series)
    for rows in read.unreadable.values():
        assert rows.dtype == pl.Boolean
        assert rows.null_count() == 0
        assert read.values.filter(rows).null_count() == rows.sum() > 0
    return read


def reasons(read: Cells) -> dict[str, list[int]]:
    return {reason: rows.arg_true().to_list() for reason, rows in read.unreadable.items()}


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("19.90", "19.90"),
        ("19.9", "19.90"),
        ("19", "19.00"),
        ("19.", "19.00"),
        (".5", "0.50"),
        ("-.5", "-0.50"),
        ("-19.90", "-19.90"),
        ("+19.90", "19.90"),
        ("0", "0.00"),
        ("-0.00", "0.00"),
        ("007.50", "7.50"),
        ("19.9000000000000000000000", "19.90"),
        (" 19.90 ", "19.90"),
        ("\t19.90\u00a0", "19.90"),
        ("9999999999.99", "9999999999.99"),
        ("-9999999999.99", "-9999999999.99"),
    ],
)
def test_amounts_with_a_point_are_read(text: str, amount: str) -> None:
    assert numbers([text], MONEY).values.to_list() == [Decimal(amount)]
    assert numbers(["cheap", None, text], MONEY).values.to_list() == [None, None, Decimal(amount)]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("19,90", "19.90"),
        ("12,5", "12.50"),
        ("-12,5", "-12.50"),
        ("1.234,56", "1234.56"),
        ("1.234.567,8", "1234567.80"),
        ("1.234", "1234.00"),
        ("1234,56", "1234.56"),
        ("19", "19.00"),
        (",5", "0.50"),
        ("19,", "19.00"),
        ("19,900", "19.90"),
        (" 1.234,56 ", "1234.56"),
        ("9.999.999.999,99", "9999999999.99"),
    ],
)
def test_amounts_with_a_comma_are_read_where_the_shop_writes_them(text: str, amount: str) -> None:
    assert numbers([text], MONEY, comma=True).values.to_list() == [Decimal(amount)]
    assert numbers(["cheap", None, text], MONEY, comma=True).values.to_list() == [None, None, Decimal(amount)]


NO_NUMBERS = (
    *(
        "cheap",
        "-",
        "+",
        ".",
        "-.",
        "--1",
        "+-1",
        "1-",
        "1.2.3",
        "1e5",
        "1E+05",
        "0x10",
        "1_000",
        "1 000",
        "1'000",
    ),
    *(
        "$5",
        "5 EUR",
        "19.90x",
        "x19.90",
        "19.9 0",
        "NaN",
        "nan",
        "inf",
        "-inf",
        "∞",
        "٣",
        "½",
        "1\n2",
        "True",
    ),
)


@pytest.mark.parametrize("text", NO_NUMBERS)
@pytest.mark.parametrize("comma", [False, True])
def test_what_is_no_number_is_unreadable(text: str, comma: bool) -> None:
    money, whole = numbers(["1", text], MONEY, comma), numbers(["1", text], WHOLE, comma)
    assert money.values.to_list() == [1, None]
    assert whole.values.to_list() == [1, None]
    assert reasons(money) == {NO_MONEY.replace(".", ",") if comma else NO_MONEY: [1]}
    assert reasons(whole) == {NO_WHOLE: [1]}


@pytest.mark.parametrize("text", ["12,5", "1,50", "1,234.56", "1.234,56", ",", "1,2,3"])
def test_a_comma_where_the_shop_writes_none_points_to_the_setting(text: str) -> None:
    assert reasons(numbers([text], MONEY)) == {NO_MONEY + NEEDS_COMMA: [0]}
    assert reasons(numbers([text], WHOLE)) == {NO_WHOLE + NEEDS_COMMA: [0]}


@pytest.mark.parametrize(
    "text", ["12.50", "12.5", "1.23,45", "1234.567,8", "1,234.56", ".123", "1..234", "1,2,3", ",", "."]
)
def test_a_point_that_keeps_no_thousands_apart_is_no_number_where_the_shop_writes_commas(text: str) -> None:
    assert reasons(numbers([text], MONEY, comma=True)) == {NO_MONEY.replace(".", ","): [0]}


def test_amounts_that_do_not_fit_say_why() -> None:
    texts = [
        "19.901",
        "0.0010",
        "10000000000",
        "99999999999.00",
        "-10000000000.0",
        "9" * 5_000,
        "19.90",
        "9999999999.995",
    ]
    read = numbers(texts, MONEY)
    assert read.values.drop_nulls().to_list() == [Decimal("19.90")]
    assert reasons(read) == {
        "has more than 2 decimals": [0, 1, 7],
        "has more than 10 digits before the decimals": [2, 3, 4, 5],
    }


def test_weights_have_three_decimals() -> None:
    read = numbers(["1.25", "0.125", "0.1250", "0.1255", "1000000", "heavy"], WEIGHT)
    assert read.values.to_list() == [Decimal("1.25"), Decimal("0.125"), Decimal("0.125"), None, None, None]
    assert reasons(read) == {
        "has more than 3 decimals": [3],
        "has more than 6 digits before the decimals": [4],
        "is not a number like 1.250": [5],
    }


@settings(deadline=None)
@given(st.lists(st.decimals("-9999999999.99", "9999999999.99", places=2), min_size=1))
@example([Decimal("9999999999.99"), Decimal("-0.01"), Decimal("0.10")])
def test_every_amount_survives_every_notation(amounts: list[Decimal]) -> None:
    swap = str.maketrans(",.", ".,")
    for point in (
        [f"{amount:f}" for amount in amounts],
        [f"{amount:f}000" for amount in amounts],
        [f" {amount:+.2f} " for amount in amounts],
    ):
        assert numbers(point, MONEY).values.to_list() == amounts
        with_comma = [text.translate(swap) for text in point]
        assert numbers(with_comma, MONEY, comma=True).values.to_list() == amounts
    thousands = [f"{amount:,.2f}".translate(swap) for amount in amounts]
    assert numbers(thousands, MONEY, comma=True).values.to_list() == amounts
    assert not numbers(thousands, MONEY, comma=True).unreadable


@settings(deadline=None)
@given(st.lists(st.integers(-(10**10) + 1, 10**10 - 1), min_size=1))
@example([10**10 - 1, -(10**10) + 1, 0])
def test_every_whole_number_survives_every_notation(wholes: list[int]) -> None:
    for texts, comma in (
        ([f"{number}" for number in wholes], False),
        ([f"{number}" for number in wholes], True),
        ([f" {number}.0" for number in wholes], False),
        ([f"{number},00" for number in wholes], True),
        ([f"{number:,}".replace(",", ".") for number in wholes], True),
    ):
        assert numbers(texts, WHOLE, comma).values.to_list() == wholes
    for dtype in (pl.Int64, pl.Float64, pl.Decimal(20, 3), pl.Int128):
        assert numbers(pl.Series(wholes).cast(dtype), WHOLE).values.to_list() == wholes


@settings(deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Nd", "Cs"]) | st.sampled_from("+-.,e ")), min_size=1)
)
def test_no_text_without_digits_is_a_number(texts: list[str]) -> None:
    for kind in (MONEY, WHOLE):
        for comma in (False, True):
            assert numbers(texts, kind, comma).values.null_count() == len(texts)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.sampled_from(["1", "1.0", "1.5", " 2", "3,5", "1.234", "x", "", "9" * 20, "-4"]) | st.text(),
        max_size=8,
    )
)
def test_a_number_is_read_the_same_whatever_the_others_are(texts: list[str]) -> None:
    for kind in (MONEY, WHOLE):
        for comma in (False, True):
            together = numbers(texts, kind, comma)
            alone = [numbers([text], kind, comma) for text in texts]
            assert together.values.to_list() == [read.values[0] for read in alone]
            expected: dict[str, list[int]] = {}
            for row, read in enumerate(alone):
                for reason in read.unreadable:
                    expected.setdefault(reason, []).append(row)
            assert reasons(together) == expected


@pytest.mark.parametrize(
    ("text", "comma", "number"),
    [
        ("3", False, 3),
        ("3.0", False, 3),
        ("3.", False, 3),
        ("3.000", False, 3),
        ("-1", False, -1),
        ("007", False, 7),
        (" 3 ", False, 3),
        (" 3.0 ", False, 3),
        ("9999999999", False, 9_999_999_999),
        ("3,0", True, 3),
        ("1.000", True, 1000),
        ("1.000,0", True, 1000),
    ],
)
def test_whole_numbers_are_read(text: str, comma: bool, number: int) -> None:
    assert numbers([text], WHOLE, comma).values.to_list() == [number]
    assert numbers(["two", text, None], WHOLE, comma).values.to_list() == [None, number, None]


def test_numbers_that_are_not_whole_or_too_large_say_why() -> None:
    texts = [
        "two",
        "1.5",
        "3.01",
        "10000000000",
        "-10000000000.0",
        "9" * 30,
        "9223372036854775808",
        ".0",
        "1",
    ]
    read = numbers(texts, WHOLE)
    assert read.values.drop_nulls().to_list() == [1]
    assert reasons(read) == {NO_WHOLE: [0, 1, 2, 7], TOO_LARGE: [3, 4, 5, 6]}


@pytest.mark.parametrize("kind", [MONEY, WHOLE])
def test_texts_that_mean_nothing_are_no_numbers_and_no_failures(kind: Kind) -> None:
    read = numbers(["0", " 0 ", "n/a", " n/a ", "", " ", None, "5"], kind, nothing=["", "n/a", "0"])
    assert read.values.to_list() == [None] * 7 + [5]
    assert not read.unreadable


@pytest.mark.parametrize("kind", [MONEY, WHOLE])
@pytest.mark.parametrize("values", [[], [None], [None, ""]])
def test_columns_of_nothing_are_read(values: list[Any], kind: Kind) -> None:
    assert numbers(values, kind).values.to_list() == [None] * len(values)
    assert numbers(pl.Series([None], dtype=pl.Null), kind).values.to_list() == [None]


def test_floats_are_rounded_to_cents() -> None:
    values = [19.9, 0.1 + 0.2, 19.999, -0.004, 9_999_999_999.99, None]
    expected = ["19.90", "0.30", "20.00", "0.00", "9999999999.99"]
    read = numbers(pl.Series(values, dtype=pl.Float64), MONEY)
    assert read.values.to_list() == [*map(Decimal, expected), None]
    assert not read.unreadable
    assert numbers(pl.Series([19.9], dtype=pl.Float32), MONEY).values.to_list() == [Decimal("19.90")]


def test_floats_that_are_no_amounts_say_why() -> None:
    values = [float("nan"), float("inf"), -float("inf"), 1e300, -1e10, 9_999_999_999.999, 1.0]
    read = numbers(pl.Series(values), MONEY)
    assert read.values.drop_nulls().to_list() == [1]
    assert reasons(read) == {
        NO_MONEY: [0, 1, 2],
        "has more than 10 digits before the decimals": [3, 4],
        "has more than 2 decimals": [5],
    }


@pytest.mark.parametrize("dtype", [pl.Int8, pl.Int64, pl.UInt64, pl.Int128, pl.Decimal(38, 4)])
def test_native_numbers_are_amounts(dtype: Any) -> None:
    assert numbers(pl.Series([5, None, 0], dtype=dtype), MONEY).values.to_list() == [5, None, 0]


def test_native_numbers_that_do_not_fit_say_why() -> None:
    decimals = pl.Series(["1.234", "1.230", "99999999999", None]).cast(pl.Decimal(20, 3))
    read = numbers(decimals, MONEY)
    assert read.values.to_list() == [None, Decimal("1.23"), None, None]
    assert reasons(read) == {
        "has more than 2 decimals": [0],
        "has more than 10 digits before the decimals": [2],
    }
    large = numbers(pl.Series([2**64 - 1, 1], dtype=pl.UInt64), MONEY)
    assert reasons(large) == {"has more than 10 digits before the decimals": [0]}


@pytest.mark.parametrize(
    ("values", "expected", "why"),
    [
        (pl.Series([1.0, 1.5, None]), [1, None, None], {NO_WHOLE: [1]}),
        (pl.Series([1.0, float("nan"), float("inf")]), [1, None, None], {NO_WHOLE: [1, 2]}),
        (pl.Series([1e10, 1e300, -2.0]), [None, None, -2], {TOO_LARGE: [0, 1]}),
        (pl.Series([10**10, 2**62, -1]), [None, None, -1], {TOO_LARGE: [0, 1]}),
        (pl.Series([2**64 - 1], dtype=pl.UInt64), [None], {TOO_LARGE: [0]}),
        (pl.Series(["1.50", "2.00"]).cast(pl.Decimal(9, 2)), [None, 2], {NO_WHOLE: [0]}),
        (pl.Series(["9" * 38]).cast(pl.Decimal(38, 0)), [None], {TOO_LARGE: [0]}),
        (pl.Series([3, None], dtype=pl.Int8), [3, None], {}),
    ],
)
def test_native_numbers_are_whole_or_unreadable(values: pl.Series, expected: list[Any], why: Any) -> None:
    read = numbers(values, WHOLE)
    assert read.values.to_list() == expected
    assert reasons(read) == why


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ([True, False], "holds Boolean, not "),
        ([date(2026, 1, 1)], "holds Date, not "),
        ([[1], [2]], "holds List(Int64), not "),
        ([b"1"], "holds Binary, not "),
        ([{"amount": 1}], "holds Struct("),
    ],
)
@pytest.mark.parametrize(("kind", "name"), [(MONEY, "numbers"), (WHOLE, "whole numbers")])
def test_a_column_of_another_type_is_refused(
    values: list[Any], complaint: str, kind: Kind, name: str
) -> None:
    with pytest.raises(WrongKindError) as error:
        numbers(pl.Series(values), kind)
    assert str(error.value).startswith(complaint)
    assert str(error.value).endswith(f", not {name}")


def test_categories_are_read_as_the_texts_they_stand_for() -> None:
    read = numbers(pl.Series(["1.5", " 2", "two"], dtype=pl.Categorical), MONEY)
    assert read.values.to_list() == [Decimal("1.5"), 2, None]
