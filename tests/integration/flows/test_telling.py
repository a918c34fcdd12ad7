"""Who is told of which alert, on which day, and in which section."""

from datetime import date

import pytest

from flows.alert.audiences import read_audiences
from tests.integration.flows.alert_marts import PEOPLE, RULE, Alerts

# 2026-01-05 is a Monday
DAY = {number: date(2026, 1, number) for number in range(1, 32)}


@pytest.fixture
def alerts(shop) -> Alerts:
    return Alerts(shop)


def test_the_plan_of_a_day_is_the_same_before_and_after_it_was_told(alerts: Alerts) -> None:
    alerts.policy("*", escalate_at_severity="warning", escalate_to="lead", remind_every_days=1)
    alerts.stand("A", "B")
    alerts.run(DAY[10])
    alerts.stand("B", "C", at_risk=["R"])
    before = alerts.plan(DAY[11])
    alerts.run(DAY[11])
    assert alerts.plan(DAY[11]).equals(before)
    assert set(before["section"]) == {"new", "reminded", "resolved", "at_risk"}


def test_what_the_data_say_after_the_days_digest_is_recorded_for_the_day_and_told_the_next(
    alerts: Alerts,
) -> None:
    alerts.stand("A", "B")
    alerts.run(DAY[10])
    alerts.stand("B", "C")
    assert alerts.run(DAY[10]) == []
    assert alerts.events("C") == [("C", "opened", DAY[10])]
    assert alerts.sections(DAY[11]) == {"A": "resolved", "C": "new"}
    alerts.run(DAY[11])
    assert alerts.events("C") == [("C", "opened", DAY[10]), ("C", "notified", DAY[11])]


def test_reminders_come_every_so_many_days_until_somebody_is_at_it(alerts: Alerts) -> None:
    alerts.policy("*", remind_every_days=3)
    alerts.stand("A", "B")
    for day in range(10, 21):
        if day == 14:
            answer(alerts, "acknowledged", "B", DAY[13])
        alerts.run(DAY[day])
    reminded = [(order, day.day) for order, event, day in alerts.events() if event == "reminded"]
    assert reminded == [("A", 13), ("B", 13), ("A", 16), ("A", 19)]


def test_a_rule_without_reminders_is_told_once(alerts: Alerts) -> None:
    alerts.policy(RULE, remind_every_days=None)
    alerts.stand("A")
    alerts.run(DAY[10])
    assert [alerts.sections(DAY[day]) for day in (11, 20, 31)] == [{}, {}, {}]


def test_a_snoozed_alert_is_silent_to_the_end_of_its_day_and_then_reminded_of(alerts: Alerts) -> None:
    alerts.policy("*", remind_every_days=2)
    alerts.stand("A", "B")
    alerts.run(DAY[10])
    answer(alerts, "snoozed", "A", DAY[10], until=DAY[14])
    told = {}
    for day in range(11, 18):
        told[day] = alerts.sections(DAY[day])
        alerts.run(DAY[day])
    assert [day for day, found in told.items() if "A" in found] == [15, 17]
    assert [day for day, found in told.items() if "B" in found] == [12, 14, 16]


def test_the_end_of_a_snooze_is_told_also_where_there_are_no_reminders(alerts: Alerts) -> None:
    alerts.policy("*", remind_every_days=None)
    alerts.stand("A")
    alerts.run(DAY[10])
    answer(alerts, "snoozed", "A", DAY[10], until=DAY[12])
    told = []
    for day in range(11, 16):
        told.append(alerts.sections(DAY[day]))
        alerts.run(DAY[day])
    assert told == [{}, {}, {"A": "reminded"}, {}, {}]


def test_an_alert_that_nobody_acknowledges_escalates_once_to_those_named(alerts: Alerts) -> None:
    alerts.policy("*", escalate_after_days=3, escalate_to="lead")
    alerts.stand("A", "B")
    alerts.run(DAY[10])
    answer(alerts, "acknowledged", "B", DAY[10])
    told = {}
    for day in range(11, 16):
        told[day] = [alerts.sections(DAY[day], audience) for audience in ("default", "lead")]
        alerts.run(DAY[day])
    assert {day: found for day, found in told.items() if found != [{}, {}]} == {
        13: [{"A": "escalated"}, {"A": "escalated"}]
    }
    audiences = "select as_of, audience from ops.alert_events where event = 'escalated'"
    assert alerts.shop.rows(audiences) == [(DAY[13], "lead")]
    alerts.stand("B")
    assert alerts.sections(DAY[16], "lead") == {"A": "resolved"}


