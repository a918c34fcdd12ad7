"""data_health tells a day that can be judged by from one that cannot, by what is usual for the shop."""

from datetime import date, datetime, timedelta

import pytest

HEALTH_ONLY = ["--select", "sla_rules", "stg_sla_rules", "current_build", "loaded_days", "data_health"]
HEALTH_ONLY += ["--exclude-resource-type", "unit_test", "test"]

FIRST = date(2024, 1, 1)  # a Monday
THURSDAY, FRIDAY, SATURDAY, SUNDAY = (date(2024, 2, 29) + timedelta(days=number) for number in range(4))
MONDAY, TUESDAY, WEDNESDAY = (SUNDAY + timedelta(days=number) for number in (1, 2, 3))
ORDINARY_DAYS = (THURSDAY - FIRST).days + 1
USUAL = 240


def orders(day: date, count: int, without_tier: int = 0) -> list[dict]:
    """Raw orders of a day, all complete but for a promise that this shop never makes."""
    return [
        {
            "order_id": f"o-{day}-{number}",
            "customer_id": "c",
            "product_id": "p",
            "order_date": datetime(day.year, day.month, day.day),
            "status": "pending",
            "quantity": 1,
            "unit_price": 1,
            "shipping_tier": None if number < without_tier else "standard",
            "promised_date": None,
            "_batch_day": day,
        }
        for number in range(count)
    ]


def deliveries(day: date, count: int, without_region: int = 0) -> list[dict]:
    """Raw deliveries of a day."""
    return [
        {
            "delivery_id": f"d-{day}-{number}",
            "order_id": f"o-{day}-{number}",
            "carrier": "Fast",
            "region": None if number < without_region else "north",
            "_batch_day": day,
        }
        for number in range(count)
    ]


def days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]


def reject(shop, entity: str, day: date, count: int) -> None:
    """Rows of a day that ingest has set aside."""
    shop.execute(
        "insert into raw.rejected_rows (entity, reason, _batch_id, _batch_day) values "
        + ", ".join([f"('{entity}', 'no number', 'b', '{day}')"] * count)
    )


Health = dict[tuple[str, str, str | None], dict]


def health(shop, as_of: date | None = None) -> Health:
    """The checks of a day (else the latest with orders) by check, entity and column."""
    result = shop.build(as_of and as_of.isoformat(), *HEALTH_ONLY)
    assert result.success, result.exception
    return {
        (row["check_name"], row["entity"], row["column_name"]): row
        for row in shop.rows("select * from alerts.data_health")
    }


def odd(checks: Health) -> dict[tuple[str, str, str | None], str]:
    """The reasons of the checks that are odd."""
    return {check: row["reason"] for check, row in checks.items() if row["is_odd"]}


def judged(checks: Health) -> set[tuple[str, str]]:
    return {(check, entity) for (check, entity, _), row in checks.items() if row["is_judged"]}


@pytest.fixture(scope="module")
def old_shop(open_shop):
    """60 ordinary days of orders, and of deliveries but for the Sundays."""
    shop = open_shop()
    ordinary = days(FIRST, ORDINARY_DAYS)
    shop.load("orders", [row for day in ordinary for row in orders(day, USUAL)])
    shop.load("deliveries", [row for day in ordinary if day.weekday() != 6 for row in deliveries(day, USUAL)])
    return shop


@pytest.fixture(scope="module")
def thursday(old_shop):
    """A day like any other."""
    return health(old_shop)


