from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.errors import SourceError
from flows.ingest.source.description import EntitySource
from flows.ingest.source.parse import Parsed, Parser
from flows.ingest.source.records import Records
from flows.tables import DELIVERY_STATUSES, ENTITIES, SCHEMAS, STATUSES

Content = dict[str, Any] | Sequence[dict[str, Any]] | pl.DataFrame

AS_OF = date(2026, 1, 31)
FILE = Path("/shop/exports/orders.csv")
NO_DATE = "is not a date (expected ISO 8601, like 2026-11-21 or 2026-11-21 14:30:00)"
NO_STATUS = "is not one of pending, shipped, delivered, cancelled, returned"
GOOD: dict[str, Any] = {
    "order_id": "A-1",
    "customer_id": "c",
    "product_id": "p",
    "order_date": "2026-01-01",
    "status": "delivered",
    "delivery_date": "2026-01-03",
}
CHANGED = {**GOOD, "changed": "2026-01-05 10:00"}


def source(entity: str = "orders", **settings: Any) -> EntitySource:
    place = {"path": "exports/*", "directory": Path("/shop"), "described_in": Path("/shop/source.toml")}
    return EntitySource(entity=entity, **place, **settings)


def records(content: Content, file: Path = FILE) -> Records:
    """From typed columns, or from one or several rows of text."""
    if isinstance(content, pl.DataFrame):
        frame = content
    else:
        rows = [content] if isinstance(content, dict) else content
        frame = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String))
    return Records(file, frame, pl.int_range(2, frame.height + 2, eager=True))


def parsed(content: Content, **settings: Any) -> Parsed:
    piece = records(content)
    result = Parser(source(**settings), AS_OF).parse(piece)
    entity = settings.get("entity", "orders")
    assert result.frame.schema == pl.Schema({**SCHEMAS[entity], "_batch_day": pl.Date()})
    assert result.frame.height == len(result.ignored) == piece.frame.height
    assert result.frame["_batch_day"].null_count() == result.ignored.null_count() == 0
    for failure in result.failures:
        assert failure.rows.dtype == pl.Boolean
        assert failure.rows.any()
        assert not (failure.rows & result.ignored).any()
    return result


def failures(result: Parsed) -> list[tuple[str, str, list[int]]]:
    return [(each.column, each.reason, each.rows.arg_true().to_list()) for each in result.failures]


def refusal(content: Content, **settings: Any) -> str:
    with pytest.raises(SourceError) as error:
        Parser(source(**settings), AS_OF).parse(records(content))
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"{FILE}: ")
    return message.removeprefix(f"{FILE}: ")


def native(**columns: Any) -> pl.DataFrame:
    rows: dict[str, Any] = {
        "order_id": ["A-1", "A-2"],
        "customer_id": ["c", "d"],
        "product_id": ["p", "q"],
        "order_date": [datetime(2026, 1, 1, 10, 30), datetime(2026, 1, 2)],
        "status": ["delivered", "pending"],
        "delivery_date": [datetime(2026, 1, 3, 9), None],
    }
    return pl.DataFrame(rows | columns)


def test_the_frame_has_the_columns_of_the_raw_table_and_the_day() -> None:
    result = parsed(GOOD)
    assert result.frame.row(0, named=True) == {
        "order_id": "A-1",
        "customer_id": "c",
        "product_id": "p",
        "order_date": datetime(2026, 1, 1),
        "status": "delivered",
        "delivery_date": datetime(2026, 1, 3),
        "quantity": None,
        "unit_price": None,
        "shipping_tier": None,
        "promised_date": None,
        "updated_at": None,
        "_batch_day": AS_OF,
    }
    assert not result.ignored.any()
    assert not result.failures
    assert result.theirs == {name: name for name in GOOD}


@pytest.mark.parametrize(("entity", "key"), [("customers", "customer_id"), ("products", "product_id")])
def test_a_file_of_keys_only_is_enough_for_customers_and_products(entity: str, key: str) -> None:
    row = parsed({key: "1"}, entity=entity).frame.row(0, named=True)
    assert {name: value for name, value in row.items() if value is not None} == {
        key: "1",
        "_batch_day": AS_OF,
    }
    assert refusal({"name": "x"}, entity=entity).startswith(f"missing column {key}; the file has name; ")


