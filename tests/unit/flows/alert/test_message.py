import gzip
import random
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.alert.attachment import attach
from flows.alert.chart import describe, draw
from flows.alert.digest import ALERTS, HISTORY, Answers, Digest, Notice
from flows.alert.entries import WORST
from tests.unit.flows.alert.mails import MESSAGE_ID, RICH, received, rich, sent
from tests.unit.flows.alert.short_messages import HOSTILE, SOME, digest, notice

HEADERS = "Eve\r\nBcc: victim@example.com\r\n\r\nhello"
TEXT_COLUMNS = [
    name for name, kind in ALERTS.items() if kind == pl.String() and name not in ("section", "state")
]
SHOWN = ["order_id", "rule_description", "customer_id", "customer_name", "carrier", "country", "status"]
NUMBER = re.compile(r"[\d,.]*\d")


class Page(HTMLParser):
    """What a reader sees of a page, alternative texts included, and what it is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]
        self.words += [value or "" for name, value in attrs if name == "alt"]

    def handle_data(self, data: str) -> None:
        if self.get_starttag_text() != "<style>":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def text_of(mail: EmailMessage) -> str:
    return _content(mail, "plain")


def html_of(mail: EmailMessage) -> str:
    return _content(mail, "html")


def _content(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")


def bodies(message: Digest | Notice) -> tuple[str, str]:
    """Plain text, and what is seen of the HTML."""
    mail = received(message)
    return text_of(mail), Page(html_of(mail)).text


def shape(mail: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in mail.walk()]


# ---- how it is put together


def test_text_or_html_with_its_chart_are_offered_and_the_csv_is_attached() -> None:
    mail = received(rich())
    assert shape(mail) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "text/csv",
    ]
    related, image = list(mail.walk())[3], list(mail.walk())[5]
    assert related.get_param("type") == "text/html"
    assert image.get_content_disposition() == "inline"
    assert image["Content-ID"].startswith("<chart.")
    assert html_of(mail).count(f'src="cid:{image["Content-ID"][1:-1]}"') == 1
    (attachment,) = mail.iter_attachments()
    assert attachment.get_content_disposition() == "attachment"
    assert attachment.get_filename() == "sla-alerts-2026-11-21.csv"
    assert attachment.get_param("charset") == "utf-8"


def test_chart_and_attachment_arrive_as_they_were_made() -> None:
    message = rich()
    mail = received(message)
    (image,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert image.get_content() == draw(message.history, message.as_of)
    (attachment,) = mail.iter_attachments()
    assert attachment.get_payload(decode=True) == attach(message.alerts, message.as_of).content


def test_a_long_list_is_attached_as_gzip() -> None:
    (attachment,) = received(rich({"new": 1_000})).iter_attachments()
    assert attachment.get_content_type() == "application/gzip"
    assert attachment.get_filename() == "sla-alerts-2026-11-21.csv.gz"
    assert gzip.decompress(attachment.get_payload(decode=True)).count(b"\r\n") == 1_001


def test_a_history_without_breaches_has_no_chart_and_a_notice_has_neither_chart_nor_file() -> None:
    blank = received(replace(rich(), history=pl.DataFrame(schema=HISTORY)))
    assert shape(blank) == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/csv"]
    assert "<img" not in html_of(blank)
    assert shape(received(notice("late"))) == ["multipart/alternative", "text/plain", "text/html"]


def test_the_headers_are_complete_and_none_is_empty() -> None:
    for message in (rich(), notice("late")):
        mail = received(message, "ops@example.com", "boss@example.org")
        assert mail["Subject"] == message.subject
        assert [one.addr_spec for one in mail["To"].addresses] == ["ops@example.com", "boss@example.org"]
        assert [one.addr_spec for one in mail["From"].addresses] == ["shop@example.com"]
        assert mail["Message-ID"] == MESSAGE_ID
        assert mail["Auto-Submitted"] == "auto-generated"
        assert not {"cc", "bcc", "references", "list-id"} & {name.lower() for name in mail.keys()}  # noqa: SIM118
        for name in ("Subject", "From", "To", "Date", "Message-ID", "MIME-Version"):
            assert len(mail.get_all(name)) == 1
        assert all(str(value).strip() for part in mail.walk() for value in part.values())


def test_the_message_id_is_written_on_one_line() -> None:
    assert sent(rich()).as_bytes().count(f"Message-ID: {MESSAGE_ID}\n".encode()) == 1


def test_the_date_is_now_with_its_offset() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    written = parsedate_to_datetime(received(notice())["Date"])
    assert before <= written <= datetime.now(UTC)
    assert written.utcoffset() is not None


def test_the_same_message_differs_in_nothing_but_its_date() -> None:
    first, second = sent(rich()), sent(rich())
    second.replace_header("Date", first["Date"])
    assert first.as_bytes() == second.as_bytes()


def test_the_bytes_are_ascii_in_lines_smtp_allows_whatever_the_data() -> None:
    for text in (*HOSTILE, "é" * 5_000, "x" * 5_000):
        raw = sent(digest(SOME, **dict.fromkeys(TEXT_COLUMNS, text))).as_bytes(policy=policy.SMTP)
        assert max(map(len, raw.split(b"\r\n"))) <= 998
        assert raw.isascii()


def test_a_body_full_of_long_names_stays_small() -> None:
    kinds = ("new", "escalated", "reminded", "at_risk", "delivered")
    mail = received(digest(dict.fromkeys(kinds, 30), **dict.fromkeys(TEXT_COLUMNS, "W" * 500)))
    assert len(html_of(mail)) < 102_000  # where Gmail cuts a message off
    mail.clear_content()


# ---- what data can do to it


@pytest.mark.parametrize("name", TEXT_COLUMNS)
def test_data_cannot_add_headers_or_parts(name: str) -> None:
    plain, hostile = received(rich()), received(rich(**{name: HEADERS}))
    assert hostile.keys() == plain.keys()
    assert shape(hostile) == shape(plain)
    assert hostile["Subject"] == plain["Subject"]


def test_people_cannot_add_headers_or_lines() -> None:
    message = replace(rich(), audience=HEADERS, digest_id=HEADERS, explanation=(HEADERS,))
    mail = received(message)
    assert mail.keys() == received(rich()).keys()
    assert not re.search(r"^Bcc:", text_of(mail), re.MULTILINE)
    odd = replace(notice(HEADERS), subject=HEADERS, title=HEADERS, paragraphs=(HEADERS, HEADERS))
    mail = received(odd)
    assert mail["Subject"] == "Eve Bcc: victim@example.com hello"
    assert mail.keys() == received(notice()).keys()
    assert not re.search(r"^Bcc:", text_of(mail), re.MULTILINE)


@pytest.mark.parametrize("name", SHOWN)
def test_data_cannot_become_html(name: str) -> None:
    evil = '<script>alert("&")</script>'
    mail = received(rich(**{name: evil}))
    assert Page(html_of(mail)).tags == Page(html_of(received(rich(**{name: "x" * len(evil)})))).tags
    assert "&lt;script&gt;" in html_of(mail)
    assert evil in text_of(mail)


def test_explanations_reasons_and_links_cannot_become_html() -> None:
    evil = '"><script>alert(1)</script>'
    for message in (
        replace(rich(), explanation=(evil,), audience=evil, answers=Answers(evil, evil, f"https://x/{evil}")),
        replace(notice(evil), title=evil, paragraphs=(evil, evil), audience=evil),
    ):
        assert "script" not in Page(html_of(received(message))).tags


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_data_stays_on_its_lines(text: str) -> None:
    calm = text_of(received(digest(SOME, **dict.fromkeys(SHOWN, "calm"))))
    wild = text_of(received(digest(SOME, **dict.fromkeys(SHOWN, text))))
    assert len(wild.splitlines()) == len(calm.splitlines())


@settings(max_examples=30)
@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=200))
def test_any_text_arrives_without_a_defect(name: str, carrier: str, sentence: str) -> None:
    mail = received(
        digest({"new": 2, "delivered": 1}, (sentence,), order_id=name, carrier=carrier, resolution=name)
    )
    assert shape(mail) == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/csv"]
    received(replace(notice(name, carrier), subject=sentence))


# ---- what it says


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
