"""One message, handed to a real mail server: what arrives, what is refused, and what may pass."""

import email
import socket
from collections.abc import Iterator
from datetime import date
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from prefect_email import EmailServerCredentials

from flows.alert.channels import Receipt
from flows.alert.channels.email import DEFAULT_SENDER, EmailChannel, readdress, sender_address
from flows.alert.channels.smtp import connect, send
from flows.alert.digest import Notice
from flows.errors import BlockError, DeliveryError, InputError, TemporaryDeliveryError
from tests.integration.flows.mail_servers import (
    DROP,
    PASSWORD,
    SILENCE,
    USER,
    Certificate,
    Fault,
    Inbox,
    certificate_for,
    serving,
)

MESSAGE_ID = "<sla.20260131.0123456789abcdef0123@example.org>"
ALL_CLEAR = Notice(
    digest_id="2026-01-31/default/email/all-clear",
    as_of=date(2026, 1, 31),
    audience="default",
    subject="[SLA] All clear, 31 Jan",
    title="All clear",
    paragraphs=("No promise is broken.",),
)
SOON = 0.2


def message() -> EmailMessage:
    """A message with what is hard to carry: dots, long lines, letters outside ASCII."""
    made = EmailMessage()
    made["Subject"] = "[SLA] 12 new · 140 open, 31 Jan"
    made["From"] = "Order monitoring <before@example.com>"
    made["To"] = "somebody.who.left@example.com, somebody.else@example.com"
    made["Message-ID"] = MESSAGE_ID
    made.set_content(".\n..\nÅsa Öberg\n" + "x" * 2_000, cte="quoted-printable")
    made.add_attachment(
        bytes(range(256)) * 40, maintype="application", subtype="gzip", filename="list.csv.gz"
    )
    return made


CONTENT = message().as_bytes()


def block(port: int, kind: str = "INSECURE", **fields: Any) -> EmailServerCredentials:
    return EmailServerCredentials(smtp_server="127.0.0.1", smtp_type=kind, smtp_port=port, **fields)


def deliver(
    credentials: EmailServerCredentials, *recipients: str, sender: str | None = USER, **timeouts: float
) -> Receipt:
    channel = EmailChannel(recipients or ("ops@example.com",), sender, credentials, **timeouts)
    return channel.deliver(CONTENT, MESSAGE_ID)


def received(inbox: Inbox) -> EmailMessage:
    (envelope,) = inbox.messages
    found = email.message_from_bytes(envelope.original_content, policy=policy.strict)
    assert isinstance(found, EmailMessage)
    return found


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
    receipt = deliver(block(plain), "ops@example.com", "boss@example.org")
    assert receipt == Receipt(["ops@example.com", "boss@example.org"], {})
    (envelope,) = inbox.messages
    assert envelope.mail_from == USER
    assert envelope.rcpt_tos == ["ops@example.com", "boss@example.org"]
    raw = envelope.original_content
    assert raw.replace(b"\r\n", b"").count(b"\n") == raw.replace(b"\r\n", b"").count(b"\r") == 0
    for part, kept in zip(received(inbox).walk(), message().walk(), strict=True):
        if not part.is_multipart():
            found, made = (one.get_payload(decode=True).replace(b"\r\n", b"\n") for one in (part, kept))
            assert found == made


def test_it_is_addressed_to_whom_the_channel_is_for_now_and_is_else_the_same(
    plain: int, inbox: Inbox
) -> None:
    deliver(block(plain), "corrected@example.com", sender="new@example.org")
    found = received(inbox)
    assert [(one.display_name, one.addr_spec) for one in found["From"].addresses] == [
        ("Order monitoring", "new@example.org")
    ]
    assert [one.addr_spec for one in found["To"].addresses] == ["corrected@example.com"]
    assert found["Message-ID"] == MESSAGE_ID
    assert sorted(found.keys()) == sorted(message().keys())
    assert found["Subject"] == message()["Subject"]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_readdressing_leaves_every_other_byte(line_end: bytes) -> None:
    head = [b"To: a@example.com,", b" b@example.com", b"X-To: me", b"FROM:", b" x@example.com"]
    content = line_end.join([*head, b"", b"To: is no header here", b"", b".", b""])
    assert readdress(content, "s@example.com", ["r@example.com"]) == (
        b"From: s@example.com\r\nTo: r@example.com\r\nX-To: me\r\n\r\nTo: is no header here\r\n\r\n.\r\n"
    )


