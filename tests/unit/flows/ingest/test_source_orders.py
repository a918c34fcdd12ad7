from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.errors import SourceError
from flows.ingest.source import Source, read_orders
from flows.tables import SCHEMAS

AS_OF = date(2026, 1, 31)
HEADER = "order_id,customer_id,product_id,order_date,status,delivery_date"
GOOD = "A-1,c,p,2026-01-01,delivered,2026-01-03"
ROWS: dict[str, list[Any]] = {
    "order_id": ["A-1", "A-2"],
    "customer_id": ["c", "d"],
    "product_id": ["p", "q"],
    "order_date": [datetime(2026, 1, 1, 10, 30), datetime(2026, 1, 2)],
    "status": ["delivered", "pending"],
    "delivery_date": [datetime(2026, 1, 3, 9), None],
}


def csv(directory: Path, *lines: str, encoding: str = "utf-8", end: str = "\n") -> Source:
    file = directory / "orders.csv"
    file.write_bytes("".join(line + end for line in lines).encode(encoding))
    return Source(directory / "source.toml", file)


def parquet(directory: Path, **columns: Any) -> Source:
    file = directory / "orders.parquet"
    pl.DataFrame(ROWS | columns).write_parquet(file)
    return Source(directory / "source.toml", file)


def refusal(source: Source) -> str:
    with pytest.raises(SourceError) as error:
        read_orders(source, AS_OF)
    message = str(error.value)
    assert message.startswith(f"{source.orders}: ")
    return message.removeprefix(f"{source.orders}: ")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("A-2,c,p,2026-13-01,pending,", "row 2: order_date '2026-13-01' is not a date (ISO 8601: "),
        ("A-2,c,p,2026-02-30,pending,", "row 2: order_date '2026-02-30' is not a date"),
        ("A-2,c,p,01/02/2026,pending,", "row 2: order_date '01/02/2026' is not a date"),
        ("A-2,c,p,26-01-02,pending,", "row 2: order_date '26-01-02' is not a date"),
        ("A-2,c,p,yesterday,pending,", "row 2: order_date 'yesterday' is not a date"),
        ("A-2,c,p,2026-01-01 25:00:00,pending,", "order_date '2026-01-01 25:00:00' is not a date"),
        ("A-2,c,p,2026-01-01,delivered,soon", "row 2: delivery_date 'soon' is not a date"),
        ("A-2,c,p,,pending,", "row 2: order_date is empty (1 such row(s)); it is required"),
        (",c,p,2026-01-01,pending,", "row 2: order_id is empty"),
        ("  ,c,p,2026-01-01,pending,", "row 2: order_id is empty"),
        ('"",c,p,2026-01-01,pending,', "row 2: order_id is empty"),
        ("A-2,,p,2026-01-01,pending,", "row 2: customer_id is empty"),
        ("A-2,c,,2026-01-01,pending,", "row 2: product_id is empty"),
        ("A-2,c,p,2026-01-01,,", "row 2: status is empty"),
        (
            "A-2,c,p,2026-01-01,lost,",
            "row 2: status 'lost' is not one of pending, shipped, delivered, cancelled, returned",
        ),
        ("A-1,c,p,2026-01-01,pending,", "order_id 'A-1' stands in rows 1, 2; a snapshot holds an order once"),
        (
            "A-2,c,p,2026-01-05,delivered,2026-01-04",
            "row 2: delivery_date 2026-01-04 00:00:00 lies before order_date 2026-01-05 00:00:00 (1 such",
        ),
        ("A-2,c,p", "row 2: order_date is empty"),
        ("A-2,c,p,2026-01-01,pending,,more", "cannot be read as csv: "),
        ('A-2,"c,p,2026-01-01,pending,', "cannot be read as csv: "),
    ],
)
def test_a_bad_row_is_refused_by_file_row_and_value(tmp_path: Path, line: str, complaint: str) -> None:
    assert complaint in refusal(csv(tmp_path, HEADER, GOOD, line))


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        ("quantity", "two", "row 1: quantity 'two' is not a whole number that is not negative"),
        ("quantity", "1.5", "row 1: quantity '1.5' is not a whole number"),
        ("quantity", "-1", "row 1: quantity '-1' is not a whole number"),
        ("unit_price", "cheap", "row 1: unit_price 'cheap' is not an amount of money such as 19.90"),
        ("unit_price", "-0.01", "row 1: unit_price '-0.01' is not an amount"),
        ("unit_price", "99999999999.00", "row 1: unit_price '99999999999.00' is not an amount"),
        ("unit_price", '"1,50"', "row 1: unit_price '1,50' is not an amount"),
        ("promised_date", "soon", "row 1: promised_date 'soon' is not a date"),
        ("updated_at", "now", "row 1: updated_at 'now' is not a date"),
    ],
)
def test_a_bad_value_in_an_optional_column_is_refused(
    tmp_path: Path, column: str, value: str, complaint: str
) -> None:
    assert complaint in refusal(csv(tmp_path, f"{HEADER},{column}", f"{GOOD},{value}"))


