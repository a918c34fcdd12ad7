"""What people answer to alerts, from the terminal and from Prefect."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows.alert.acknowledge import acknowledge_alert
from flows.alert.answers import Which, answer
from flows.alert.story import print_open, print_story
from flows.errors import InputError
from tests.integration.flows.alert_marts import RULE, Alerts
from tests.integration.local.stand_ins import REPOSITORY

DAY = {number: date(2026, 1, number) for number in range(1, 32)}
BLOCK = "tests-of-answers"


@pytest.fixture
def alerts(shop) -> Alerts:
    """Three open alerts that were told of, two of them with a carrier."""
    alerts = Alerts(shop)
    alerts.rule("lost", severity="critical", owner="carrier-team")
    alerts.at(DAY[10])
    alerts.stand("A", "B", carrier="NordPost")
    alerts.stand("A", rule="lost", severity="critical", owner="carrier-team")
    alerts.shop.rows(
        "insert into marts.fct_orders (order_id, status, carrier, ordered_at, order_day, is_open, "
        "is_delivered) values ('A', 'shipped', 'NordPost', '2026-01-01', '2026-01-01', true, false)"
    )
    alerts.run(DAY[10])
    return alerts


def states(alerts: Alerts) -> dict[tuple[str, str], str]:
    found = alerts.shop.rows("select order_id, rule_id, state from alerts.alert_states")
    return {(order, rule): state for order, rule, state in found}


def say(alerts: Alerts, action: Any, by: str = "Ann", **which: Any) -> tuple[int, int]:
    """Answer; returns how many alerts were meant, and changed."""
    more = {name: which.pop(name) for name in ("until", "note") if name in which}
    answered = answer(alerts.connection, action, Which(**which), by, **more)
    return answered.meant, answered.changed


@pytest.mark.parametrize(
    ("which", "meant"),
    [
        ({"order": "A"}, {("A", RULE), ("A", "lost")}),
        ({"order": "A", "rule": RULE}, {("A", RULE)}),
        ({"rule": RULE}, {("A", RULE), ("B", RULE)}),
        ({"carrier": "NordPost"}, {("A", RULE), ("B", RULE)}),
        ({"digest": "2026-01-10/default/webhook"}, {("A", RULE), ("B", RULE), ("A", "lost")}),
        ({"digest": "2026-01-10/carrier-team/webhook"}, {("A", "lost")}),
        ({"digest": "2026-01-10/default/webhook", "order": "B"}, {("B", RULE)}),
    ],
)
def test_exactly_the_alerts_that_are_named_are_acknowledged(alerts: Alerts, which: Any, meant: Any) -> None:
    assert say(alerts, "ack", **which) == (len(meant), len(meant))
    assert {alert for alert, state in states(alerts).items() if state == "acknowledged"} == meant


def test_an_answer_is_kept_with_who_gave_it_and_why(alerts: Alerts) -> None:
    say(
        alerts,
        "snooze",
        by=" Ann O'Hara ",
        order="B",
        until=DAY[20],
        note='the carrier\'s "depot" burned; 50 %',
    )
    kept = alerts.shop.rows(
        "select event, as_of, actor, note, snoozed_until from ops.alert_events where actor is not null"
    )
    assert kept == [("snoozed", DAY[10], "Ann O'Hara", 'the carrier\'s "depot" burned; 50 %', DAY[20])]


def test_the_same_answer_twice_is_recorded_once(alerts: Alerts) -> None:
    assert say(alerts, "ack", rule=RULE) == (2, 2)
    assert say(alerts, "ack", order="A") == (2, 1)
    assert say(alerts, "ack", order="A") == (2, 0)
    assert say(alerts, "snooze", order="A", until=DAY[12]) == (2, 2)
    assert say(alerts, "snooze", order="A", until=DAY[12]) == (2, 0)
    assert say(alerts, "snooze", order="A", until=DAY[13]) == (2, 2)


def test_unsnoozed_alerts_are_as_they_were(alerts: Alerts) -> None:
    say(alerts, "ack", order="B")
    say(alerts, "snooze", rule=RULE, until=DAY[20])
    assert [states(alerts)[order, RULE] for order in "AB"] == ["snoozed", "snoozed"]
    assert say(alerts, "unsnooze", rule=RULE) == (2, 2)
    assert [states(alerts)[order, RULE] for order in "AB"] == ["open", "acknowledged"]
    assert say(alerts, "unsnooze", rule=RULE) == (2, 0)


def test_an_answer_ends_with_the_life_it_belongs_to(alerts: Alerts) -> None:
    say(alerts, "ack", rule=RULE)
    for day, late in ((11, []), (12, ["A"])):
        alerts.stand(*late)
        alerts.run(DAY[day])
    assert states(alerts)["A", RULE] == "open"


@pytest.mark.parametrize(
    ("action", "which", "message"),
    [
        ("ack", {}, "say which alerts are meant"),
        ("ack", {"order": "Z"}, r"order 'Z' has no alert; `python -m flows\.alert list` prints those"),
        ("ack", {"rule": "nonsense"}, "no rule 'nonsense'; the rules are delivery_7d, lost"),
        ("ack", {"order": "A", "rule": "nonsense"}, "no rule 'nonsense'"),
        ("ack", {"carrier": "nordpost"}, "no open alert is with carrier 'nordpost'; .*: NordPost"),
        (
            "ack",
            {"digest": "2026-01-11/default/email"},
            "no digest .*; the last ones: 2026-01-10/carrier-team",
        ),
        ("ack", {"order": "B", "rule": "lost"}, "no open alert matches order B, rule lost"),
        ("snooze", {"order": "A", "until": DAY[10]}, "until: 2026-01-10 has passed.* end of 2026-01-10"),
        ("snooze", {"order": "A", "until": DAY[9]}, "until: 2026-01-09 has passed"),
        ("snooze", {"order": "A"}, "needs a day until which it lasts"),
        ("ack", {"order": "A", "until": DAY[20]}, "a snooze, and nothing else"),
        ("ack", {"order": "A", "by": "  "}, "by: give the name"),
        ("ack", {"order": "A", "by": "Ann\nEve"}, "by: give the name"),
        ("ack", {"order": "A", "note": "x" * 2_001}, "note: has 2,001 characters"),
    ],
)
def test_an_answer_that_cannot_be_meant_is_refused_and_records_nothing(
    alerts: Alerts, action: Any, which: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        say(alerts, action, **which)
    assert alerts.shop.rows("select * from ops.alert_events where actor is not null") == []


def test_an_alert_that_is_over_is_said_to_be(alerts: Alerts) -> None:
    alerts.shop.rows("update marts.fct_orders set status = 'delivered'")
    alerts.stand(rule="lost")
    alerts.stand()
    alerts.run(DAY[11])
    with pytest.raises(InputError, match=r"no open alert any more: delivery_7d on 2026-01-11 \(delivered\)"):
        say(alerts, "ack", order="A")


def test_before_the_first_run_there_is_nothing_to_answer(shop) -> None:
    with pytest.raises(InputError, match="no run of the pipeline has been completed"):
        answer(shop.connection, "ack", Which(order="A"), "Ann")


def test_the_list_shows_open_alerts_worst_first(alerts: Alerts, capsys) -> None:
    say(alerts, "ack", order="B")
    say(alerts, "snooze", order="A", rule="lost", until=DAY[12])
    print_open(alerts.connection, Which(), limit=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 open alerts at the end of 2026-01-10 (UTC)"
    assert [line.split()[:3] for line in lines[3:5]] == [["A", "lost", "snoozed"], ["A", RULE, "open"]]
    assert lines[3].endswith("until 2026-01-12")
    assert lines[-1] == "… and 1 more; --limit shows them"
    print_open(alerts.connection, Which(order="B"), limit=2)
    assert capsys.readouterr().out.splitlines()[-1].endswith("by Ann")


def test_the_story_of_an_order_tells_all_that_happened(alerts: Alerts, capsys) -> None:
    say(alerts, "ack", order="A", rule=RULE, note="calling them")
    alerts.stand(rule="lost")
    alerts.stand("B")
    alerts.shop.rows("update marts.fct_orders set status = 'delivered'")
    alerts.run(DAY[11])
    print_story(alerts.connection, "A")
    out = capsys.readouterr().out
    story = [line.split()[:3] for line in out.splitlines() if line.startswith("2026-01")]
    assert [line for line in story if line[1] == RULE] == [
        ["2026-01-10", RULE, "opened"],
        ["2026-01-10", RULE, "notified"],
        ["2026-01-10", RULE, "acknowledged"],
        ["2026-01-11", RULE, "told"],
        ["2026-01-11", RULE, "resolved"],
    ]
    assert "by Ann, “calling them”" in out
    assert "2026-01-10/carrier-team/webhook" in out
    assert "status     delivered" in out


def test_an_order_without_alerts_has_a_short_story_and_an_unknown_one_none(alerts: Alerts, capsys) -> None:
    alerts.shop.rows("insert into marts.fct_orders (order_id, status) values ('fine', 'pending')")
    print_story(alerts.connection, "fine")
    assert "No alert was ever opened" in capsys.readouterr().out
    with pytest.raises(InputError, match="no order 'Z', and no alert"):
        print_story(alerts.connection, "Z")


def test_the_flow_answers_from_prefect(alerts: Alerts, connector, prefect_api: None) -> None:
    connector.save(BLOCK, overwrite=True)
    answered = acknowledge_alert("Ann", carrier="NordPost", order="", warehouse_block=BLOCK)
    assert (answered.meant, answered.changed, answered.as_of) == (2, 2, DAY[10])
    with pytest.raises(InputError, match="say which alerts are meant"):
        acknowledge_alert("Ann", warehouse_block=BLOCK)


def test_the_command_line_answers_lists_and_complains(alerts: Alerts, connector, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "ORDERS_DATA_DIR": str(tmp_path),
            "SNOWFLAKE_HOST": "127.0.0.1",
            "SNOWFLAKE_PORT": str(connector.credentials.port),
            "SNOWFLAKE_DATABASE": connector.database,
        }
        command = [sys.executable, "-W", "ignore", "-m", "flows.alert", *arguments]
        return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)

    done = run("snooze", "--order", "B", "--until", "2026-01-20", "--by", "Ann", "--note", "holidays")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1 alert snoozed as of 2026-01-10: order B\n"
    assert "until 2026-01-20" in run("list").stdout
    for arguments, complaint in (
        (("ack", "--order", "Z", "--by", "Ann"), "error: order 'Z' has no alert"),
        (("ack", "--order", "B"), "error: the following arguments are required: --by"),
        (
            ("snooze", "--order", "B", "--by", "Ann", "--until", "tomorrow"),
            "error: argument --until: 'tomorrow'",
        ),
        (("preview", "--as-of", "2026-01-09"), "error: the alert mart was built as of 2026-01-10"),
    ):
        done = run(*arguments)
        assert done.returncode in (1, 2), done
        assert done.stderr.startswith(complaint), done.stderr
        assert len(done.stderr.splitlines()) == 1
    done = run("preview")
    assert done.returncode == 0, done.stderr
    written = {str(Path(line).relative_to(tmp_path / "preview")) for line in done.stdout.splitlines()}
    assert {
        f"2026-01-10/default/{name}"
        for name in ("digest.html", "digest.txt", "chart.png", "sla-alerts-2026-01-10.csv", "slack.json")
    } <= written
    page = (tmp_path / "preview/2026-01-10/default/digest.html").read_text()
    assert 'src="chart.png"' in page
    assert "cid:" not in page