def test_a_notice_is_rendered_for_its_recipients_and_arrives(plain: int, inbox: Inbox) -> None:
    channel = EmailChannel(["ops@example.com"], USER, block(plain))
    rendered = channel.render(ALL_CLEAR, MESSAGE_ID)
    assert f"Message-ID: {MESSAGE_ID}".encode() in rendered
    channel.deliver(rendered, MESSAGE_ID)
    found = received(inbox)
    assert (found["Subject"], found["To"], found["Message-ID"]) == (
        ALL_CLEAR.subject,
        "ops@example.com",
        MESSAGE_ID,
    )


def test_starttls_with_a_trusted_certificate_encrypts_before_the_login(
    trusted: Certificate, inbox: Inbox
) -> None:
    with serving(inbox, starttls=trusted) as port:
        deliver(block(port, "STARTTLS", username=USER, password=PASSWORD))
    assert inbox.encrypted == [True]
    assert inbox.logins == [(USER, PASSWORD)]


def test_ssl_with_a_trusted_certificate_is_encrypted(trusted: Certificate, inbox: Inbox) -> None:
    with serving(inbox, ssl_from_start=trusted) as port:
        deliver(block(port, "SSL"))
    assert inbox.encrypted == [True]


@pytest.mark.parametrize("kind", ["STARTTLS", "SSL"])
def test_a_certificate_nobody_vouches_for_may_be_mended_and_gets_no_login(
    certificate: Certificate, inbox: Inbox, kind: str
) -> None:
    served = {"starttls": certificate} if kind == "STARTTLS" else {"ssl_from_start": certificate}
    with (
        serving(inbox, **served) as port,
        pytest.raises(TemporaryDeliveryError, match=r"CERTIFICATE_VERIFY_FAILED") as error,
    ):
        deliver(block(port, kind, username=USER, password=PASSWORD))
    assert "block email-server-credentials/sla-email: no mail server answers at " in str(error.value)
    assert f"127.0.0.1:{port}" in str(error.value)
    assert inbox.logins == []


