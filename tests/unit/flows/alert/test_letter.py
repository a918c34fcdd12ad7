import random
import re
from dataclasses import replace
from datetime import datetime

import pytest

from flows.alert.attachment import attach
from flows.alert.chart import describe
from flows.alert.digest import Digest, Notice
from flows.alert.entries import WORST
from tests.unit.flows.alert.mails import RICH, received, rich
from tests.unit.flows.alert.pages import Page, bodies, html_of, text_of
from tests.unit.flows.alert.short_messages import SOME, digest, notice

NUMBER = re.compile(r"[\d,.]*\d")
DIGESTS = [
    rich(),
    rich({"new": 1}),
    rich({"new": 1_200, "delivered": 900}),
    rich({"acknowledged": 3, "cancelled": 2}),
    rich(RICH | {"escalated": 60, "reminded": 45, "at_risk": 33}),
    digest(SOME),
    digest({"at_risk": 3}),
]


@pytest.mark.parametrize("message", [*DIGESTS, notice("late: 3 days without rows, 0 to 1 are usual")])
def test_the_plain_text_has_every_number_of_the_html(message: Digest | Notice) -> None:
    text, html = (set(NUMBER.findall(body)) for body in bodies(message))
    assert html <= text
    assert len(html) > 3


def test_the_plain_text_has_every_number_of_digests_drawn_at_random() -> None:
    draw_ = random.Random(7)
    for _ in range(5):
        message = rich({kind: draw_.choice([0, 1, 19, 20, 21, 300]) for kind in RICH} | {"new": 1})
        text, html = (set(NUMBER.findall(body)) for body in bodies(message))
        assert html <= text


def test_both_bodies_have_every_count_and_what_is_at_stake() -> None:
    for body in bodies(digest(SOME)):
        for number in ("7", "11", "13", "17", "19", "52", "23", "29", "31", "37", "99", "122,215.50"):
            assert re.search(rf"(?<![\d,.]){re.escape(number)}(?![\d,]|\.\d)", body), number
        assert "29 cancelled, 23 delivered" in body


def test_the_bodies_show_the_worst_of_each_section_and_count_the_others() -> None:
    message = digest({"new": 1_234, "escalated": 21, "reminded": 20, "at_risk": 3, "delivered": 25})
    worst = {"new": WORST, "escalated": WORST, "reminded": 20, "at_risk": 3, "delivered": WORST}
    shown = [f"{kind}-{number}" for kind, count in worst.items() for number in range(count)]
    for body in bodies(message):
        assert re.findall(r"(?:new|escalated|reminded|at_risk|delivered)-\d+", body) == shown
        assert re.findall(r"and ([\d,]+) more in the attachment", body) == ["1,214", "1", "5"]


def test_sections_without_alerts_are_left_out() -> None:
    for body in bodies(digest({"new": 2})):
        assert "Newly at risk" not in body
        assert "NEWLY AT RISK" not in body
        assert "more in the attachment" not in body


@pytest.mark.parametrize(
    ("kinds", "headline"),
    [
        ({"new": 1, "escalated": 2}, "1 new breach, 3 open"),
        ({"escalated": 2, "delivered": 1}, "2 escalated, 2 open"),
        ({"delivered": 1_000}, "1,000 resolved, 0 open"),
        ({"at_risk": 3}, "3 newly at risk, 0 open"),
        ({"reminded": 4}, "4 open"),
    ],
)
def test_the_headline_is_what_is_news_and_what_is_open(kinds: dict[str, int], headline: str) -> None:
    mail = received(digest(kinds))
    assert text_of(mail).startswith(f"{headline}\n")
    assert f">{headline}</h1>" in html_of(mail)


def test_each_section_says_what_matters_about_its_alerts() -> None:
    one_each = dict.fromkeys(("new", "escalated", "reminded", "at_risk", "cancelled"), 1)
    opened = {"opened_on": datetime(2026, 11, 3).date()}
    text, html = bodies(digest(one_each, **opened, acknowledged_by="Maija"))
    for body in (text, html):
        assert body.count("13 days over") == 3
        assert body.count("open for 18 days, since 3 Nov") == 2
        assert "escalated to lead-team" in body
        assert body.count("acknowledged by Maija") == 3
        assert "2 days left" in body
        assert body.count("Not delivered within 7 days of the order") == 5
        assert "NordPost to FI" in body
        assert "ordered 1 Nov 2026" in body
    assert re.search(r"^cancelled-0  cancelled  1,234.50$", text, re.MULTILINE)


def test_alerts_without_names_or_amounts_are_told_without_them() -> None:
    unknown = dict.fromkeys(
        ("customer_id", "customer_name", "carrier", "country", "shipping_tier", "status", "order_date",
         "amount_at_stake", "days_over", "days_left", "opened_on", "rule_description", "resolution")
    )  # fmt: skip
    for body in bodies(digest(SOME, **unknown)):
        assert "None" not in body
        assert "delivery_7d" in body
        assert "no longer broken" in body
        assert "0.00 at stake" in body


def test_both_bodies_have_the_commands_and_the_link() -> None:
    message = digest(SOME)
    text, html = bodies(message)
    for body in (text, html):
        assert message.answers.acknowledge in body
        assert message.answers.snooze in body
    page = Page(html_of(received(message)))
    assert ("href", message.answers.link) in page.attributes
    assert message.answers.link in text
    unlinked = replace(message, answers=replace(message.answers, link=None))
    assert "In Prefect" not in " ".join(bodies(unlinked))


def test_both_bodies_have_the_explanation_the_chart_in_words_and_what_is_attached() -> None:
    message = rich()
    for body in bodies(message):
        for sentence in message.explanation:
            assert sentence in body
        assert describe(message.history, message.as_of) in body
        assert attach(message.alerts, message.as_of).note in body
        assert message.digest_id in body


def test_a_notice_says_why_in_both_bodies() -> None:
    message = notice("stale: no orders for 2 days", "volume: 12 rows")
    for body in bodies(message):
        for said in (message.title, *message.paragraphs, *message.reasons, message.digest_id):
            assert said in body


# ---- what mail clients honour


UNSUPPORTED = {"script", "link", "iframe", "form", "input", "svg", "video", "object", "base"}


def test_the_html_keeps_to_what_mail_clients_honour() -> None:
    for message in (*DIGESTS, notice("late")):
        html = html_of(received(message))
        page = Page(html)
        assert not page.tags.keys() & UNSUPPORTED
        assert page.tags["style"] <= 1
        assert not re.search(r"display:\s*(flex|grid)|position:|float:|@import|url\(|var\(", html)
        assert ("name", "color-scheme") in page.attributes
        assert [name for name, _ in page.attributes if name.startswith("on")] == []


def test_the_html_loads_nothing_from_elsewhere() -> None:
    for message in (*DIGESTS, notice("late")):
        attributes = Page(html_of(received(message))).attributes
        assert all(value.startswith("cid:") for name, value in attributes if name == "src")
        assert not [value for name, value in attributes if "http" in value and name != "href"]
