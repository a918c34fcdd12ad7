import resource
import smtplib
import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.integration.local.stand_ins import START_SECONDS, StandIn, running

SENDER, RECIPIENT = "shop@example.com", "ops@example.com"


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with running("local.mailbox", tmp_path_factory.mktemp("mailbox data")) as stand_in:
        yield stand_in


@pytest.fixture
def smtp(mailbox: StandIn) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", mailbox.port, timeout=START_SECONDS) as client:
        yield client


@pytest.fixture
def outbox(mailbox: StandIn) -> Iterator[Path]:
    directory = mailbox.data_dir / "outbox"
    yield directory
    for file in directory.glob("*"):
        file.unlink()


def test_a_message_is_a_file_with_the_bytes_that_were_sent(smtp: smtplib.SMTP, outbox: Path) -> None:
    message = (
        b"Message-ID: <digest-1@example.com>\r\nSubject: =?utf-8?q?versp=C3=A4tet?=\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n\r\n.leading dot\r\n..\r\ncaf\xc3\xa9\r\n"
    )
    smtp.sendmail(SENDER, [RECIPIENT], message)
    (file,) = outbox.glob("*")
    assert file.read_bytes() == message
    assert file.name.endswith("Z-digest-1@example.com.eml")


def test_a_multipart_message_reads_back_unchanged(smtp: smtplib.SMTP, outbox: Path) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, RECIPIENT, "2 orders are late"
    message.set_content("plain ünïcode")
    message.add_alternative("<p>rich ünïcode</p>", subtype="html")
    smtp.send_message(message)
    (file,) = outbox.glob("*.eml")
    read = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert [part.get_content_type() for part in read.iter_parts()] == ["text/plain", "text/html"]
    assert read.get_body(("plain",)).get_content() == "plain ünïcode\r\n"


@pytest.mark.parametrize(
    "identity", ["<../../../../tmp/escaped>", "</etc/passwd>", "<.hidden>", "<>", "", "<é>"]
)
def test_a_message_id_cannot_choose_the_directory(smtp: smtplib.SMTP, outbox: Path, identity: str) -> None:
    smtp.sendmail(SENDER, [RECIPIENT], f"Message-ID: {identity}\r\n\r\nbody\r\n".encode())
    (file,) = outbox.parent.rglob("*.eml")
    assert file.parent == outbox
    assert not file.name.startswith(".")


def test_two_messages_with_one_message_id_are_two_files(smtp: smtplib.SMTP, outbox: Path) -> None:
    for body in (b"one", b"two"):
        smtp.sendmail(SENDER, [RECIPIENT], b"Message-ID: <same@example.com>\r\n\r\n" + body + b"\r\n")
    assert len(list(outbox.glob("*.eml"))) == 2


def test_internationalised_addresses_are_accepted(smtp: smtplib.SMTP, outbox: Path) -> None:
    smtp.sendmail(
        "jörg@example.com", ["zoë@example.com"], b"Subject: x\r\n\r\n\r\n", mail_options=["SMTPUTF8"]
    )
    assert len(list(outbox.glob("*.eml"))) == 1


def test_any_user_and_password_may_log_in(smtp: smtplib.SMTP, outbox: Path) -> None:
    smtp.login("anyone", "anything")
    smtp.sendmail(SENDER, [RECIPIENT], b"Subject: x\r\n\r\n\r\n")
    assert len(list(outbox.glob("*.eml"))) == 1


def test_a_message_beyond_32_mebibytes_is_refused(smtp: smtplib.SMTP, outbox: Path) -> None:
    too_large = b"Subject: x\r\n\r\n" + b"0123456789\r\n" * (33 * 1024 * 1024 // 12)
    with pytest.raises(smtplib.SMTPException) as refusal:
        smtp.sendmail(SENDER, [RECIPIENT], too_large)
    assert "552" in str(refusal.value)
    assert not list(outbox.glob("*"))


def test_a_full_disk_is_a_temporary_failure_and_leaves_no_file(tmp_path: Path) -> None:
    with running("local.mailbox", tmp_path) as stand_in:
        # a limit on the size of files fails a write just as a full disk does
        resource.prlimit(stand_in.process.pid, resource.RLIMIT_FSIZE, (1000, 1000))
        with smtplib.SMTP("127.0.0.1", stand_in.port, timeout=START_SECONDS) as client:
            with pytest.raises(smtplib.SMTPDataError) as failure:
                client.sendmail(SENDER, [RECIPIENT], b"Subject: x\r\n\r\n" + b"0123456789\r\n" * 1000)
            assert failure.value.smtp_code == 452
            assert not list((tmp_path / "outbox").glob("*"))
            client.sendmail(SENDER, [RECIPIENT], b"Subject: short\r\n\r\n\r\n")
        assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1


def test_a_message_cut_off_in_the_middle_is_not_delivered(mailbox: StandIn, outbox: Path) -> None:
    with socket.create_connection(("127.0.0.1", mailbox.port), timeout=START_SECONDS) as raw:
        raw.sendall(b"EHLO x\r\n")
        replies = raw.makefile("rb")
        for line in (b"MAIL FROM:<a@b.c>", b"RCPT TO:<d@e.f>", b"DATA"):
            raw.sendall(line + b"\r\n")
        while not replies.readline().startswith(b"354"):
            pass
        raw.sendall(b"Subject: half\r\n\r\nhalf a mess")
    with smtplib.SMTP("127.0.0.1", mailbox.port, timeout=START_SECONDS) as client:
        client.sendmail(SENDER, [RECIPIENT], b"Subject: whole\r\n\r\n\r\n")
    (file,) = outbox.glob("*")
    assert b"whole" in file.read_bytes()