def test_deliveries_need_their_key_and_their_order() -> None:
    result = parsed({"delivery_id": "1", "order_id": "2"}, entity="deliveries")
    assert result.frame.row(0)[:2] == ("1", "2")
    assert refusal({"delivery_id": "1"}, entity="deliveries").startswith(
        "missing column order_id; the file has"
    )


def test_every_column_of_every_entity_is_read_as_its_type() -> None:
    texts = {
        pl.Datetime("us"): "2026-01-02 10:00",
        pl.Date(): "2026-01-02",
        pl.Int64(): "3",
        pl.String(): "x",
    }
    values = {pl.Datetime("us"): datetime(2026, 1, 2, 10), pl.Date(): date(2026, 1, 2), pl.Int64(): 3}
    for entity in ENTITIES:
        schema = SCHEMAS[entity]
        row = {name: texts.get(kind, "1.5") for name, kind in schema.items()}
        expected = {
            name: values.get(kind, Decimal("1.5") if kind.is_decimal() else "x")
            for name, kind in schema.items()
        }
        if "status" in row:
            row["status"] = expected["status"] = "delivered"
        result = parsed(row, entity=entity)
        assert result.frame.row(0, named=True) == {**expected, "_batch_day": AS_OF}
        assert not result.failures


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("order_date", "2026-13-01", NO_DATE),
        ("order_date", "01/02/2026", NO_DATE),
        ("delivery_date", "soon", NO_DATE),
        ("status", "lost", NO_STATUS),
        ("quantity", "two", "is not a whole number like 3"),
        ("quantity", "1.5", "is not a whole number like 3"),
        ("unit_price", "cheap", "is not an amount of money like 19.90"),
        ("unit_price", "99999999999.00", "has more than 10 digits before the decimals"),
        ("promised_date", "soon", NO_DATE),
        ("updated_at", "now", NO_DATE),
    ],
)
def test_a_bad_value_is_a_failure_of_its_row_alone(column: str, value: str, reason: str) -> None:
    good = {
        **GOOD,
        "quantity": "1",
        "unit_price": "2",
        "promised_date": "2026-01-05",
        "updated_at": "2026-01-05",
    }
    result = parsed([good, {**good, column: value}, {**good, column: None}, good])
    assert failures(result) == [(column, reason, [1])]
    assert result.frame[column].is_null().to_list() == [False, True, True, False]


def test_a_row_with_several_bad_values_is_in_several_failures() -> None:
    result = parsed(
        [{**GOOD, "order_date": "x", "status": "x", "delivery_date": "x"}, {**GOOD, "status": "y"}]
    )
    assert failures(result) == [
        ("order_date", NO_DATE, [0]),
        ("status", NO_STATUS, [0, 1]),
        ("delivery_date", NO_DATE, [0]),
    ]


def test_what_is_missing_is_left_to_the_contract() -> None:
    result = parsed([dict.fromkeys(GOOD), dict.fromkeys(GOOD, ""), dict.fromkeys(GOOD, " \t")])
    assert result.frame.drop("_batch_day").null_count().sum_horizontal().item() == 3 * len(SCHEMAS["orders"])
    assert not result.failures


def test_null_values_mean_nothing_in_every_column() -> None:
    columns = [*GOOD, "quantity", "unit_price", "shipping_tier", "promised_date"]
    result = parsed(
        [dict.fromkeys(columns, "n/a"), dict.fromkeys(columns, " NULL ")], null_values=["n/a", "NULL"]
    )
    assert result.frame.drop("_batch_day").null_count().sum_horizontal().item() == 2 * len(SCHEMAS["orders"])
    assert not result.failures


@pytest.mark.parametrize(
    "row",
    [
        {name.upper(): value for name, value in GOOD.items()},
        {f" {name} ": value for name, value in GOOD.items()},
        {**GOOD, "status": " Delivered "},
        dict(reversed(GOOD.items())),
        {"colour": "blue", **GOOD, "size": "7"},
        {name: f"\t{value} " for name, value in GOOD.items()},
    ],
    ids=["upper case", "blanks", "status", "order of columns", "other columns", "blanks around values"],
)
def test_harmless_differences_in_form_are_understood(row: dict[str, str]) -> None:
    assert_frame_equal(parsed(row).frame, parsed(GOOD).frame)


