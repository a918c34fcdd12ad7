"""What is told between a day's digest and the next: what has changed, once, and nothing else."""

from datetime import date, timedelta

import pytest

from tests.integration.flows.alert_marts import Alerts

DAY = {number: date(2026, 1, 1) + timedelta(days=number - 1) for number in range(1, 32)}
TODAY = "2026-01-10/default/webhook"


@pytest.fixture
def alerts(shop) -> Alerts:
    return Alerts(shop)


def test_without_news_there_is_no_update(alerts: Alerts) -> None:
    alerts.stand("A", at_risk=["R"])
    assert alerts.run(DAY[10]) == [TODAY]
    assert alerts.run(DAY[10], is_update=True) == []


def test_an_update_tells_what_opened_and_what_was_resolved_since(alerts: Alerts) -> None:
    alerts.stand("A", "B", at_risk=["R"])
    alerts.run(DAY[10])
    alerts.stand("A", "C", at_risk=["R", "S"])
    assert alerts.run(DAY[10], is_update=True) == [f"{TODAY}/update-1"]
    assert alerts.told(f"{TODAY}/update-1") == {"B": "resolved", "C": "new"}
    assert {event for event in alerts.events() if event[0] in ("B", "C")} == {
        ("B", "opened", DAY[10]),
        ("B", "notified", DAY[10]),
        ("B", "resolved", DAY[10]),
        ("C", "opened", DAY[10]),
        ("C", "notified", DAY[10]),
    }


def test_each_change_is_told_by_one_update(alerts: Alerts) -> None:
    alerts.stand("A")
    alerts.run(DAY[10])
    alerts.stand("A", "B")
    assert alerts.run(DAY[10], is_update=True) == [f"{TODAY}/update-1"]
    assert alerts.run(DAY[10], is_update=True) == []
    alerts.stand("A", "B", "C")
    assert alerts.run(DAY[10], is_update=True) == [f"{TODAY}/update-2"]
    assert alerts.told(f"{TODAY}/update-2") == {"C": "new"}


def test_the_days_digest_after_an_update_does_not_tell_it_again(alerts: Alerts) -> None:
    alerts.stand("A", at_risk=["R"])
    assert alerts.run(DAY[10], is_update=True) == [f"{TODAY}/update-1"]
    assert alerts.told(f"{TODAY}/update-1") == {"A": "new"}
    assert alerts.run(DAY[10]) == [TODAY]
    assert alerts.told(TODAY) == {"R": "at_risk"}


def test_the_next_day_knows_what_updates_have_told(alerts: Alerts) -> None:
    alerts.stand("A")
    alerts.run(DAY[10])
    alerts.stand("A", "B")
    alerts.run(DAY[10], is_update=True)
    assert alerts.sections(DAY[11]) == {}
    alerts.stand("A")
    assert alerts.sections(DAY[11]) == {"B": "resolved"}


def test_an_escalation_is_told_by_one_update_alone(alerts: Alerts) -> None:
    alerts.policy("*", escalate_after_days=2)
    alerts.stand("A")
    alerts.run(DAY[8])
    assert alerts.run(DAY[10], is_update=True) == [f"{TODAY}/update-1"]
    assert alerts.told(f"{TODAY}/update-1") == {"A": "escalated"}
    assert alerts.run(DAY[10], is_update=True) == []
    assert alerts.run(DAY[10]) == []


def test_reminders_wait_for_the_days_digest(alerts: Alerts) -> None:
    alerts.policy("*", remind_every_days=2)
    alerts.stand("A")
    alerts.run(DAY[8])
    assert alerts.run(DAY[10], is_update=True) == []
    assert alerts.run(DAY[10]) == [TODAY]
    assert alerts.told(TODAY) == {"A": "reminded"}


def test_an_update_that_was_reserved_and_not_sent_goes_out_once(alerts: Alerts) -> None:
    alerts.stand("A")
    alerts.run(DAY[10])
    alerts.stand("A", "B")
    assert alerts.reserve(DAY[10], is_update=True) == [f"{TODAY}/update-1"]
    assert alerts.run(DAY[10], is_update=True) == [f"{TODAY}/update-1"]
    assert alerts.run(DAY[10], is_update=True) == []


def test_the_subject_says_that_it_is_an_update(alerts: Alerts) -> None:
    alerts.stand("A")
    alerts.run(DAY[10])
    alerts.stand("A", "B")
    alerts.run(DAY[10], is_update=True)
    subjects = dict(alerts.shop.rows("select digest_id, subject from ops.digests"))
    assert subjects == {
        TODAY: "[SLA] 1 new · 1 open, 10 Jan",
        f"{TODAY}/update-1": "[SLA] Update: 1 new · 2 open, 10 Jan",
    }
