from datetime import date, datetime
from decimal import Decimal

import pytest

from blocks.settings import SnowflakeSettings
from flows.alert.ledger import (
    ABOUT_DATA,
    Breach,
    create_ledger,
    find_digest,
    read_findings,
    record,
    reserve_digest,
)
from flows.errors import TransformError
from flows.warehouse import connect
from tests.integration.flows.alert_marts import Alerts

DAY = {number: date(2026, 1, number) for number in range(1, 32)}


@pytest.fixture
def alerts(shop) -> Alerts:
    return Alerts(shop)


def test_breaches_come_worst_first_with_all_they_are_known_by(alerts: Alerts) -> None:
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
    findings = alerts.findings(DAY[31])
    assert [breach.order_id for breach in findings.breaches] == [
        "A-7", "A-8", "A-9", "A-2", "A-3", "A-1", "A-0",
    ]  # fmt: skip
    assert findings.breaches[3] == Breach(
        "delivery_7d", "info", "team", "A-2", "C-1", "Åsa", "P-1", "Teapot", "NordPost", "FI", "express",
        datetime(2026, 1, 1, 10, 30), "shipped", date(2026, 1, 9), 30, 23, Decimal("19.90"), True,
    )  # fmt: skip


def test_orders_at_risk_are_counted(alerts: Alerts) -> None:
    alerts.stand("A", at_risk=3)
    assert alerts.findings(DAY[10]).at_risk == 3


def test_a_breach_is_new_once(alerts: Alerts) -> None:
    alerts.stand("A", "B")
    assert alerts.run(DAY[10]) == (2, 2, 0)
    alerts.stand("A", "B", "C")
    assert alerts.new(DAY[11]) == ["C"]
    assert alerts.run(DAY[11]) == (1, 3, 0)
    assert alerts.events() == [("A", "opened", DAY[10]), ("B", "opened", DAY[10]), ("C", "opened", DAY[11])]


def test_a_breach_that_went_away_is_resolved_once(alerts: Alerts) -> None:
    alerts.stand("A", "B")
    alerts.run(DAY[10])
    alerts.stand("B")
    assert alerts.run(DAY[11]) == (0, 1, 1)
    assert alerts.run(DAY[12]) == (0, 1, 0)
    assert alerts.events()[2:] == [("A", "resolved", DAY[11])]


def test_a_breach_that_comes_back_is_new_again(alerts: Alerts) -> None:
    for day, late in ((10, ["A"]), (11, []), (12, ["A"])):
        alerts.stand(*late)
        alerts.run(DAY[day])
    assert alerts.events() == [("A", "opened", DAY[10]), ("A", "resolved", DAY[11]), ("A", "opened", DAY[12])]


def test_a_second_run_of_the_day_changes_nothing(alerts: Alerts) -> None:
    alerts.stand("A", "B")
    alerts.run(DAY[10])
    events, digests = (
        alerts.events(),
        alerts.shop.rows("select digest_id, message_id, state from ops.digests"),
    )
    assert alerts.run(DAY[10]) == (0, 2, 0)
    assert alerts.events() == events
    assert alerts.shop.rows("select digest_id, message_id, state from ops.digests") == digests


def test_two_rules_broken_by_one_order_are_two_alerts(alerts: Alerts) -> None:
    alerts.stand("A", "A")
    alerts.shop.rows("update alerts.sla_breaches set rule_id = 'shipping_2d' where days_over = 12")
    assert alerts.run(DAY[10]) == (2, 2, 0)
    alerts.shop.rows("delete from alerts.sla_breaches where rule_id = 'shipping_2d'")
    assert alerts.run(DAY[11]) == (0, 1, 1)
    resolved = alerts.shop.rows("select rule_id from ops.alert_events where event = 'resolved'")
    assert resolved == [("shipping_2d",)]


def test_an_earlier_day_after_a_later_one_leaves_the_later_state_alone(alerts: Alerts) -> None:
    alerts.stand("A", "B")
    alerts.run(DAY[20])
    alerts.stand("A", "Z")
    assert alerts.run(DAY[10]) == (2, 2, 0)  # what day 20 knows was not known on day 10
    alerts.stand("A", "B")
    assert alerts.run(DAY[20])[:2] == (0, 2)
    assert alerts.new(DAY[21]) == []


def test_a_day_between_two_others_takes_the_state_of_the_day_before_it(alerts: Alerts) -> None:
    alerts.stand("A")
    alerts.run(DAY[10])
    alerts.stand()
    alerts.run(DAY[20])
    alerts.stand("A")
    assert alerts.run(DAY[15]) == (0, 1, 0)
    alerts.stand()
    assert alerts.run(DAY[20]) == (0, 0, 0)
    assert alerts.events() == [("A", "opened", DAY[10]), ("A", "resolved", DAY[20])]


