import email
import socket
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from email import policy
from pathlib import Path
from typing import Any

import pytest
from prefect_email import EmailServerCredentials

from flows.alert.digest import render
from flows.alert.ledger import Breach, Findings
from flows.alert.mail import compose, connect, send
from flows.errors import BlockError, DeliveryError, UnreachableError
from tests.integration.flows.mail_servers import (
    PASSWORD,
    USER,
    Certificate,
    Inbox,
    certificate_for,
    serving,
)

MESSAGE_ID = "<sla.20260131.0123456789abcdef0123@example.org>"
DIGEST = render(
    Findings(
        date(2026, 1, 31),
        [
            Breach(
                "delivery_7d", "warning", "team", "A-1", "C-1", "Åsa Öberg", "P-1", "Teapot",
                "NordPost", "FI", None, datetime(2026, 1, 1), "shipped",
                date(2026, 1, 9), 30, 23, Decimal("19.90"), True,
            )
        ],
        at_risk=0,
        resolved=0,
    )
)  # fmt: skip


def block(port: int, kind: str = "INSECURE", **fields: Any) -> EmailServerCredentials:
    return EmailServerCredentials(smtp_server="127.0.0.1", smtp_type=kind, smtp_port=port, **fields)


def deliver(credentials: EmailServerCredentials, *recipients: str) -> dict[str, str]:
    recipients = recipients or ("ops@example.com",)
    with connect(credentials) as server:
        return send(server, compose(DIGEST, USER, recipients, MESSAGE_ID), USER, recipients)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def plain(inbox: Inbox) -> Iterator[int]:
    with serving(inbox) as port:
        yield port


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate_for("127.0.0.1", tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """The certificate, as one the machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
    return certificate


@pytest.fixture
def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_message_arrives_byte_valid_with_its_envelope(plain: int, inbox: Inbox) -> None:
    assert deliver(block(plain), "ops@example.com", "boss@example.org") == {}
    (envelope,) = inbox.messages
    assert envelope.mail_from == USER
    assert envelope.rcpt_tos == ["ops@example.com", "boss@example.org"]
    raw = envelope.original_content
    assert raw.replace(b"\r\n", b"").count(b"\n") == raw.replace(b"\r\n", b"").count(b"\r") == 0
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    raw.split(b"\r\n\r\n", 1)[0].decode("ascii")
    message = email.message_from_bytes(raw, policy=policy.strict)
    assert message["Message-ID"] == MESSAGE_ID
    assert message["Subject"] == DIGEST.subject
    assert "Åsa Öberg" in message.get_body(("html",)).get_content()
    (attachment,) = message.iter_attachments()
    assert attachment.get_payload(decode=True) == DIGEST.attachment_csv.encode()


def test_starttls_with_a_trusted_certificate_encrypts_before_the_login(
    trusted: Certificate, inbox: Inbox
) -> None:
    with serving(inbox, starttls=trusted) as port:
        assert deliver(block(port, "STARTTLS", username=USER, password=PASSWORD)) == {}
    assert inbox.encrypted == [True]
    assert inbox.logins == [(USER, PASSWORD)]


def test_ssl_with_a_trusted_certificate_is_encrypted(trusted: Certificate, inbox: Inbox) -> None:
    with serving(inbox, ssl_from_start=trusted) as port:
        assert deliver(block(port, "SSL")) == {}
    assert inbox.encrypted == [True]


@pytest.mark.parametrize("kind", ["STARTTLS", "SSL"])
def test_a_certificate_nobody_vouches_for_is_refused_before_the_login(
    certificate: Certificate, inbox: Inbox, kind: str
) -> None:
    served = {"starttls": certificate} if kind == "STARTTLS" else {"ssl_from_start": certificate}
    with (
        serving(inbox, **served) as port,
        pytest.raises(UnreachableError, match=r"CERTIFICATE_VERIFY_FAILED") as error,
    ):
        deliver(block(port, kind, username=USER, password=PASSWORD))
    assert "block email-server-credentials/sla-email: no mail server answers at " in str(error.value)
    assert f"127.0.0.1:{port}" in str(error.value)
    assert inbox.logins == []


def test_a_certificate_of_another_host_is_refused(
    inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = certificate_for("mail.example.com", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(foreign.certificate))
    with serving(inbox, starttls=foreign) as port, pytest.raises(UnreachableError, match="mismatch"):
        deliver(block(port, "STARTTLS"))
    assert inbox.messages == []


def test_a_server_without_starttls_gets_neither_login_nor_message(plain: int, inbox: Inbox) -> None:
    with pytest.raises(UnreachableError, match="STARTTLS"):
        deliver(block(plain, "STARTTLS", username=USER, password=PASSWORD))
    assert inbox.logins == []
    assert inbox.messages == []


def test_nobody_listening_is_reported_with_block_and_address(free_port: int) -> None:
    with (
        pytest.raises(UnreachableError, match="Connection refused") as error,
        connect(block(free_port), "my-mail"),
    ):
        pass
    assert "block email-server-credentials/my-mail: no mail server answers at " in str(error.value)
    assert f"127.0.0.1:{free_port}" in str(error.value)


def test_a_refused_login_is_reported_without_the_password(plain: int, inbox: Inbox) -> None:
    wrong = "not the right password"
    with pytest.raises(UnreachableError, match=r"refuses the login \(535\)") as error:
        deliver(block(plain, username=USER, password=wrong))
    assert f"127.0.0.1:{plain}" in str(error.value)
    assert wrong not in str(error.value)
    assert inbox.logins[0] == (USER, wrong)
    assert inbox.messages == []


def test_a_refused_recipient_is_told_and_the_others_receive(plain: int, inbox: Inbox) -> None:
    refused = deliver(block(plain), "ops@example.com", "gone@example.com")
    assert refused == {"gone@example.com": "550 5.1.1 no such mailbox gone@example.com"}
    assert [envelope.rcpt_tos for envelope in inbox.messages] == [["ops@example.com"]]


def test_no_recipient_left_is_an_error_that_names_them(plain: int, inbox: Inbox) -> None:
    with pytest.raises(DeliveryError, match="refuses every recipient") as error:
        deliver(block(plain), "gone@example.com", "gone.too@example.com")
    for recipient in ("gone@example.com (550 5.1.1", "gone.too@example.com (550 5.1.1"):
        assert recipient in str(error.value)
    assert inbox.messages == []


@pytest.mark.parametrize("answer", ["452 4.3.1 mailbox full", "554 5.7.1 looks like spam"])
def test_a_refused_message_is_an_error_with_the_servers_words(plain: int, inbox: Inbox, answer: str) -> None:
    inbox.answer = answer
    with pytest.raises(DeliveryError, match=f"did not take the digest: {answer}"):
        deliver(block(plain))


def test_an_address_only_smtputf8_can_carry_is_a_delivery_error_where_it_cannot(plain: int) -> None:
    with pytest.raises(DeliveryError, match="SMTPUTF8"):
        deliver(block(plain), "jörg@example.com")


@pytest.mark.parametrize("fields", [{"smtp_type": "INSECURE"}, {"smtp_type": "SSL", "verify": False}])
def test_another_machine_without_verified_tls_is_never_talked_to(fields: dict[str, Any]) -> None:
    credentials = EmailServerCredentials(smtp_server="192.0.2.1", **fields)
    with pytest.raises(BlockError, match=r"192\.0\.2\.1 is another machine"), connect(credentials):
        pass


def test_the_process_wide_timeout_is_as_before_afterwards(plain: int, free_port: int) -> None:
    assert socket.getdefaulttimeout() is None
    with connect(block(plain)) as server:
        assert socket.getdefaulttimeout() is None
        assert server.sock.gettimeout() == 30
    with pytest.raises(UnreachableError), connect(block(free_port)):
        pass
    assert socket.getdefaulttimeout() is None