def test_a_severe_alert_escalates_on_its_first_day_and_is_new_to_everybody_else(alerts: Alerts) -> None:
    alerts.rule("lost", severity="critical", owner="carrier-team")
    alerts.policy("*", escalate_at_severity="critical", escalate_to="lead")
    alerts.stand("A")
    alerts.stand("L", rule="lost", severity="critical", owner="carrier-team")
    sections = {
        audience: alerts.sections(DAY[10], audience) for audience in ("default", "carrier-team", "lead")
    }
    assert sections == {
        "default": {"A": "new", "L": "new"},
        "carrier-team": {"L": "new"},
        "lead": {"L": "escalated"},
    }
    assert len(alerts.run(DAY[10])) == 3
    assert [event for _, event, _ in alerts.events("L")] == ["opened", "escalated", *["notified"] * 3]


def test_on_a_quiet_day_alerts_live_and_nobody_is_told_until_the_next(alerts: Alerts) -> None:
    """9 January 2026 is a Friday."""
    alerts.policy("*", quiet_days="sat sun", remind_every_days=1)
    alerts.stand("A", "B")
    alerts.run(DAY[9])
    alerts.stand("B", "C")
    told = []
    for day in (10, 11, 12):
        told.append(alerts.sections(DAY[day]))
        alerts.run(DAY[day])
    assert told == [{}, {}, {"A": "resolved", "B": "reminded", "C": "new"}]
    assert alerts.events("C") == [("C", "opened", DAY[10]), ("C", "notified", DAY[12])]
    assert alerts.events("A")[-1] == ("A", "resolved", DAY[10])


def test_what_came_and_went_on_quiet_days_is_never_told(alerts: Alerts) -> None:
    alerts.policy("*", quiet_days="sat sun")
    alerts.at(DAY[10])
    alerts.stand("A")
    alerts.run(DAY[10])
    alerts.stand()
    alerts.run(DAY[11])
    assert alerts.sections(DAY[12]) == {}


def test_without_warnings_nobody_hears_of_what_is_at_risk(alerts: Alerts) -> None:
    alerts.policy("*", warn_at_risk=False)
    alerts.stand(at_risk=["R"])
    assert alerts.findings(DAY[10]).at_risk == 0
    assert alerts.plan(DAY[10]).height == 0


def test_an_owner_hears_of_its_own_rules_and_the_default_audience_of_all(alerts: Alerts) -> None:
    alerts.rule("lost", owner="carrier-team")
    alerts.stand("A")
    alerts.stand("L", rule="lost", owner="carrier-team")
    assert sorted(alerts.run(DAY[10])) == ["2026-01-10/carrier-team/webhook", "2026-01-10/default/webhook"]
    told = alerts.shop.rows("select digest_id, order_id from ops.digest_alerts order by 1, 2")
    assert told == [
        ("2026-01-10/carrier-team/webhook", "L"),
        ("2026-01-10/default/webhook", "A"),
        ("2026-01-10/default/webhook", "L"),
    ]


def test_a_digest_on_two_channels_is_one_telling(alerts: Alerts, tmp_path) -> None:
    file = tmp_path / "audiences.toml"
    file.write_text('[audiences.default]\nwebhook = { block = "one" }\nslack = { block = "other" }\n')
    alerts.stand("A")
    assert len(alerts.run(DAY[10], read_audiences(file))) == 2
    assert [event for _, event, _ in alerts.events()] == ["opened", "notified"]


def test_all_is_clear_once_a_week_where_nothing_is_broken(alerts: Alerts, tmp_path) -> None:
    file = tmp_path / "audiences.toml"
    file.write_text(PEOPLE.read_text().replace("never", "monday"))
    people = read_audiences(file)
    assert [sorted(alerts.run(DAY[day], people)) for day in (5, 5, 6)] == [
        [f"2026-01-05/{audience}/webhook/all-clear" for audience in ("carrier-team", "default", "lead")],
        [],
        [],
    ]
    alerts.stand("A")
    alerts.run(DAY[11], people)
    assert "2026-01-12/default/webhook/all-clear" not in alerts.run(DAY[12], people)


def answer(alerts: Alerts, event: str, order: str, day: date, until: date | None = None) -> None:
    """Somebody has answered."""
    alerts.shop.rows(
        "insert into ops.alert_events (order_id, rule_id, event, as_of, recorded_at, snoozed_until, actor) "
        f"values ('{order}', '{RULE}', '{event}', '{day}', '2030-01-01', "
        + (f"'{until}'" if until else "null")
        + ", 'somebody')"
    )
