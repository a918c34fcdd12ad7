import json
import re
from dataclasses import replace
from typing import Any

import pytest

from flows.alert.channels.teams import MOST_BYTES, TeamsChannel, render
from tests.unit.flows.alert.short_messages import ANSWERS, HOSTILE, NUMBERS, digest, notice, texts

TEXT_FIELDS = ["order_id", "rule_id", "severity", "carrier", "country", "escalated_to", "resolution"]


def card(payload: dict[str, Any]) -> dict[str, Any]:
    (attachment,) = payload["attachments"]
    return attachment["content"]


def lines(payload: dict[str, Any]) -> list[str]:
    """What a reader sees, one line an element."""
    return ["".join(run["text"] for run in element["inlines"]) for element in card(payload)["body"]]


def size(payload: dict[str, Any]) -> int:
    """In bytes, however its letters are written."""
    return max(len(json.dumps(payload)), len(json.dumps(payload, ensure_ascii=False).encode()))


def test_it_is_a_message_with_one_adaptive_card_as_a_workflow_expects_it() -> None:
    payload = render(digest())
    assert payload["type"] == "message"
    (attachment,) = payload["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["contentUrl"] is None
    assert (card(payload)["type"], card(payload)["version"]) == ("AdaptiveCard", "1.4")
    assert card(payload)["fallbackText"] == digest().subject
    assert lines(payload)[0] == digest().subject


def test_every_count_is_there() -> None:
    said = "\n".join(lines(render(digest())))
    for number in NUMBERS:
        assert re.search(rf"(?<![\d.,-]){re.escape(number)}(?![\d.,]\d|\d)", said), number


def test_each_section_shows_its_five_worst_and_says_how_many_more() -> None:
    said = lines(render(digest({"new": 7, "delivered": 6})))
    new = said.index("7 new")
    assert [line.split()[0] for line in said[new + 1 : new + 6]] == [f"new-{number}" for number in range(5)]
    assert said[new + 6] == "… and 2 more"
    assert said[new + 7] == "6 resolved: 6 delivered"
    assert said[new + 13] == "… and 1 more"


def test_a_line_says_what_there_is_to_know() -> None:
    line = lines(render(digest({"escalated": 1})))[3]
    facts = "13 days over · delivery_7d · warning · NordPost, FI · 1,234.50 at stake · escalated to lead-team"
    assert line == f"escalated-0  {facts}"


def test_how_to_answer_is_said_with_commands_and_the_link() -> None:
    payload = render(digest())
    assert f"Acknowledge: {ANSWERS.acknowledge}" in lines(payload)
    assert f"Snooze: {ANSWERS.snooze}" in lines(payload)
    assert card(payload)["actions"] == [
        {"type": "Action.OpenUrl", "title": "Answer in Prefect", "url": ANSWERS.link}
    ]
    assert "actions" not in card(render(replace(digest(), answers=replace(ANSWERS, link=None))))


def test_what_is_shared_is_said_before_the_sections() -> None:
    assert (
        lines(render(digest(explanation=("31 of 40 are NordPost to FI.",))))[2]
        == "31 of 40 are NordPost to FI."
    )


def test_a_hundred_thousand_breaches_fit() -> None:
    assert size(render(digest({"new": 60_000, "reminded": 40_000}))) <= MOST_BYTES


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_data_fits_and_is_never_read_as_markup(text: str) -> None:
    payload = render(digest(None, (text, text), **dict.fromkeys(TEXT_FIELDS, text)))
    assert size(payload) <= MOST_BYTES
    # Markdown is not read in a TextRun: https://learn.microsoft.com/en-us/adaptive-cards/schema-explorer/text-run
    kinds = {element["type"] for element in card(payload)["body"]}
    assert kinds == {"RichTextBlock"}
    assert {run["type"] for element in card(payload)["body"] for run in element["inlines"]} == {"TextRun"}
    for shown in texts(payload):
        assert "{{" not in shown
        assert not re.search(r"[\x00-\x1f\x7f\u2028\u202e]", shown)


def test_what_does_not_fit_is_trimmed_the_same_way_each_time_and_no_count_is_lost() -> None:
    long = dict.fromkeys(TEXT_FIELDS, "東" * 500)
    payload = render(digest(None, ("東" * 500,), **long))
    assert payload == render(digest(None, ("東" * 500,), **long))
    said = "\n".join(lines(payload))
    for number in ("7", "11", "13", "17", "19", "31", "37", "52", "99"):
        assert re.search(rf"(?<![\d.,-]){number}(?![\d.,]\d|\d)", said), number


def test_a_notice_says_all_it_has_and_fits() -> None:
    payload = render(notice("volume: orders halved", "late: no orders of today"))
    said = lines(payload)
    assert said[:4] == [
        notice().subject,
        "The data cannot be judged by",
        "No SLA digest was sent.",
        "Once the data is right, run again.",
    ]
    assert said[4:7] == ["Reasons", "volume: orders halved", "late: no orders of today"]
    many = render(notice(*["東" * 1_000] * 500))
    assert size(many) <= MOST_BYTES
    assert any(re.fullmatch(r"… and \d+ more", line) for line in lines(many))


def test_the_channel_renders_the_same_bytes_each_time() -> None:
    channel = TeamsChannel("sla-teams")
    first = channel.render(digest(), "<id@order-monitoring>")
    assert first == channel.render(digest(), "<id@order-monitoring>")
    assert json.loads(first) == render(digest())
