"""The life of alerts as runs record it, and the ledger it is recorded in."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from flows.alert.audiences import read_audiences
from flows.alert.digest import ALERTS
from flows.alert.findings import read_findings
from flows.alert.outbox import mark_sent, unsent
from flows.alert.reserving import reserve_day
from flows.alert.telling import Teller
from flows.errors import TransformError
from tests.integration.flows.alert_marts import PEOPLE, Alerts

# 2026-01-05 is a Monday
DAY = {number: date(2026, 1, number) for number in range(1, 32)}


@pytest.fixture
def alerts(shop) -> Alerts:
    return Alerts(shop)


def test_alerts_come_worst_first_with_all_they_are_known_by(alerts: Alerts) -> None:
    alerts.shop.rows(
        "insert into alerts.sla_breaches values ('delivery_7d', 'info', 'team', 'A-2', 'C-1', 'Åsa', 'P-1',"
        " 'Teapot', 'NordPost', 'FI', 'express', '2026-01-01 10:30:00', 'shipped', '2026-01-01 10:30:00',"
        " '2026-01-09', 30, 23, 19.90, '2026-01-31')"
    )
    for order, severity, over, amount in (
        ("A-3", "info", 23, 5),
        ("A-1", "info", 23, "null"),
        ("A-0", "info", 1, 99),
        ("A-9", "info", 40, "null"),
        ("A-7", "critical", 1, "null"),
        ("A-8", "warning", 2, "null"),
    ):
        alerts.shop.rows(
            "insert into alerts.sla_breaches (rule_id, order_id, severity, days_over, amount_at_stake) "
            f"values ('delivery_7d', '{order}', '{severity}', {over}, {amount})"
        )
    frame = alerts.plan(DAY[31])
    assert frame.schema == ALERTS
    assert frame["order_id"].to_list() == ["A-7", "A-8", "A-9", "A-2", "A-3", "A-1", "A-0"]
    assert frame.row(3, named=True) == {
        "section": "new", "state": "new", "rule_id": "delivery_7d",
        "rule_description": "Not delivered in time", "severity": "info", "owner": "team", "order_id": "A-2",
        "customer_id": "C-1", "customer_name": "Åsa", "product_id": "P-1", "product_name": "Teapot",
        "carrier": "NordPost", "country": "FI", "shipping_tier": "express",
        "order_date": datetime(2026, 1, 1, 10, 30), "status": "shipped", "breaks_on": DAY[9],
        "opened_on": DAY[31], "days_elapsed": 30, "days_over": 23, "days_left": None,
        "amount_at_stake": Decimal("19.90"), "escalated_to": None, "acknowledged_by": None,
        "snoozed_until": None, "resolution": None,
    }  # fmt: skip


def test_a_breach_is_opened_and_told_once(alerts: Alerts) -> None:
    alerts.stand("A", "B")
    alerts.run(DAY[10])
    alerts.stand("A", "B", "C")
    assert alerts.sections(DAY[11]) == {"C": "new"}
    alerts.run(DAY[11])
    assert alerts.events() == [
        *(("A", "opened", DAY[10]), ("B", "opened", DAY[10])),
        *(("A", "notified", DAY[10]), ("B", "notified", DAY[10])),
        *(("C", "opened", DAY[11]), ("C", "notified", DAY[11])),
    ]


def test_a_breach_that_went_away_is_resolved_and_told_once(alerts: Alerts) -> None:
    alerts.stand("A", "B")
    alerts.run(DAY[10])
    alerts.stand("B")
    assert alerts.sections(DAY[11]) == {"A": "resolved"}
    alerts.run(DAY[11])
    assert alerts.run(DAY[12]) == []
    assert [event for _, event, _ in alerts.events("A")] == ["opened", "notified", "resolved"]


def test_a_breach_that_comes_back_is_reopened_and_told_as_new(alerts: Alerts) -> None:
    for day, late in ((10, ["A"]), (11, []), (12, ["A"])):
        alerts.stand(*late)
        alerts.run(DAY[day])
    assert [event for _, event, _ in alerts.events()] == [
        *("opened", "notified", "resolved", "reopened", "notified")
    ]


def test_at_risk_breached_and_resolved_is_one_story(alerts: Alerts) -> None:
    told = []
    for day, late, at_risk in ((9, [], ["A"]), (10, [], ["A"]), (11, ["A"], []), (12, [], [])):
        alerts.stand(*late, at_risk=at_risk)
        told.append(alerts.sections(DAY[day]))
        alerts.run(DAY[day])
    assert told == [{"A": "at_risk"}, {}, {"A": "new"}, {"A": "resolved"}]
    assert [event for _, event, _ in alerts.events()] == ["opened", "notified", "resolved"]


def test_a_second_run_of_the_day_changes_nothing(alerts: Alerts) -> None:
    alerts.stand("A", "B", at_risk=["R"])
    assert alerts.run(DAY[10]) == ["2026-01-10/default/webhook"]
    before = [alerts.shop.rows(f"select * from ops.{table}") for table in ("alert_events", "digests")]
    assert alerts.run(DAY[10]) == []
    assert [alerts.shop.rows(f"select * from ops.{table}") for table in ("alert_events", "digests")] == before


def test_two_rules_broken_by_one_order_are_two_alerts(alerts: Alerts) -> None:
    alerts.rule("promised")
    alerts.stand("A")
    alerts.stand("A", rule="promised")
    alerts.run(DAY[10])
    alerts.stand(rule="promised")
    alerts.run(DAY[11])
    resolved = alerts.shop.rows("select rule_id from ops.alert_events where event = 'resolved'")
    assert resolved == [("promised",)]


def test_a_withdrawn_rule_resolves_its_alerts_and_says_so(alerts: Alerts) -> None:
    alerts.rule("promised")
    alerts.stand("A", rule="promised")
    alerts.shop.rows("insert into marts.fct_orders (order_id, status) values ('A', 'shipped')")
    alerts.run(DAY[10])
    alerts.stand(rule="promised")
    alerts.shop.rows("delete from staging.stg_sla_rules where rule_id = 'promised'")
    assert alerts.plan(DAY[11])["resolution"].to_list() == ["rule withdrawn"]
    alerts.run(DAY[11])
    assert alerts.shop.rows("select reason from ops.alert_events where event = 'resolved'") == [
        ("rule withdrawn",)
    ]


def test_a_look_back_tells_what_that_day_would_have_said_and_records_nothing(alerts: Alerts) -> None:
    alerts.stand("A", "B")
    alerts.run(DAY[20])
    before = alerts.events()
    past = """
        create schema staging_past; create schema alerts_past; create schema marts_past;
        create table staging_past.built_days as select to_date('2026-01-10') as as_of;
        create table alerts_past.data_health as select * from alerts.data_health;
        create table marts_past.fct_orders as select * from marts.fct_orders;
        create view alerts_past.breach_history as select * from alerts.breach_history;
        create table alerts_past.sla_alerts as select * from alerts.sla_alerts
    """
    alerts.connection.execute_string(past)
    alerts.shop.rows("update alerts_past.sla_alerts set alert_state = 'new', as_of = '2026-01-10'")
    people = read_audiences(PEOPLE)
    findings = read_findings(alerts.connection, DAY[10])
    assert findings.is_look_back
    channels = {one.name: people.channels(one, "none") for one in people.all}
    reserve_day(Teller(alerts.connection, findings, people), channels)
    assert [reserved.digest_id for reserved in unsent(alerts.connection)] == ["2026-01-10/default/webhook"]
    mark_sent(alerts.connection, "2026-01-10/default/webhook")
    assert alerts.events() == before


def test_a_day_after_a_later_one_leaves_what_that_knows_out(alerts: Alerts) -> None:
    alerts.stand("A", "B")
    alerts.run(DAY[20])
    alerts.stand("A", "Z")
    assert alerts.sections(DAY[10]) == {"A": "new", "Z": "new"}


def test_odd_data_opens_and_resolves_nothing_until_it_is_right(alerts: Alerts) -> None:
    alerts.stand("A", "B")
    alerts.run(DAY[10])
    alerts.stand("B", "C")
    alerts.odd("odd: half of it is missing")
    assert alerts.findings(DAY[11]).odd == ["odd: half of it is missing"]
    assert alerts.run(DAY[11]) == ["2026-01-11/default/webhook/data-health"]
    assert [event for _, event, day in alerts.events() if day == DAY[11]] == []
    alerts.shop.rows("delete from alerts.data_health")
    assert alerts.run(DAY[11]) == ["2026-01-11/default/webhook"]
    assert {(order, event) for order, event, day in alerts.events() if day == DAY[11]} == {
        ("A", "resolved"), ("C", "opened"), ("C", "notified")
    }  # fmt: skip


def test_a_mart_that_was_built_for_another_day_is_refused(alerts: Alerts) -> None:
    alerts.stand("A", "B")
    alerts.at(DAY[5])
    assert read_findings(alerts.connection, DAY[5]).open == 2
    with pytest.raises(TransformError, match=f"built as of {DAY[5]}, not {DAY[6]}"):
        read_findings(alerts.connection, DAY[6])
