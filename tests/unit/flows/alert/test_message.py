import gzip
import re
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.alert.attachment import attach
from flows.alert.chart import draw
from flows.alert.digest import ALERTS, HISTORY, Answers
from tests.unit.flows.alert.mails import MESSAGE_ID, received, rich, sent
from tests.unit.flows.alert.pages import Page, html_of, text_of
from tests.unit.flows.alert.short_messages import HOSTILE, SOME, digest, notice

HEADERS = "Eve\r\nBcc: victim@example.com\r\n\r\nhello"
TEXT_COLUMNS = [
    name for name, kind in ALERTS.items() if kind == pl.String() and name not in ("section", "state")
]
SHOWN = ["order_id", "rule_description", "customer_id", "customer_name", "carrier", "country", "status"]


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