def test_ids_are_text_that_keeps_its_zeros() -> None:
    ids = {"order_id": "007", "customer_id": "1e5", "product_id": "1.0"}
    assert parsed({**GOOD, **ids}).frame.row(0)[:3] == ("007", "1e5", "1.0")


def test_an_empty_piece_has_the_schema_of_the_others() -> None:
    empty = parsed(records(GOOD).frame.clear(), change_day="order_date", statuses={"x": "ignore"})
    assert empty.frame.height == 0
    assert not empty.failures


# columns


def test_their_names_are_mapped_to_ours_whatever_the_case() -> None:
    row = {"Order No.": "A-1", "Kunde": "c", **{name: GOOD[name] for name in list(GOOD)[2:]}}
    result = parsed(row, columns={"order no. ": "order_id", "KUNDE": "customer_id"})
    assert_frame_equal(result.frame, parsed(GOOD).frame)
    assert result.theirs["order_id"] == "Order No."
    assert result.theirs["customer_id"] == "Kunde"


def test_a_mapped_column_wins_over_one_that_has_our_name() -> None:
    result = parsed({**GOOD, "number": "B-2"}, columns={"number": "order_id"})
    assert result.frame["order_id"].to_list() == ["B-2"]


def test_a_column_that_is_mapped_elsewhere_is_not_also_what_its_name_says() -> None:
    row = {**GOOD, "state": "pending", "status": "express"}
    result = parsed(row, columns={"status": "shipping_tier", "state": "status"})
    assert result.frame.select("status", "shipping_tier").row(0) == ("pending", "express")
    assert refusal(GOOD, columns={"status": "shipping_tier"}).startswith("missing column status;")


def test_failures_name_their_column() -> None:
    row = {**{name: value for name, value in GOOD.items() if name != "order_date"}, "Datum": "x"}
    assert failures(parsed(row, columns={"datum": "order_date"})) == [("Datum", NO_DATE, [0])]


@pytest.mark.parametrize(
    ("row", "settings", "complaint"),
    [
        (
            {**dict.fromkeys(list(GOOD)[:4], ""), "state": "x"},
            {},
            "missing columns status, delivery_date; "
            "the file has order_id, customer_id, product_id, order_date, state; "
            "if they have other names there, say which in /shop/source.toml: "
            '[orders.columns] "Their name" = "status"',
        ),
        (
            {"A-1": "", "c": ""},
            {},
            "missing columns order_id, customer_id, product_id, order_date, status, del",
        ),
        ({";".join(GOOD): ""}, {}, 'say delimiter = ";" in /shop/source.toml'),
        ({"|".join(GOOD): ""}, {}, 'say delimiter = "|" in /shop/source.toml'),
        ({"\t".join(GOOD): ""}, {}, r'say delimiter = "\t" in /shop/source.toml'),
        ({",".join(GOOD): ""}, {"delimiter": ";"}, 'say delimiter = "," in /shop/source.toml'),
        (
            GOOD,
            {"columns": {"Order No.": "order_id"}},
            "has no column 'Order No.', which in /shop/source.toml [orders.columns] is order_id; "
            "the file has order_id, customer_id",
        ),
        (
            GOOD,
            {"columns": {"qty": "quantity"}},
            "has no column 'qty', which in /shop/source.toml [orders.columns] is quantity; the file has ",
        ),
        (
            GOOD,
            {"change_day": "Modified"},
            "has no column 'Modified', which in /shop/source.toml [orders] is the change_day; the file has ",
        ),
        ({**GOOD, "Order_ID": "7"}, {}, "column order_id stands more than once (order_id, Order_ID)"),
        (
            {**GOOD, "no": "7", "NO": "7"},
            {"columns": {"No": "order_id"}},
            "column No stands more than once (no, NO)",
        ),
    ],
)
def test_a_file_without_the_columns_it_should_have_is_refused(
    row: dict[str, str], settings: dict[str, Any], complaint: str
) -> None:
    assert complaint in refusal(row, **settings)


def test_a_file_with_very_many_columns_is_refused_in_few_words() -> None:
    message = refusal({f"column {number} {'x' * 5_000}": "" for number in range(3_000)})
    assert "and 2980 more" in message
    assert len(message) < 2_000


