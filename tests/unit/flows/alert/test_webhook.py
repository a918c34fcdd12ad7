import json
from dataclasses import replace

import pytest

from flows.alert.channels.webhook import MOST_ALERTS, WebhookChannel, render
from flows.alert.digest import ALERTS, SECTIONS
from tests.unit.flows.alert.short_messages import ALERT, ANSWERS, HOSTILE, SOME, digest, notice

KEYS = [
    "version", "digest_id", "message_id", "as_of", "audience", "subject", "title", "counts", "explanation",
    "reasons", "alerts", "answers",
]  # fmt: skip
MESSAGE_ID = "<sla.20261121.0123@order-monitoring>"


def test_the_document_has_the_documented_keys_for_a_digest_and_for_a_notice() -> None:
    for message in (digest(), notice()):
        assert list(render(message, MESSAGE_ID)) == KEYS
        assert render(message, MESSAGE_ID)["version"] == 1


def test_a_digest_says_who_what_and_when() -> None:
    document = render(digest(explanation=("All are NordPost.",)), MESSAGE_ID)
    assert document["digest_id"] == "2026-11-21/default/slack"
    assert document["message_id"] == MESSAGE_ID
    assert (document["as_of"], document["audience"]) == ("2026-11-21", "default")
    assert (document["subject"], document["title"]) == (digest().subject, None)
    assert (document["explanation"], document["reasons"]) == (["All are NordPost."], [])
    assert document["answers"] == {
        "acknowledge": ANSWERS.acknowledge,
        "snooze": ANSWERS.snooze,
        "link": ANSWERS.link,
    }
    without = replace(digest(), answers=replace(ANSWERS, link=None))
    assert render(without)["answers"]["link"] is None


def test_every_count_is_there() -> None:
    assert render(digest())["counts"] == {
        "new": 7,
        "escalated": 11,
        "reminded": 13,
        "newly_at_risk": 17,
        "at_risk": 19,
        "resolved": {"cancelled": 29, "delivered": 23},
        "open": 99,
        "acknowledged": 31,
        "snoozed": 37,
        "at_stake": "122215.50",
    }


def test_each_section_has_its_worst_alerts_with_all_their_columns() -> None:
    alerts = render(digest({**SOME, "new": 70}))["alerts"]
    assert list(alerts) == list(SECTIONS)
    assert {name: len(rows) for name, rows in alerts.items()} == {
        "new": MOST_ALERTS, "escalated": 11, "reminded": 13, "at_risk": 17, "resolved": 50,
    }  # fmt: skip
    assert [row["order_id"] for row in alerts["new"]] == [f"new-{number}" for number in range(50)]
    first = alerts["new"][0]
    assert list(first) == [name for name in ALERTS if name != "section"]
    assert first["order_date"] == "2026-11-01T10:30:00"
    assert first["breaks_on"] == "2026-11-09"
    assert first["amount_at_stake"] == "1234.50"
    assert (first["days_over"], first["days_left"], first["escalated_to"]) == (13, None, None)
    assert first["customer_name"] == ALERT["customer_name"]


def test_a_notice_says_all_it_has() -> None:
    document = render(notice("late: no orders"), MESSAGE_ID)
    assert document["title"] == notice().title
    assert document["explanation"] == list(notice().paragraphs)
    assert document["reasons"] == ["late: no orders"]
    assert (document["counts"], document["alerts"], document["answers"]) == ({}, {}, None)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_data_arrives_as_it_is_up_to_a_thousand_characters(text: str) -> None:
    content = WebhookChannel("hook").render(digest({"new": 50}, customer_name=text), MESSAGE_ID)
    document = json.loads(content.decode("utf-8"))
    assert document["alerts"]["new"][0]["customer_name"] == text[:1_000]
    assert len(content) < 500_000


def test_a_hundred_thousand_breaches_fit() -> None:
    content = WebhookChannel("hook").render(digest({"new": 60_000, "reminded": 40_000}), MESSAGE_ID)
    assert len(content) < 200_000
    assert json.loads(content)["counts"]["open"] == 100_000
