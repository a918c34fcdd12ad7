import json
import re
from dataclasses import replace
from typing import Any

import pytest

from flows.alert.channels.slack import SlackChannel, escape, render
from tests.unit.flows.alert.short_messages import ANSWERS, HOSTILE, NUMBERS, SOME, digest, notice

TEXT_FIELDS = ["order_id", "rule_id", "severity", "carrier", "country", "escalated_to", "resolution"]


def sections(payload: dict[str, Any]) -> list[str]:
    return [block["text"]["text"] for block in payload["blocks"] if block["type"] == "section"]


def fits(payload: dict[str, Any]) -> bool:
    """Whether Slack takes it: https://docs.slack.dev/reference/block-kit/blocks."""
    blocks = payload["blocks"]
    header, *middle, footer = blocks
    all_texts = [block["text"]["text"] for block in (header, *middle)]
    all_texts += [element["text"] for element in footer["elements"]]
    return (
        len(blocks) <= 50
        and 1 <= len(header["text"]["text"]) <= 150
        and all(1 <= len(text) <= 3_000 for text in all_texts)
        and sum(map(len, all_texts)) <= 13_000
    )


def test_the_headline_has_the_counts_and_is_what_a_notification_shows() -> None:
    payload = render(digest())
    assert payload["text"] == digest().subject
    assert payload["blocks"][0] == {
        "type": "header",
        "text": {"type": "plain_text", "text": digest().subject, "emoji": False},
    }


def test_every_count_is_there() -> None:
    said = json.dumps(render(digest()))
    for number in NUMBERS:
        assert re.search(rf"(?<![\d.,-]){re.escape(number)}(?![\d.,]\d|\d)", said), number


def test_each_section_shows_its_five_worst_and_says_how_many_more() -> None:
    said = sections(render(digest()))[1:5]
    for section, kind in zip(said, ("new", "escalated", "reminded", "at_risk"), strict=True):
        count = SOME[kind]
        heading, *lines, more = section.splitlines()
        assert heading.startswith(f"*{count} ")
        assert [line.split()[1] for line in lines] == [f"*{kind}-{number}*" for number in range(5)]
        assert more == f"… and {count - 5} more"


def test_a_line_says_what_there_is_to_know() -> None:
    new, escalated, at_risk, resolved = (
        section.splitlines()[1]
        for section in sections(render(digest({"new": 1, "escalated": 1, "at_risk": 1, "delivered": 1})))[1:5]
    )
    place = "NordPost, FI"
    assert new == f"• *new-0* 13 days over · delivery_7d · warning · {place} · 1,234.50 at stake"
    assert escalated == new.replace("new-0", "escalated-0") + " · escalated to lead-team"
    assert at_risk == f"• *at_risk-0* 2 days left · delivery_7d · {place}"
    assert resolved == f"• *delivered-0* delivered · delivery_7d · {place}"


def test_what_is_shared_is_said_before_the_sections() -> None:
    said = sections(render(digest(explanation=("31 of 40 new breaches are NordPost to FI.",))))
    assert said[0].splitlines()[1] == "31 of 40 new breaches are NordPost to FI."


def test_how_to_answer_is_said_with_commands_and_the_link() -> None:
    answers = sections(render(digest()))[-1]
    assert f"`{ANSWERS.acknowledge}`" in answers
    assert f"`{ANSWERS.snooze}`" in answers
    assert "<https://prefect.example.com/deployments/deployment/1?a=1&amp;b=2|Answer in Prefect>" in answers
    without = replace(digest(), answers=replace(ANSWERS, link=None))
    assert "<" not in sections(render(without))[-1]


def test_a_section_without_alerts_is_left_out() -> None:
    said = sections(render(digest({"reminded": 1})))
    assert [text.splitlines()[0] for text in said[1:-1]] == ["*1 still open, to remind you*"]


def test_missing_values_are_left_out() -> None:
    lonely = digest(
        {"new": 1, "at_risk": 1, "delivered": 1},
        carrier=None, country=None, amount_at_stake=None, days_over=None, days_left=None, resolution=None,
    )  # fmt: skip
    lines = [section.splitlines()[1] for section in sections(render(lonely))[1:4]]
    assert lines == [
        "• *new-0* delivery_7d · warning",
        "• *at_risk-0* delivery_7d",
        "• *delivered-0* no longer broken · delivery_7d",
    ]


def test_a_hundred_thousand_breaches_fit() -> None:
    assert fits(render(digest({"new": 60_000, "reminded": 40_000})))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_data_fits_and_calls_nobody(text: str) -> None:
    payload = render(digest(None, (text, text), **dict.fromkeys(TEXT_FIELDS, text)))
    assert fits(payload)
    for block in payload["blocks"][1:]:
        for shown in [block["text"]] if block["type"] == "section" else block["elements"]:
            assert shown["verbatim"] is True
            without_link = shown["text"].replace(f"<{escape(ANSWERS.link)}|Answer in Prefect>", "")
            assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", without_link)
            for line in without_link.splitlines():
                assert not re.search(r"[\x00-\x1f\x7f\u2028\u202e]", line)
    assert payload["unfurl_links"] is payload["unfurl_media"] is False


def test_a_link_cannot_end_early() -> None:
    broken = replace(ANSWERS, link="https://example.com/a|b>c<!here>")
    assert "<https://example.com/a%7Cb&gt;c&lt;!here&gt;|Answer in Prefect>" in sections(
        render(replace(digest(), answers=broken))
    )[-1]  # fmt: skip


def test_a_notice_says_all_it_has() -> None:
    payload = render(notice("volume: <orders> halved", "late: no orders of today"))
    assert payload["text"] == notice().subject
    paragraphs, reasons = sections(payload)
    assert paragraphs.splitlines() == [
        "The data cannot be judged by",
        "No SLA digest was sent.",
        "Once the data is right, run again.",
    ]
    assert reasons.splitlines() == [
        "*Reasons*",
        "• volume: &lt;orders&gt; halved",
        "• late: no orders of today",
    ]
    assert fits(payload)


def test_a_notice_with_many_reasons_fits() -> None:
    payload = render(notice(*["&" * 1_000] * 500, "x"))
    assert fits(payload)
    *reasons, more = sections(payload)[-1].splitlines()[1:]
    assert more == f"… and {501 - len(reasons)} more"


def test_the_footer_names_the_digest() -> None:
    footer = render(digest())["blocks"][-1]
    assert footer["type"] == "context"
    assert (
        footer["elements"][0]["text"] == "Digest 2026-11-21/default/slack for default, as of 2026-11-21 (UTC)"
    )


def test_the_channel_renders_the_same_bytes_each_time() -> None:
    channel = SlackChannel("sla-slack")
    first = channel.render(digest(), "<id@order-monitoring>")
    assert first == channel.render(digest(), "<id@order-monitoring>")
    assert json.loads(first) == render(digest())
