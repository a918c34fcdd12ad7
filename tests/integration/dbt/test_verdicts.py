"""What dbt builds is what the raw rows say, computed independently, on every day one looks back from."""

from datetime import date, timedelta

import pytest

from tests.integration.dbt import oracle

AS_OF = date(2024, 3, 31)


@pytest.fixture(scope="module")
def versions():
    return oracle.random_versions(seed=7, orders=400, last_day=AS_OF)


@pytest.fixture(scope="module")
def shop(open_shop, versions):
    shop = open_shop()
    shop.load("orders", versions)
    return shop


@pytest.fixture(scope="module", params=[AS_OF - timedelta(days=9), AS_OF], ids=str)
def judged(request, shop, versions):
    """The shop after a build for one day, and the verdicts expected."""
    result = shop.build(request.param.isoformat())
    assert result.success, result.exception
    return shop, oracle.judge(versions, request.param), request.param


def test_every_order_known_on_the_day_has_the_flag_its_dates_demand(judged):
    shop, expected, _ = judged
    found = {
        row["order_id"]: (row["customer_id"], row["order_date"], row["delivery_date"], row["delayed_flag"])
        for row in shop.rows("select * from marts.delayed_orders")
    }
    assert found == {
        order_id: (v.customer_id, v.order_date, v.delivery_date, v.flag) for order_id, v in expected.items()
    }
    assert {v.flag for v in expected.values() if v.is_open} == {0, 1}
    assert {v.flag for v in expected.values() if v.delivery_date} == {0, 1}


def test_breaches_are_the_open_orders_whose_time_is_up(judged):
    shop, expected, as_of = judged
    found = {
        row["order_id"]: (row["breached_on"], row["days_over"], row["amount_at_stake"], row["as_of"])
        for row in shop.rows("select * from alerts.sla_breaches where rule_id = 'delivery_7d'")
    }
    assert found == {
        order_id: (
            v.order_date.date() + timedelta(days=oracle.SLA_DAYS + 1),
            v.days - oracle.SLA_DAYS,
            v.total,
            as_of,
        )
        for order_id, v in expected.items()
        if v.is_open and v.days > oracle.SLA_DAYS
    }


def test_at_risk_are_the_open_orders_in_their_last_days(judged):
    shop, expected, _ = judged
    at_risk = shop.rows("select * from alerts.sla_at_risk where rule_id = 'delivery_7d'")
    found = {row["order_id"]: row["days_left"] for row in at_risk}
    assert found == {
        order_id: oracle.SLA_DAYS + 1 - v.days
        for order_id, v in expected.items()
        if v.is_open and oracle.SLA_DAYS - oracle.WARNING_DAYS < v.days <= oracle.SLA_DAYS
    }
    assert found


def test_kpis_count_every_order_and_every_cent(judged):
    shop, expected, _ = judged
    [kpis] = shop.rows(
        "select sum(orders) as orders, sum(on_time) as on_time, sum(late) as late, sum(backlog) as backlog,"
        " sum(lead_days_total) as lead_days, sum(revenue_waiting) as waiting from marts.delivery_kpis"
    )
    delivered = [v for v in expected.values() if v.delivery_date]
    waiting = [v for v in expected.values() if v.is_open]
    assert kpis == {
        "orders": len(expected),
        "on_time": sum(v.flag == 0 for v in delivered),
        "late": sum(v.flag for v in delivered),
        "backlog": len(waiting),
        "lead_days": sum(v.days for v in delivered),
        "waiting": sum(v.total for v in waiting),
    }


def test_the_same_rows_and_day_give_the_same_tables_again(judged):
    shop, _, as_of = judged
    before = shop.results()
    assert shop.build(as_of.isoformat()).success
    assert shop.results() == before


def test_looking_back_sees_what_was_known_then_and_leaves_today_alone(open_shop, versions):
    shop, day = open_shop(), AS_OF - timedelta(days=9)
    shop.load("orders", versions)
    assert shop.build(AS_OF.isoformat()).success
    today = shop.results()
    assert shop.build(day.isoformat(), past=True).success
    assert shop.results() == today
    looking_back = shop.results("_past")

    then = open_shop()
    then.load("orders", [row for row in versions if row["_batch_day"] <= day])
    assert then.build(day.isoformat()).success
    assert then.results() == looking_back

    # further back, and forward again
    for other in (day - timedelta(days=3), day):
        assert shop.build(other.isoformat(), past=True).success
    assert shop.results("_past") == looking_back
    assert shop.results() == today


def test_the_models_are_not_put_back_to_an_earlier_day_by_mistake(open_shop, versions):
    shop, day = open_shop(), AS_OF - timedelta(days=9)
    shop.load("orders", versions)
    assert shop.build(AS_OF.isoformat()).success
    today = shop.results()
    refused = shop.build(day.isoformat())
    assert not refused.success
    assert f"the models stand at {AS_OF}, after {day}" in str(refused.exception)
    assert shop.results() == today