def test_a_digest_is_reserved_once_and_found_again_under_its_message_id(alerts: Alerts) -> None:
    assert find_digest(alerts.connection, DAY[10]) is None
    alerts.stand("A")
    reserved = reserve_digest(alerts.connection, alerts.findings(DAY[10]), "example.com")
    assert reserved.state == "reserved"
    assert reserved.message_id.startswith("<sla.20260110.")
    assert reserved.message_id.endswith("@example.com>")
    assert find_digest(alerts.connection, DAY[10]) == reserved
    assert find_digest(alerts.connection, DAY[11]) is None
    assert alerts.events() == []


def test_a_reservation_survives_the_session_that_made_it(alerts: Alerts, connector) -> None:
    alerts.stand("A")
    # the same block object would hand out the session that is open already
    another = SnowflakeSettings(port=connector.credentials.port, database=connector.database).to_block()
    with connect(another) as connection:
        reserved = reserve_digest(connection, alerts.findings(DAY[10]), "example.com")
    assert find_digest(alerts.connection, DAY[10]) == reserved


def test_a_digest_is_sent_together_with_the_events_it_tells_of(alerts: Alerts) -> None:
    alerts.stand("A")
    findings = alerts.findings(DAY[10])
    record(alerts.connection, findings, reserve_digest(alerts.connection, findings, "example.com"))
    found = find_digest(alerts.connection, DAY[10])
    assert found.state == "sent"
    assert alerts.shop.rows("select digest_id, breaches, sent_at >= reserved_at from ops.digests") == [
        (found.digest_id, 1, True)
    ]
    assert alerts.shop.rows("select digest_id from ops.alert_events") == [(found.digest_id,)]


def test_events_that_cannot_be_written_leave_the_digest_unsent(alerts: Alerts) -> None:
    alerts.stand("A")
    findings = alerts.findings(DAY[10])
    reserved = reserve_digest(alerts.connection, findings, "example.com")
    alerts.shop.rows("drop table alerts.sla_breaches")
    with pytest.raises(Exception, match="SLA_BREACHES"):
        record(alerts.connection, findings, reserved)
    assert find_digest(alerts.connection, DAY[10]).state == "reserved"
    assert alerts.events() == []


def test_message_ids_differ_by_day_and_by_warehouse(alerts: Alerts) -> None:
    alerts.stand("A")
    findings = {day: alerts.findings(DAY[day]) for day in (10, 11)}
    ids = {reserve_digest(alerts.connection, found, "example.com").message_id for found in findings.values()}
    assert len(ids) == 2


def test_creating_the_ledger_again_keeps_it(alerts: Alerts) -> None:
    alerts.stand("A")
    alerts.run(DAY[10])
    create_ledger(alerts.connection)
    assert alerts.events() == [("A", "opened", DAY[10])]
    assert find_digest(alerts.connection, DAY[10]).state == "sent"


def test_a_mart_that_was_built_for_another_day_is_refused(alerts) -> None:
    alerts.stand("A", "B")
    alerts.at(DAY[5])
    assert len(read_findings(alerts.connection, DAY[5]).breaches) == 2
    with pytest.raises(TransformError, match=f"built as of {DAY[5]}, not {DAY[6]}"):
        read_findings(alerts.connection, DAY[6])


def test_odd_data_opens_and_resolves_nothing_until_it_is_right(alerts) -> None:
    alerts.stand("A", "B")
    alerts.run(DAY[10])
    alerts.stand("B", "C")
    alerts.odd("odd: half of it is missing")
    findings = alerts.findings(DAY[11])
    assert findings.odd == ["odd: half of it is missing"]
    alerts.run(DAY[11])
    assert [event for _, event, day in alerts.events() if day == DAY[11]] == []
    alerts.shop.rows("delete from alerts.data_health")
    assert alerts.run(DAY[11]) == (1, 2, 1)


def test_the_message_about_odd_data_is_not_the_digest(alerts) -> None:
    alerts.stand("A")
    findings = alerts.findings(DAY[10])
    about_data = reserve_digest(alerts.connection, findings, "example.com", ABOUT_DATA)
    assert find_digest(alerts.connection, DAY[10]) is None
    assert find_digest(alerts.connection, DAY[10], ABOUT_DATA) == about_data
    digest = reserve_digest(alerts.connection, findings, "example.com")
    assert digest.message_id != about_data.message_id