def test_how_many_rows_have_the_same_trouble_is_told(tmp_path: Path) -> None:
    lines = [f"A-{number},c,p,never,pending," for number in range(2, 1_236)]
    assert "row 2: order_date 'never'" in refusal(csv(tmp_path, HEADER, GOOD, *lines))
    assert "(1,234 such row(s))" in refusal(csv(tmp_path, HEADER, GOOD, *lines))


def test_a_long_value_is_shortened_in_the_message(tmp_path: Path) -> None:
    message = refusal(csv(tmp_path, HEADER, f"A-1,c,p,{'9' * 5_000},pending,"))
    assert "'" + "9" * 57 + "...'" in message
    assert len(message) < 200


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([], "is empty"),
        ([HEADER], "has a header but no orders"),
        (["order_id,status", "A-1,pending"], "missing columns customer_id, product_id, order_date, del"),
        ([HEADER.replace("status", "state"), GOOD], "missing column status; the file has order_id, cust"),
        ([HEADER.replace(",", ";"), GOOD.replace(",", ";")], "missing columns order_id"),
        ([GOOD], "missing columns order_id"),
        ([HEADER + ",Order_ID", GOOD + ",7"], "column order_id stands more than once"),
    ],
    ids=["empty", "header only", "columns missing", "one missing", "semicolons", "no header", "repeated"],
)
def test_a_file_without_the_required_columns_or_rows_is_refused(
    tmp_path: Path, lines: list[str], complaint: str
) -> None:
    assert refusal(csv(tmp_path, *lines)).startswith(complaint)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    message = refusal(csv(tmp_path, HEADER, GOOD, "A-2,café,p,2026-01-01,pending,", encoding="latin-1"))
    assert message == "cannot be read as csv: invalid utf-8 sequence"


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"order_date": [20260101, 20260102]}, "column order_date holds Int64, not dates"),
        ({"order_date": [time(1), time(2)]}, "column order_date holds Time, not dates"),
        ({"delivery_date": [1.5, None]}, "column delivery_date holds Float64, not dates"),
        ({"order_date": [datetime(2026, 1, 1), None]}, "row 2: order_date is empty"),
        ({"order_id": [["A-1"], ["A-2"]]}, "column order_id holds List(String), not single values"),
        ({"customer_id": [{"id": 1}, {"id": 2}]}, "column customer_id holds Struct("),
        ({"customer_id": [b"\xff", b"c"]}, "column customer_id holds Binary that is not text"),
        ({"status": [1, 2]}, "row 1: status '1' is not one of pending"),
        ({"status": [["pending"], ["pending"]]}, "column status holds List(String), not single values"),
        ({"quantity": [1.0, 1.5]}, "row 2: quantity '1.5' is not a whole number"),
        ({"quantity": [1.0, float("nan")]}, "row 2: quantity 'NaN' is not a whole number"),
        ({"quantity": [True, False]}, "column quantity holds Boolean, not whole numbers"),
        ({"unit_price": [float("inf"), 1.0]}, "row 1: unit_price 'inf' is not an amount"),
        ({"unit_price": [[1], [2]]}, "column unit_price holds List(Int64), not single values"),
        ({"shipping_tier": [["a"], ["b"]]}, "column shipping_tier holds List(String), not single values"),
        ({"order_id": [7, 7]}, "order_id '7' stands in rows 1, 2"),
    ],
)
def test_a_parquet_column_of_another_type_is_refused(
    tmp_path: Path, columns: dict[str, list[Any]], complaint: str
) -> None:
    assert refusal(parquet(tmp_path, **columns)).startswith(complaint)


