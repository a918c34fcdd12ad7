import email
import re
from datetime import UTC, date, datetime
from email import policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from prefect_email import EmailServerCredentials

from flows.alert.digest import render
from flows.alert.ledger import Breach, Findings
from flows.alert.mail import DEFAULT_SENDER, compose, parse_addresses, sender_address
from flows.errors import InputError

MESSAGE_ID = "<sla.20260131.0123456789abcdef0123@example.com>"
HOSTILE = "Eve\r\nBcc: victim@example.com\r\n\r\nhello"


def findings(**text: str) -> Findings:
    values: dict[str, Any] = dict.fromkeys(Breach.__annotations__, "x") | {
        "order_date": datetime(2026, 1, 1),
        "breached_on": date(2026, 1, 9),
        "days_elapsed": 30,
        "days_over": 23,
        "amount_at_stake": None,
        "is_new": True,
    }
    return Findings(date(2026, 1, 31), [Breach(**values | text)], at_risk=2, resolved=1)


def received(recipients: tuple[str, ...] = ("ops@example.com",), **text: str) -> EmailMessage:
    """The message as its bytes read on the other side; a defect raises."""
    message = compose(render(findings(**text)), "shop@example.com", recipients, MESSAGE_ID)
    read = email.message_from_bytes(message.as_bytes(policy=policy.SMTP), policy=policy.strict)
    assert isinstance(read, EmailMessage)
    for part in read.walk():
        for value in part.values():
            assert value.defects == ()
        if not part.is_multipart():
            part.get_content()
    return read


def test_the_message_offers_text_or_html_and_attaches_the_csv() -> None:
    message = received()
    alternative, attachment = message.iter_parts()
    assert message.get_content_type() == "multipart/mixed"
    assert alternative.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in alternative.iter_parts()] == ["text/plain", "text/html"]
    assert attachment.get_content_type() == "text/csv"
    assert attachment.get_content_disposition() == "attachment"
    assert attachment.get_filename() == "sla-breaches-2026-01-31.csv"
    assert attachment.get_param("charset") == "utf-8"


def test_every_part_arrives_as_it_was_rendered() -> None:
    name = "Åsa 東京 " + "x" * 2_000
    digest = render(findings(customer_name=name))
    message = received(customer_name=name)
    (attachment,) = message.iter_attachments()
    assert message.get_body(("plain",)).get_content().splitlines() == digest.text.splitlines()
    assert message.get_body(("html",)).get_content().splitlines() == digest.html.splitlines()
    assert attachment.get_payload(decode=True) == digest.attachment_csv.encode()
    assert message["Subject"] == digest.subject


def test_no_line_is_longer_than_smtp_allows() -> None:
    message = compose(
        render(findings(customer_name="é" * 5_000, order_id="x" * 5_000)), "a@b.c", ["d@e.f"], MESSAGE_ID
    )
    assert max(map(len, message.as_bytes(policy=policy.SMTP).split(b"\r\n"))) <= 998


def test_the_headers_are_complete_and_none_is_empty() -> None:
    message = received(("ops@example.com", "boss@example.org"))
    assert [address.addr_spec for address in message["To"].addresses] == [
        "ops@example.com",
        "boss@example.org",
    ]
    assert [address.addr_spec for address in message["From"].addresses] == ["shop@example.com"]
    assert message["Message-ID"] == MESSAGE_ID
    assert message["Auto-Submitted"] == "auto-generated"
    assert "Cc" not in message
    assert "Bcc" not in message
    assert all(str(value).strip() for value in message.values())
    for name in ("Subject", "From", "To", "Date", "Message-ID", "MIME-Version"):
        assert len(message.get_all(name)) == 1


def test_the_date_is_now_with_its_offset() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    written = parsedate_to_datetime(received()["Date"])
    assert before <= written <= datetime.now(UTC)
    assert written.utcoffset() is not None


@pytest.mark.parametrize(
    "field", ["order_id", "customer_id", "customer_name", "product_name", "carrier", "status", "rule_id"]
)
def test_data_cannot_add_headers_or_parts(field: str) -> None:
    plain, hostile = received(), received(**{field: HOSTILE})
    assert hostile.keys() == plain.keys()
    assert hostile["Subject"] == plain["Subject"]
    assert len(list(hostile.walk())) == len(list(plain.walk()))


@pytest.mark.parametrize(
    ("alert_to", "addresses"),
    [
        ("ops@example.com", ["ops@example.com"]),
        (" ops@example.com , boss@example.org,", ["ops@example.com", "boss@example.org"]),
        (["ops@example.com", " boss@example.org "], ["ops@example.com", "boss@example.org"]),
        ("ops@example.com,ops@example.com", ["ops@example.com"]),
        ("first.last+tag@sub.example.com", ["first.last+tag@sub.example.com"]),
        ("root@localhost", ["root@localhost"]),
        ("jörg@example.com", ["jörg@example.com"]),
    ],
)
def test_addresses_come_as_text_or_list(alert_to: str | list[str], addresses: list[str]) -> None:
    assert parse_addresses(alert_to) == addresses


@pytest.mark.parametrize("alert_to", ["", " , ", [], ["", "  "]])
def test_no_address_at_all_is_refused(alert_to: str | list[str]) -> None:
    with pytest.raises(InputError, match="give at least one e-mail address"):
        parse_addresses(alert_to)


@pytest.mark.parametrize(
    "address",
    [
        "ops",
        "@example.com",
        "ops@",
        "ops@@example.com",
        "ops@example.com@example.com",
        "Ops <ops@example.com>",
        "ops @example.com",
        "ops@example.com;boss@example.com",
        "ops@example.com\r\nBcc: victim@example.com",
        "ops@example.com\nBcc:victim@example",
        "ops\x0b@example.com",
        "ops@exam\u2028ple.com",
    ],
)
def test_what_is_no_address_is_refused_and_named(address: str) -> None:
    with pytest.raises(InputError, match="is not an e-mail address") as refusal:
        parse_addresses(["boss@example.com", address])
    assert repr(address) in str(refusal.value)


@pytest.mark.parametrize(
    ("username", "sender"),
    [
        ("shop@example.org", "shop@example.org"),
        ("apikey", DEFAULT_SENDER),
        ("", DEFAULT_SENDER),
        (None, DEFAULT_SENDER),
        ("shop@example.org\r\nBcc: victim@example.com", DEFAULT_SENDER),
    ],
)
def test_the_sender_is_the_blocks_user_where_that_is_an_address(username: str | None, sender: str) -> None:
    assert sender_address(EmailServerCredentials(username=username, smtp_server="127.0.0.1")) == sender


def test_a_real_mail_server_never_gets_the_default_sender() -> None:
    credentials = EmailServerCredentials(username="apikey", smtp_server="smtp.example.org")
    with pytest.raises(InputError, match=r"no sender for smtp\.example\.org:465: set alert_from"):
        sender_address(credentials)
    assert sender_address(credentials, "shop@example.org") == "shop@example.org"
    with pytest.raises(InputError, match="alert_from: 'nobody' is not an e-mail address"):
        sender_address(credentials, "nobody")


def test_the_message_id_of_the_ledger_is_valid() -> None:
    assert re.fullmatch(r"<[\w.+-]+@[\w.-]+>", MESSAGE_ID)
    raw = compose(render(findings()), "shop@example.com", ["ops@example.com"], MESSAGE_ID).as_bytes()
    assert raw.count(f"Message-ID: {MESSAGE_ID}".encode()) == 1