def test_a_column_twice_that_nobody_needs_is_no_trouble() -> None:
    assert_frame_equal(parsed({**GOOD, "note": "a", "Note": "b"}).frame, parsed(GOOD).frame)


def test_a_record_without_a_key_that_earlier_ones_had_has_nothing_there() -> None:
    parser = Parser(source(columns={"qty": "quantity"}, change_day="changed"), AS_OF)
    first = parser.parse(records({**CHANGED, "qty": "3", "unit_price": "2"}))
    short = {name: value for name, value in GOOD.items() if name != "delivery_date"}
    second = parser.parse(records(short))
    assert first.frame.select("quantity", "unit_price").row(0) == (3, 2)
    assert second.frame.select("delivery_date", "quantity", "unit_price").row(0) == (None, None, None)
    assert second.theirs == first.theirs
    assert failures(second) == [("changed", "is missing", [0])]
    third = parser.parse(records({**CHANGED, "shipping_tier": "express"}))
    assert third.frame["shipping_tier"].to_list() == ["express"]


def test_another_file_has_to_have_the_columns_itself() -> None:
    parser = Parser(source(), AS_OF)
    parser.parse(records(GOOD))
    with pytest.raises(SourceError, match=r"^/shop/other\.csv: missing column status; "):
        parser.parse(records({name: "" for name in GOOD if name != "status"}, Path("/shop/other.csv")))


# statuses


@pytest.mark.parametrize(
    ("text", "status"),
    [(word, word) for word in STATUSES]
    + [("Versendet", "shipped"), (" VERSENDET ", "shipped"), ("zurück", "returned"), ("ZURÜCK", "returned")]
    + [("Pending", "pending"), ("done", "delivered"), ("7", "cancelled")],
)
def test_statuses_are_read_whatever_their_case(text: str, status: str) -> None:
    words = {"versendet": "shipped", " Zurück ": "returned", "DONE": "delivered", "7": "cancelled"}
    result = parsed([{**GOOD, "status": text}, {**GOOD, "status": "unheard of"}], statuses=words)
    assert result.frame["status"].to_list() == [status, None]
    assert failures(result) == [("status", NO_STATUS, [1])]


def test_a_word_of_ours_can_be_given_another_meaning() -> None:
    assert parsed(GOOD, statuses={"delivered": "shipped"}).frame["status"].to_list() == ["shipped"]


def test_deliveries_have_statuses_of_their_own() -> None:
    rows = [
        {"delivery_id": "1", "order_id": "2", "status": status}
        for status in (*DELIVERY_STATUSES, "lost", None)
    ]
    result = parsed(rows, entity="deliveries")
    assert result.frame["status"].to_list() == [*DELIVERY_STATUSES, None, None]
    assert failures(result) == [("status", "is not one of in_transit, delivered, failed", [3])]


def test_very_many_words_are_no_trouble() -> None:
    statuses = [f"word {number}" for number in range(5_000)] + [" Pending "]
    result = parsed([{**GOOD, "status": status} for status in statuses])
    assert failures(result) == [("status", NO_STATUS, list(range(5_000)))]


def test_rows_of_ignored_statuses_are_ignored_and_cannot_fail() -> None:
    bad = dict.fromkeys(CHANGED, "rubbish")
    rows = [
        CHANGED,
        {**bad, "status": " Test "},
        {**bad, "status": "test", "changed": None},
        {**bad, "changed": None},
    ]
    result = parsed(rows, statuses={"TEST": "ignore"}, change_day="changed")
    assert result.ignored.to_list() == [False, True, True, False]
    assert result.frame["status"].to_list() == ["delivered", None, None, None]
    assert {row for _, _, rows in failures(result) for row in rows} == {3}


# the day of change


def test_without_a_day_of_change_every_row_is_of_the_as_of_day() -> None:
    assert parsed([CHANGED, GOOD | {"changed": "x"}]).frame["_batch_day"].to_list() == [AS_OF, AS_OF]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_the_day_of_change_is_the_day_in_utc(zone: str) -> None:
    moments = ["2026-01-05 23:30", "2026-01-05T23:30Z", "2026-01-05", "2026-01-06 00:30"]
    result = parsed(
        [{**CHANGED, "changed": moment} for moment in moments], change_day=" CHANGED", time_zone=zone
    )
    in_utc = [
        datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).date()
        for moment in (moments[0], moments[3])
    ]
    assert result.frame["_batch_day"].to_list() == [in_utc[0], date(2026, 1, 5), date(2026, 1, 5), in_utc[1]]
    assert not result.failures