@pytest.mark.parametrize("keep", [0, 3, 100, -1], ids=["nothing", "magic", "start", "all but a byte"])
def test_a_truncated_parquet_file_is_refused(tmp_path: Path, keep: int) -> None:
    source = parquet(tmp_path)
    source.orders.write_bytes(source.orders.read_bytes()[:keep])
    assert refusal(source).startswith("cannot be read as parquet: ")


def in_berlin(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(tzinfo=UTC).astimezone(ZoneInfo("Europe/Berlin"))


def as_text(moment: datetime | None) -> str | None:
    return moment and moment.isoformat()


@pytest.mark.parametrize(
    "convert", [lambda moment: moment, in_berlin, as_text], ids=["naive", "zone", "text"]
)
def test_the_same_orders_as_csv_and_parquet_are_the_same_frame(tmp_path: Path, convert: Any) -> None:
    lines = [
        "A-1,c,p,2026-01-01T10:30:00,delivered,2026-01-03 09:00",
        "A-2,d,q,2026-01-02,pending,",
    ]
    dates = {name: [convert(moment) for moment in ROWS[name]] for name in ("order_date", "delivery_date")}
    assert_frame_equal(
        read_orders(csv(tmp_path, HEADER, *lines), AS_OF), read_orders(parquet(tmp_path, **dates), AS_OF)
    )


def test_parquet_dates_are_midnights(tmp_path: Path) -> None:
    days = {"order_date": [date(2026, 1, 1), date(2026, 1, 2)], "delivery_date": [date(2026, 1, 3), None]}
    orders = read_orders(parquet(tmp_path, **days), AS_OF)
    assert orders["order_date"].to_list() == [datetime(2026, 1, 1), datetime(2026, 1, 2)]
    assert orders["delivery_date"].to_list() == [datetime(2026, 1, 3), None]


def test_a_parquet_file_without_any_delivery_is_read(tmp_path: Path) -> None:
    orders = read_orders(parquet(tmp_path, delivery_date=[None, None], status=["shipped"] * 2), AS_OF)
    assert orders["delivery_date"].null_count() == 2


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01", datetime(2026, 1, 1)),
        (" 2026-01-01 ", datetime(2026, 1, 1)),
        ("2026-01-01 10:30", datetime(2026, 1, 1, 10, 30)),
        ("2026-01-01T10:30", datetime(2026, 1, 1, 10, 30)),
        ("2026-01-01 10:30:15", datetime(2026, 1, 1, 10, 30, 15)),
        ("2026-01-01T10:30:15.250", datetime(2026, 1, 1, 10, 30, 15, 250_000)),
        ("2026-01-01T10:30:15Z", datetime(2026, 1, 1, 10, 30, 15)),
        ("2026-01-01T10:30:15.123456Z", datetime(2026, 1, 1, 10, 30, 15, 123_456)),
        ("2026-01-01T01:30:00+02:00", datetime(2025, 12, 31, 23, 30)),
        ("2026-01-01 22:00:00-0500", datetime(2026, 1, 2, 3)),
        ("2024-02-29", datetime(2024, 2, 29)),
    ],
)
def test_iso_dates_are_read_and_offsets_converted_to_utc(tmp_path: Path, text: str, moment: datetime) -> None:
    orders = read_orders(csv(tmp_path, HEADER, f"A-1,c,p,{text},pending,"), AS_OF)
    assert orders["order_date"].to_list() == [moment]