@pytest.fixture(scope="module")
def friday(old_shop, thursday):
    """A tenth of the usual orders and five times the usual deliveries."""
    old_shop.load("orders", orders(FRIDAY, USUAL // 10))
    old_shop.load("deliveries", deliveries(FRIDAY, USUAL * 5))
    return health(old_shop)


@pytest.fixture(scope="module")
def saturday(old_shop, friday):
    """Half of the usual orders, most without a tier; some rows of both rejected."""
    old_shop.load("orders", orders(SATURDAY, USUAL // 2, without_tier=72))
    old_shop.load("deliveries", deliveries(SATURDAY, 243, without_region=48))
    reject(old_shop, "orders", SATURDAY, 4)
    reject(old_shop, "deliveries", SATURDAY, 27)
    return health(old_shop)


@pytest.fixture(scope="module")
def sunday(old_shop, saturday):
    """The usual orders, and no deliveries, as on every Sunday."""
    old_shop.load("orders", orders(SUNDAY, USUAL))
    return health(old_shop)


@pytest.fixture(scope="module")
def tuesday(old_shop, sunday):
    """The usual orders, and no deliveries since Saturday."""
    old_shop.load("orders", orders(MONDAY, USUAL) + orders(TUESDAY, USUAL))
    return health(old_shop)


@pytest.fixture(scope="module")
def wednesday(old_shop, tuesday):
    """No rows at all."""
    return health(old_shop, WEDNESDAY)


def test_an_ordinary_day_is_judged_and_nothing_is_odd(thursday):
    assert odd(thursday) == {}
    assert judged(thursday) == {
        (check, entity)
        for check in ("freshness", "volume", "null_share")
        for entity in ("orders", "deliveries")
    }
    assert {row["as_of"] for row in thursday.values()} == {THURSDAY}


def test_a_tenth_of_the_usual_rows_is_odd_and_so_is_five_times_as_many(friday):
    assert odd(friday) == {
        ("volume", "orders", None): "odd: 24 rows of orders on this day;"
        " on this weekday there are usually 72 to 720",
        ("volume", "deliveries", None): "odd: 1200 rows of deliveries on this day;"
        " on this weekday there are usually 72 to 720",
    }


def test_half_of_the_usual_rows_is_not_odd(saturday):
    assert saturday["volume", "orders", None]["is_judged"]
    assert ("volume", "orders", None) not in odd(saturday)


def test_a_tenth_of_the_rows_rejected_is_odd_and_three_in_a_hundred_are_not(saturday):
    assert saturday["rejected", "orders", None]["is_judged"]
    assert ("rejected", "orders", None) not in odd(saturday)
    assert odd(saturday)["rejected", "deliveries", None] == (
        "odd: 10.0 % of the rows of deliveries were rejected; more than 5.0 % is too many to judge by"
    )


def test_a_column_that_loses_its_values_is_odd_and_named(saturday):
    assert odd(saturday)["null_share", "orders", "shipping_tier"] == (
        "odd: shipping_tier is missing in 60.0 % of the rows of orders; before it was at most 0.0 %"
    )


def test_a_column_that_loses_some_values_or_never_had_any_is_not_odd(saturday):
    assert saturday["null_share", "deliveries", "region"]["observed"] > 0
    assert saturday["null_share", "orders", "promised_date"]["observed"] == 1
    assert {column for check, _, column in odd(saturday) if check == "null_share"} == {"shipping_tier"}


def test_a_sunday_without_deliveries_is_not_odd_where_none_has_any(sunday):
    assert odd(sunday) == {}
    assert sunday["freshness", "deliveries", None]["is_judged"]


def test_a_silence_that_outlasts_the_usual_sunday_is_odd(tuesday):
    assert odd(tuesday) == {
        ("freshness", "deliveries", None): "stale: the last deliveries are 3 day(s) old;"
        " usually at most 1 day(s) go by without any",
        ("volume", "deliveries", None): "odd: 0 rows of deliveries on this day;"
        " on this weekday there are usually 72 to 720",
    }


def test_a_day_without_orders_is_odd_where_every_day_has_some(wednesday):
    assert odd(wednesday)["freshness", "orders", None] == (
        "stale: the last orders are 1 day(s) old; usually at most 0 day(s) go by without any"
    )
    assert ("volume", "orders", None) in odd(wednesday)


@pytest.fixture(scope="module")
def empty_shop(open_shop):
    return open_shop()


@pytest.fixture(scope="module")
def empty_landing_zone(empty_shop):
    """The checks of a shop that has loaded nothing."""
    return health(empty_shop)


@pytest.fixture(scope="module")
def little(empty_shop, empty_landing_zone):
    """Ten orders a day for long, then one without anything; 240 deliveries for four days, then 24."""
    history = days(FIRST, ORDINARY_DAYS - 1)
    lost = orders(THURSDAY, 1, without_tier=1)
    empty_shop.load("orders", [row for day in history for row in orders(day, 10)] + lost)
    young = days(THURSDAY - timedelta(days=4), 4)
    fewer = deliveries(THURSDAY, 24)
    empty_shop.load("deliveries", [row for day in young for row in deliveries(day, USUAL)] + fewer)
    return health(empty_shop)


def test_an_empty_landing_zone_has_no_checks(empty_landing_zone):
    assert empty_landing_zone == {}


def test_a_shop_with_ten_orders_a_day_is_judged_by_its_silence_only(little):
    assert {check for check, entity in judged(little) if entity == "orders"} == {"freshness"}
    assert {check for check, entity, _ in little if entity == "orders"} >= {"volume", "null_share"}


def test_five_days_are_too_few_to_judge_by(little):
    assert "deliveries" not in {entity for _, entity in judged(little)}


def test_what_is_not_judged_is_not_odd(little):
    assert odd(little) == {}