def test_a_certificate_of_another_host_may_be_mended(
    inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = certificate_for("mail.example.com", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(foreign.certificate))
    with serving(inbox, starttls=foreign) as port, pytest.raises(TemporaryDeliveryError, match="mismatch"):
        deliver(block(port, "STARTTLS"))
    assert inbox.messages == []


def test_a_server_without_starttls_gets_neither_login_nor_message(plain: int, inbox: Inbox) -> None:
    with pytest.raises(TemporaryDeliveryError, match="offers no encryption by STARTTLS"):
        deliver(block(plain, "STARTTLS", username=USER, password=PASSWORD))
    assert inbox.logins == []
    assert inbox.messages == []


def test_tls_that_the_server_cannot_do_now_may_pass(trusted: Certificate, inbox: Inbox) -> None:
    inbox.faults.append(Fault("STARTTLS", "454 4.7.0 TLS not available"))
    with (
        serving(inbox, starttls=trusted) as port,
        pytest.raises(TemporaryDeliveryError, match=r"does not let us in: 454 4\.7\.0 TLS not available"),
    ):
        deliver(block(port, "STARTTLS"))


def test_nobody_listening_may_pass_and_is_reported_with_block_and_address(free_port: int) -> None:
    with (
        pytest.raises(TemporaryDeliveryError, match="Connection refused") as error,
        connect(block(free_port), "my-mail"),
    ):
        pass
    assert "block email-server-credentials/my-mail: no mail server answers at " in str(error.value)
    assert f"127.0.0.1:{free_port}" in str(error.value)


def test_a_host_no_name_server_knows_may_pass() -> None:
    nowhere = EmailServerCredentials(smtp_server="mail.invalid", smtp_type="STARTTLS")
    with pytest.raises(TemporaryDeliveryError, match=r"no mail server answers at mail\.invalid:587"):
        deliver(nowhere)


STEPS = ["connect", "EHLO", "MAIL", "RCPT", "DATA", "message"]


@pytest.mark.parametrize("code", ["421", "450", "451", "452"])
@pytest.mark.parametrize("step", STEPS)
def test_a_4xx_answer_may_pass_at_every_step(plain: int, inbox: Inbox, step: str, code: str) -> None:
    inbox.faults += [Fault(step, f"{code} 4.3.2 try later"), Fault("HELO", f"{code} 4.3.2 try later")]
    with pytest.raises(TemporaryDeliveryError, match=f"{code} 4.3.2 try later"):
        deliver(block(plain))
    assert inbox.messages == []


@pytest.mark.parametrize("code", ["500", "550", "554"])
@pytest.mark.parametrize("step", STEPS)
def test_a_5xx_answer_is_final_at_every_step(plain: int, inbox: Inbox, step: str, code: str) -> None:
    inbox.faults += [Fault(step, f"{code} 5.7.1 never"), Fault("HELO", f"{code} 5.7.1 never")]
    with pytest.raises(DeliveryError, match=f"{code} 5.7.1 never") as error:
        deliver(block(plain))
    assert not isinstance(error.value, TemporaryDeliveryError)
    assert inbox.messages == []


@pytest.mark.parametrize("step", ["connect", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("what", [DROP, SILENCE])
def test_a_connection_lost_before_the_message_may_pass(
    plain: int, inbox: Inbox, step: str, what: str
) -> None:
    inbox.faults.append(Fault(step, what))
    with pytest.raises(TemporaryDeliveryError) as error:
        deliver(block(plain), timeout=SOON)
    assert "taken it" not in str(error.value)
    assert ("timed out" in str(error.value)) == (what == SILENCE)
    assert inbox.messages == []


@pytest.mark.parametrize(("step", "arrived"), [("body", 0), ("message", 1)])
@pytest.mark.parametrize("what", [DROP, SILENCE])
def test_a_connection_lost_in_the_message_may_pass_and_the_error_says_it_may_have_been_taken(
    plain: int, inbox: Inbox, step: str, what: str, arrived: int
) -> None:
    inbox.faults.append(Fault(step, what))
    with pytest.raises(TemporaryDeliveryError, match="so it may have taken it"):
        deliver(block(plain), acceptance_timeout=SOON)
    assert len(inbox.messages) == arrived


def test_the_server_may_think_about_a_message_longer_than_about_a_command(plain: int) -> None:
    with connect(block(plain), timeout=7) as server:
        assert server.sock.gettimeout() == 7
        send(server, CONTENT, USER, ["ops@example.com"], acceptance_timeout=70)
        assert server.sock.gettimeout() == 70


def test_lines_that_end_in_any_way_arrive_as_lines(plain: int, inbox: Inbox) -> None:
    with connect(block(plain)) as server:
        send(server, b"Subject: x\n\na\r.b\r\n..c\n.\nd", USER, ["ops@example.com"])
    (envelope,) = inbox.messages
    assert envelope.original_content == b"Subject: x\r\n\r\na\r\n.b\r\n..c\r\n.\r\nd\r\n"


def test_a_login_that_cannot_be_checked_now_may_pass(plain: int, inbox: Inbox) -> None:
    inbox.faults.append(Fault("AUTH", f"454 4.7.0 not now, {PASSWORD}", times=3))
    with pytest.raises(TemporaryDeliveryError, match=r"cannot check the login now \(454\)") as error:
        deliver(block(plain, username=USER, password=PASSWORD))
    assert PASSWORD not in str(error.value)


def test_a_refused_login_is_final_and_reported_without_the_password(plain: int, inbox: Inbox) -> None:
    wrong = "not the right password"
    with pytest.raises(
        DeliveryError, match=r"refuses the login \(535\); check its user name and pass"
    ) as error:
        deliver(block(plain, username=USER, password=wrong))
    assert not isinstance(error.value, TemporaryDeliveryError)
    assert f"127.0.0.1:{plain}" in str(error.value)
    assert wrong not in str(error.value)
    assert inbox.logins[0] == (USER, wrong)
    assert inbox.messages == []


@pytest.mark.parametrize("secret", ["correct-hörse", "correct\nhorse"])
def test_a_login_that_cannot_be_sent_is_final_and_not_shown(plain: int, secret: str, inbox: Inbox) -> None:
    with pytest.raises(DeliveryError) as error:
        deliver(block(plain, username=USER, password=secret))
    assert not isinstance(error.value, TemporaryDeliveryError)
    assert "rse" not in str(error.value)
    assert inbox.messages == []


def test_a_refused_recipient_is_told_and_the_others_receive(plain: int, inbox: Inbox) -> None:
    receipt = deliver(block(plain), "ops@example.com", "gone@example.com", "later@example.com")
    assert receipt.reached == ["ops@example.com"]
    assert receipt.refused == {
        "gone@example.com": "550 5.1.1 no such mailbox gone@example.com",
        "later@example.com": "450 4.2.0 greylisted later@example.com (for now, but it is not sent again)",
    }
    assert [envelope.rcpt_tos for envelope in inbox.messages] == [["ops@example.com"]]


def test_no_recipient_left_is_final_and_names_them(plain: int, inbox: Inbox) -> None:
    with pytest.raises(DeliveryError, match="refuses every recipient: ") as error:
        deliver(block(plain), "gone@example.com", "gone.too@example.com")
    assert not isinstance(error.value, TemporaryDeliveryError)
    for recipient in ("gone@example.com (550 5.1.1", "gone.too@example.com (550 5.1.1"):
        assert recipient in str(error.value)
    assert inbox.messages == []


def test_no_recipient_left_may_pass_where_one_is_only_greylisted(plain: int, inbox: Inbox) -> None:
    with pytest.raises(TemporaryDeliveryError, match=r"every recipient for now: gone.*550.*later.*450"):
        deliver(block(plain), "gone@example.com", "later@example.com")


def test_a_server_that_hangs_up_among_the_recipients_has_taken_nothing(plain: int, inbox: Inbox) -> None:
    inbox.faults += [Fault("RCPT", "250 fine"), Fault("RCPT", "421 4.3.2 closing")]
    with pytest.raises(TemporaryDeliveryError, match=r"hangs up: 421 4\.3\.2 closing"):
        deliver(block(plain), "ops@example.com", "boss@example.com")
    assert inbox.messages == []


def test_the_servers_words_are_one_short_printable_line(plain: int, inbox: Inbox) -> None:
    inbox.faults.append(Fault("MAIL", "554-5.7.1 \x1b[31mred\r\n554 5.7.1 " + "x" * 400))
    with pytest.raises(DeliveryError) as error:
        deliver(block(plain))
    assert str(error.value).isprintable()
    assert "554 5.7.1 [31mred 5.7.1 xxx" in str(error.value)
    assert len(str(error.value)) < 300


def test_an_address_only_smtputf8_can_carry_is_refused_where_it_cannot_and_the_others_receive(
    plain: int, inbox: Inbox
) -> None:
    receipt = deliver(block(plain), "jörg@example.com", "ops@example.com")
    assert receipt.reached == ["ops@example.com"]
    assert list(receipt.refused) == ["jörg@example.com"]
    assert [one.addr_spec for one in received(inbox)["To"].addresses] == ["ops@example.com"]
    with pytest.raises(DeliveryError, match=r"SMTPUTF8\): jörg@example\.com"):
        deliver(block(plain), "jörg@example.com")


def test_an_address_outside_ascii_is_reached_where_the_server_can(inbox: Inbox) -> None:
    with serving(inbox, smtputf8=True) as port:
        assert deliver(block(port), "jörg@example.com").reached == ["jörg@example.com"]
    (envelope,) = inbox.messages
    assert envelope.rcpt_tos == ["jörg@example.com"]
    assert "To: jörg@example.com\r\n".encode() in envelope.original_content


@pytest.mark.parametrize("fields", [{"smtp_type": "INSECURE"}, {"smtp_type": "SSL", "verify": False}])
def test_another_machine_without_verified_tls_is_never_talked_to(fields: dict[str, Any]) -> None:
    credentials = EmailServerCredentials(smtp_server="192.0.2.1", **fields)
    with pytest.raises(BlockError, match=r"192\.0\.2\.1 is another machine"):
        deliver(credentials)


def test_the_process_wide_timeout_is_as_before_afterwards(plain: int, free_port: int) -> None:
    assert socket.getdefaulttimeout() is None
    with connect(block(plain)) as server:
        assert socket.getdefaulttimeout() is None
        assert server.sock.gettimeout() == 30
    with pytest.raises(TemporaryDeliveryError), connect(block(free_port)):
        pass
    assert socket.getdefaulttimeout() is None


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
    credentials = EmailServerCredentials(username=username, smtp_server="127.0.0.1")
    assert sender_address(credentials) == sender
    assert EmailChannel(["ops@example.com"], block=credentials).domain == sender.rpartition("@")[2]


def test_a_real_mail_server_never_gets_the_default_sender() -> None:
    credentials = EmailServerCredentials(username="apikey", smtp_server="smtp.example.org")
    with pytest.raises(
        InputError, match=r"no sender for smtp\.example\.org:465: set `from` in aud.*ALERT_FROM"
    ):
        deliver(credentials, sender=None)
    assert sender_address(credentials, "shop@example.org") == "shop@example.org"
    with pytest.raises(InputError, match="alert_from: 'nobody' is not an e-mail address"):
        sender_address(credentials, "nobody")
    assert EmailChannel(["ops@example.com"], block=credentials).domain == "order-monitoring"