def test_rows_that_changed_after_the_as_of_day_are_ignored_and_counted_with_it() -> None:
    days = ["2026-01-31 23:59:59.999", "2026-02-01", "2026-02-01 00:00", "9999-12-31", "2026-01-30"]
    result = parsed([{**CHANGED, "changed": day, "quantity": "x"} for day in days], change_day="changed")
    assert result.ignored.to_list() == [False, True, True, True, False]
    assert result.frame["_batch_day"].to_list() == [AS_OF] * 4 + [date(2026, 1, 30)]
    assert failures(result) == [("quantity", "is not a whole number like 3", [0, 4])]


def test_a_row_without_a_day_of_change_fails_and_counts_with_the_as_of_day() -> None:
    days = ["2026-01-05", None, " ", "x", "n/a"]
    result = parsed([{**CHANGED, "changed": day} for day in days], change_day="changed", null_values=["n/a"])
    assert failures(result) == [("changed", NO_DATE, [3]), ("changed", "is missing", [1, 2, 4])]
    assert result.frame["_batch_day"].to_list() == [date(2026, 1, 5)] + [AS_OF] * 4
    assert not result.ignored.any()


@pytest.mark.parametrize("name", ["updated_at", "Modified"])
def test_the_day_of_change_may_be_a_column_of_ours_and_fails_once(name: str) -> None:
    columns = {} if name == "updated_at" else {name: "updated_at"}
    rows = [{**GOOD, name: moment} for moment in ("2026-01-05 10:00", "x", None)]
    result = parsed(rows, columns=columns, change_day=name)
    assert failures(result) == [(name, NO_DATE, [1]), (name, "is missing", [2])]
    assert result.frame["updated_at"].to_list() == [datetime(2026, 1, 5, 10), None, None]
    assert result.frame["_batch_day"].to_list() == [date(2026, 1, 5), AS_OF, AS_OF]


def test_the_day_of_change_may_be_a_column_that_is_a_day_for_us() -> None:
    row = {**GOOD, "promised_date": "2026-01-05 23:30"}
    result = parsed(row, change_day="promised_date", time_zone="America/New_York")
    assert result.frame.select("promised_date", "_batch_day").row(0) == (date(2026, 1, 5), date(2026, 1, 6))


# what the shop says about its values


def test_dates_and_numbers_are_read_as_the_shop_writes_them() -> None:
    row = {
        **GOOD,
        "order_date": "1.7.2026 10:00",
        "delivery_date": "",
        "unit_price": "1.234,5",
        "quantity": "2,0",
    }
    settings: dict[str, Any] = {
        "date_formats": ["%d.%m.%Y %H:%M"],
        "time_zone": "Europe/Berlin",
        "decimal_comma": True,
    }
    result = parsed([row, {**row, "order_date": "2026-07-01", "unit_price": "12.50"}], **settings)
    assert result.frame.select("order_date", "unit_price", "quantity").row(0) == (
        datetime(2026, 7, 1, 8),
        Decimal("1234.50"),
        2,
    )
    assert failures(result) == [
        ("order_date", "is not a date (expected %d.%m.%Y %H:%M)", [1]),
        ("unit_price", "is not an amount of money like 19,90", [1]),
    ]


def test_a_format_that_cannot_be_understood_is_refused() -> None:
    described = source().model_copy(update={"date_formats": ("%d.%m.%Y %Q",)})
    with pytest.raises(
        SourceError, match=r"^/shop/source\.toml: orders\.date_formats: '%d\.%m\.%Y %Q' has %Q"
    ):
        Parser(described, AS_OF)


# columns that have a type


