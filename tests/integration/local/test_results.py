from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from snowflake.connector import SnowflakeConnection

from tests.integration.local.stand_ins import StandIn

Query = Callable[..., list[Any]]


def test_a_null_timestamp_arrives_as_none(query: Query) -> None:
    assert query("select null::timestamp_ntz, to_timestamp_ntz(null), null::timestamp_tz") == [
        (None, None, None)
    ]


def test_timestamps_before_1970_keep_their_microseconds(query: Query) -> None:
    assert query(
        "select '1960-01-01 00:00:00.000001'::timestamp_ntz, '2024-02-29 23:59:59.999999'::timestamp_ntz"
    ) == [(datetime(1960, 1, 1, 0, 0, 0, 1), datetime(2024, 2, 29, 23, 59, 59, 999999))]


def test_timestamps_with_a_zone_arrive_in_utc_or_as_none(query: Query) -> None:
    rows = query("select column1::timestamp_tz from (values ('2024-01-01 10:00:00+00:00'), (null))")
    assert rows == [(datetime(2024, 1, 1, 10, tzinfo=UTC),), (None,)]


def test_a_sum_of_money_keeps_every_digit(query: Query) -> None:
    query("create table money (amount number(18, 2))")
    query("insert into money values (9007199254740993.01), (0.02)")
    assert query("select sum(amount) from money") == [(Decimal("9007199254740993.03"),)]


def test_a_sum_of_integers_keeps_every_digit_beyond_64_bits(query: Query) -> None:
    query("create table numbers as select 9223372036854775807::number(38, 0) as n from range(4)")
    assert query("select sum(n), sum(n::bigint) from numbers") == [(4 * 9223372036854775807,) * 2]


def test_a_median_between_two_prices_is_not_cut_to_their_scale(query: Query) -> None:
    assert query("select median(p) from (select 1.10::number(12, 2) p union all select 1.21)") == [(1.155,)]


def test_an_average_of_text_is_an_error_and_not_null(connect: Callable[..., SnowflakeConnection]) -> None:
    cursor = connect().cursor()
    try:
        cursor.execute("select avg(column1) from (values ('12 apples'))")
    except Exception as error:
        assert "avg(VARCHAR)" in str(error)
    else:
        raise AssertionError("an average of text must not pass silently")


def test_integer_columns_are_described_as_number(query: Query) -> None:
    query("create table described as select sum(1) as total, count(*) as n, 1 as literal")
    assert {row[1] for row in query("describe table described")} == {"NUMBER(38,0)"}


def test_an_unnamed_aggregate_is_named_as_on_snowflake(connect: Callable[..., SnowflakeConnection]) -> None:
    cursor = connect().cursor()
    cursor.execute("select sum(column1) from (values (1))")
    assert cursor.description[0].name == "SUM(COLUMN1)"


def test_results_that_were_read_do_not_pile_up_in_memory(warehouse: StandIn, query: Query) -> None:
    import psutil

    server = psutil.Process(warehouse.process.pid)
    wide = "select repeat('x', 1000) || range as text from range(5000)"  # 5 MB a result
    for number in range(12):  # until the allocators have what they keep
        query(f"{wide} where range >= {number}")
    before = server.memory_info().rss
    for number in range(12, 36):  # 120 MB of results
        query(f"{wide} where range >= {number}")
    assert server.memory_info().rss - before < 60_000_000


def test_an_asynchronous_query_is_found_by_its_id(connect: Callable[..., SnowflakeConnection]) -> None:
    session = connect()
    cursor = session.cursor()
    cursor.execute_async("select 42")
    query_id = cursor.sfqid
    session.get_query_status_throw_if_error(query_id)
    cursor.get_results_from_sfqid(query_id)
    assert cursor.fetchall() == [(42,)]