def test_ids_are_text_that_keeps_its_leading_zeros(tmp_path: Path) -> None:
    orders = read_orders(csv(tmp_path, HEADER, "007,1e5,3f2c-uuid,2026-01-01,pending,"), AS_OF)
    assert orders.select("order_id", "customer_id", "product_id").row(0) == ("007", "1e5", "3f2c-uuid")


def test_numbers_as_ids_in_parquet_become_text(tmp_path: Path) -> None:
    orders = read_orders(parquet(tmp_path, order_id=[12, 7]), AS_OF)
    assert orders["order_id"].to_list() == ["12", "7"]


@pytest.mark.parametrize(
    ("lines", "options"),
    [
        (["\ufeff" + HEADER, GOOD], {}),
        ([HEADER, GOOD], {"end": "\r\n"}),
        ([HEADER.upper(), GOOD], {}),
        ([HEADER.replace(",", " , "), GOOD], {}),
        ([HEADER, GOOD.replace("delivered", " Delivered ")], {}),
        ([HEADER, ",".join(f'"{cell}"' for cell in GOOD.split(","))], {}),
        ([",".join(line.split(",")[::-1]) for line in (HEADER, GOOD)], {}),
    ],
    ids=["byte order mark", "CRLF", "upper case", "blanks", "status", "quotes", "order of columns"],
)
def test_harmless_differences_in_form_are_understood(
    tmp_path: Path, lines: list[str], options: dict[str, str]
) -> None:
    plain = read_orders(csv(tmp_path, HEADER, GOOD), AS_OF)
    assert plain.height == 1
    assert_frame_equal(read_orders(csv(tmp_path, *lines, **options), AS_OF), plain)


def test_columns_nobody_asked_for_are_ignored(tmp_path: Path) -> None:
    plain = read_orders(csv(tmp_path, HEADER, GOOD), AS_OF)
    assert_frame_equal(read_orders(csv(tmp_path, f"colour,{HEADER}", f"blue,{GOOD}"), AS_OF), plain)


def test_optional_columns_are_used_where_the_file_has_them(tmp_path: Path) -> None:
    header = f"{HEADER},quantity,unit_price,shipping_tier,promised_date,updated_at"
    orders = read_orders(csv(tmp_path, header, f"{GOOD},2,19.9,express,2026-01-07,2026-01-03 12:00"), AS_OF)
    assert orders.select("quantity", "unit_price", "shipping_tier", "promised_date", "updated_at").row(0) == (
        2,
        Decimal("19.90"),
        "express",
        date(2026, 1, 7),
        datetime(2026, 1, 3, 12),
    )


def test_optional_columns_are_null_where_the_file_lacks_them_or_a_value(tmp_path: Path) -> None:
    without = read_orders(csv(tmp_path, HEADER, GOOD), AS_OF)
    blank = read_orders(csv(tmp_path, f"{HEADER},quantity,unit_price,promised_date", f"{GOOD},,,"), AS_OF)
    for orders in (without, blank):
        assert orders.select("quantity", "unit_price", "promised_date").row(0) == (None, None, None)


def test_the_frame_has_the_columns_of_the_raw_table_and_the_day(tmp_path: Path) -> None:
    orders = read_orders(csv(tmp_path, HEADER, GOOD), AS_OF)
    assert orders.schema == pl.Schema({**SCHEMAS["orders"], "_batch_day": pl.Date()})
    assert orders["_batch_day"].to_list() == [AS_OF]


def test_the_frame_does_not_depend_on_the_order_of_the_rows(tmp_path: Path) -> None:
    lines = ["A-2,d,q,2026-01-02,pending,", GOOD, "A-10,c,p,2026-01-01,shipped,"]
    assert_frame_equal(
        read_orders(csv(tmp_path, HEADER, *lines), AS_OF),
        read_orders(csv(tmp_path, HEADER, *reversed(lines)), AS_OF),
    )


def test_a_delivery_on_the_day_of_the_order_is_fine(tmp_path: Path) -> None:
    line = "A-1,c,p,2026-01-01 15:00,delivered,2026-01-01"
    assert read_orders(csv(tmp_path, HEADER, line), AS_OF).height == 1
