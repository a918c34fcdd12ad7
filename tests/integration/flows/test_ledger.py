"""The life of alerts: what runs record, whom they tell of what, and messages that wait to be taken."""

from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pytest

from blocks.settings import SnowflakeSettings
from flows.alert.audiences import read_audiences
from flows.alert.digest import ALERTS
from flows.alert.findings import read_findings
from flows.alert.ledger import create_ledger
from flows.alert.outbox import Letter, content, mark_sent, reserve, unsent
from flows.alert.telling import Teller, reserve_day
from flows.errors import TransformError
from flows.ingest.transaction import begun
from flows.warehouse import connect, rows
from tests.integration.flows.alert_marts import PEOPLE, RULE, Alerts

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


def test_the_plan_of_a_day_is_the_same_before_and_after_it_was_told(alerts: Alerts) -> None:
    alerts.policy("*", escalate_at_severity="warning", escalate_to="lead", remind_every_days=1)
    alerts.stand("A", "B")
    alerts.run(DAY[10])
    alerts.stand("B", "C", at_risk=["R"])
    before = alerts.plan(DAY[11])
    alerts.run(DAY[11])
    assert alerts.plan(DAY[11]).equals(before)
    assert set(before["section"]) == {"new", "reminded", "resolved", "at_risk"}


def test_two_rules_broken_by_one_order_are_two_alerts(alerts: Alerts) -> None:
    alerts.rule("promised")
    alerts.stand("A")
    alerts.stand("A", rule="promised")
    alerts.run(DAY[10])
    alerts.stand(rule="promised")
    alerts.run(DAY[11])
    resolved = alerts.shop.rows("select rule_id from ops.alert_events where event = 'resolved'")
    assert resolved == [("promised",)]


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


def test_a_message_waits_as_it_was_written_until_it_is_taken(alerts: Alerts, connector) -> None:
    alerts.stand(*(f"A-{number:05d}" for number in range(40)))
    (digest,) = alerts.reserve(DAY[10])
    text = content(alerts.connection, digest)
    assert b"A-00000" in text
    alerts.stand("Z")
    alerts.reserve(DAY[11])
    # the same block object would hand out the session that is open already
    another = SnowflakeSettings(port=connector.credentials.port, database=connector.database).to_block()
    with connect(another) as connection:
        first, second = unsent(connection)
        assert (first.digest_id, first.as_of, first.state) == (digest, DAY[10], "reserved")
        assert content(connection, digest) == text
        mark_sent(connection, digest)
        assert [one.digest_id for one in unsent(connection)] == [second.digest_id]
        assert content(connection, digest) is None
    assert alerts.shop.rows("select state, sent_at >= reserved_at from ops.digests order by as_of") == [
        ("sent", True), ("reserved", None)
    ]  # fmt: skip


def test_a_long_message_is_kept_in_parts(alerts: Alerts) -> None:
    alerts.stand("A")
    (digest,) = alerts.reserve(DAY[10])
    alerts.shop.rows("delete from ops.digest_parts")
    noise = bytes(pl.select(pl.int_range(600_000).hash(1) % 251).to_series().cast(pl.UInt8).to_list())
    letter = Letter("long", DAY[10], "webhook", "default", "<m@x>", "s", 1, noise)
    with begun(alerts.connection) as cursor:
        reserve(cursor, letter)
        cursor.execute("commit")
    ((parts, longest),) = alerts.shop.rows("select count(*), max(length(content)) from ops.digest_parts")
    assert parts > 2
    assert longest < 1_000_000
    assert content(alerts.connection, "long") == noise
    assert digest != "long"


def test_what_an_outage_held_up_is_sent_by_a_later_days_run_and_not_told_again(alerts: Alerts) -> None:
    alerts.stand("A")
    alerts.reserve(DAY[10])
    alerts.stand("A", "B")
    assert alerts.reserve(DAY[11]) == ["2026-01-10/default/webhook", "2026-01-11/default/webhook"]
    for reserved in unsent(alerts.connection):
        mark_sent(alerts.connection, reserved.digest_id)
    assert alerts.events() == [
        *(("A", "opened", DAY[10]), ("A", "notified", DAY[10])),
        *(("B", "opened", DAY[11]), ("B", "notified", DAY[11])),
    ]


def test_events_that_cannot_be_written_leave_no_reservation(alerts: Alerts) -> None:
    alerts.stand("A")
    alerts.shop.rows("drop table ops.alert_events")
    alerts.shop.rows("create table ops.alert_events (order_id number)")
    with pytest.raises(Exception, match=r"(?i)event|column"):
        alerts.reserve(DAY[10])
    assert unsent(alerts.connection) == []
    assert alerts.shop.rows("select * from ops.digest_parts") == []


def test_message_ids_differ_by_day_and_audience_and_stay_the_same(alerts: Alerts) -> None:
    alerts.rule("lost", owner="carrier-team")
    for day in (10, 11):
        alerts.stand(f"A-{day}")
        alerts.stand(f"L-{day}", rule="lost", owner="carrier-team")
        alerts.reserve(DAY[day])
    ids = [reserved.message_id for reserved in unsent(alerts.connection)]
    assert len(set(ids)) == 4
    assert all(identity.startswith("<sla.202601") for identity in ids)
    for table in ("digests", "digest_alerts", "digest_parts", "alert_events"):
        alerts.shop.rows(f"delete from ops.{table}")
    for day in (10, 11):
        alerts.stand(f"A-{day}")
        alerts.stand(f"L-{day}", rule="lost", owner="carrier-team")
        alerts.reserve(DAY[day])
    assert [reserved.message_id for reserved in unsent(alerts.connection)] == ids


def test_creating_the_ledger_again_keeps_it(alerts: Alerts) -> None:
    alerts.stand("A")
    alerts.run(DAY[10])
    create_ledger(alerts.connection)
    assert alerts.events() == [("A", "opened", DAY[10]), ("A", "notified", DAY[10])]


def test_a_ledger_of_an_earlier_version_gets_its_new_columns(shop) -> None:
    shop.rows("create schema ops_before")
    shop.connection.execute_string(
        "create schema if not exists ops;"
        "create table ops.alert_events (order_id varchar, rule_id varchar, event varchar, as_of date, "
        "digest_id varchar, recorded_at timestamp_ntz);"
        "create table ops.digests (digest_id varchar, as_of date, channel varchar, audience varchar, "
        "message_id varchar, state varchar, breaches number, reserved_at timestamp_ntz, "
        "sent_at timestamp_ntz)"
    )
    create_ledger(shop.connection)
    rows(shop.connection, "select snoozed_until, actor, note, reason, audience from ops.alert_events")
    rows(shop.connection, "select subject from ops.digests")


def test_a_mart_that_was_built_for_another_day_is_refused(alerts: Alerts) -> None:
    alerts.stand("A", "B")
    alerts.at(DAY[5])
    assert read_findings(alerts.connection, DAY[5]).open == 2
    with pytest.raises(TransformError, match=f"built as of {DAY[5]}, not {DAY[6]}"):
        read_findings(alerts.connection, DAY[6])


def answer(alerts: Alerts, event: str, order: str, day: date, until: date | None = None) -> None:
    """Somebody has answered."""
    alerts.shop.rows(
        "insert into ops.alert_events (order_id, rule_id, event, as_of, recorded_at, snoozed_until, actor) "
        f"values ('{order}', '{RULE}', '{event}', '{day}', '2030-01-01', "
        + (f"'{until}'" if until else "null")
        + ", 'somebody')"
    )