def in_berlin(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(tzinfo=UTC).astimezone(ZoneInfo("Europe/Berlin"))


def as_text(moment: datetime | None) -> str | None:
    return moment and moment.isoformat()


@pytest.mark.parametrize(
    "convert", [lambda moment: moment, in_berlin, as_text], ids=["naive", "zone", "text"]
)
def test_the_same_orders_as_text_and_as_types_are_the_same_frame(convert: Any) -> None:
    texts = pl.DataFrame(
        [
            {**GOOD, "order_date": "2026-01-01T10:30:00", "delivery_date": "2026-01-03 09:00"},
            {**GOOD, "order_id": "A-2", "customer_id": "d", "product_id": "q", "order_date": "2026-01-02"}
            | {"status": "pending", "delivery_date": ""},
        ]
    )
    types = native()
    dates = {name: [convert(moment) for moment in types[name]] for name in ("order_date", "delivery_date")}
    assert_frame_equal(parsed(native(**dates)).frame, parsed(texts).frame)


def test_numbers_as_ids_become_text_without_the_point_that_empty_cells_gave_them() -> None:
    frame = native(order_id=[12, 7], customer_id=[1001.0, float("nan")], product_id=[1.5, 1e300])
    assert parsed(frame).frame.select("order_id", "customer_id", "product_id").rows() == [
        ("12", "1001", "1.5"),
        ("7", None, "1e+300"),
    ]


@pytest.mark.parametrize("dtype", [pl.Null, pl.String, pl.Datetime("ms"), pl.Date, pl.Categorical])
def test_a_typed_column_without_any_value_is_read(dtype: Any) -> None:
    frame = native(delivery_date=pl.Series([None, None], dtype=dtype), quantity=pl.Series([None, None]))
    assert parsed(frame).frame.select("delivery_date", "quantity").null_count().row(0) == (2, 2)


def test_other_types_are_read_where_they_can_be_meant() -> None:
    frame = native(
        status=pl.Series(["delivered", "Pending"], dtype=pl.Categorical),
        quantity=[2.0, 3.0],
        unit_price=[19.9, 0.1 + 0.2],
        shipping_tier=[True, False],
        promised_date=[date(2026, 1, 5), None],
        updated_at=pl.Series([datetime(2026, 1, 5), None], dtype=pl.Datetime("ns")),
    )
    result = parsed(frame)
    assert not result.failures
    assert result.frame.row(0)[4:] == (
        *("delivered", datetime(2026, 1, 3, 9), 2, Decimal("19.90"), "true"),
        *(date(2026, 1, 5), datetime(2026, 1, 5), AS_OF),
    )


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"order_date": [20260101, 20260102]}, "column order_date holds Int64, not dates"),
        ({"order_date": [time(1), time(2)]}, "column order_date holds Time, not dates"),
        ({"delivery_date": [1.5, None]}, "column delivery_date holds Float64, not dates"),
        ({"order_id": [["A-1"], ["A-2"]]}, "column order_id holds List(String), not single values"),
        ({"customer_id": [{"id": 1}, {"id": 2}]}, "column customer_id holds Struct("),
        ({"customer_id": [b"\xff", b"c"]}, "column customer_id holds Binary that is not text"),
        ({"status": [["pending"], ["pending"]]}, "column status holds List(String), not single values"),
        ({"quantity": [True, False]}, "column quantity holds Boolean, not whole numbers"),
        ({"unit_price": [[1], [2]]}, "column unit_price holds List(Int64), not numbers"),
        ({"shipping_tier": [["a"], ["b"]]}, "column shipping_tier holds List(String), not single values"),
    ],
)
def test_a_typed_column_that_cannot_be_meant_is_refused(
    columns: dict[str, list[Any]], complaint: str
) -> None:
    assert refusal(native(**columns)).startswith(complaint)


def test_a_typed_column_that_nobody_needs_may_hold_anything() -> None:
    assert parsed(native(note=[["a"], ["b"]], blob=[b"\xff", b""])).frame.height == 2


def test_typed_values_that_do_not_fit_are_failures_of_their_rows() -> None:
    frame = native(
        status=[1, 2],
        quantity=[1.0, float("nan")],
        unit_price=[float("inf"), 1.0],
        order_date=pl.Series([datetime(2026, 1, 1), datetime(999, 1, 1)], dtype=pl.Datetime("ms")),
    )
    assert failures(parsed(frame)) == [
        ("order_date", NO_DATE, [1]),
        ("status", NO_STATUS, [0, 1]),
        ("quantity", "is not a whole number like 3", [1]),
        ("unit_price", "is not an amount of money like 19.90", [0]),
    ]
