"""The e-mail channel: a standard message, handed to the server the stored block names."""

import re
import smtplib
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from prefect_email import EmailServerCredentials
from prefect_email.credentials import SMTPType

from blocks.names import EMAIL_BLOCK
from blocks.settings import is_loopback
from flows.alert.digest import Digest
from flows.errors import BlockError, DeliveryError, InputError, UnreachableError

TIMEOUT_SECONDS = 30
DEFAULT_SENDER = "order-monitoring@example.com"
_ATOM = r"[^@\s<>,;:()\"\\\[\]]"
_ADDRESS = re.compile(rf"(?![.]){_ATOM}+(?<![.])@(?![.]){_ATOM}+(?<![.])")


def parse_addresses(alert_to: str | Sequence[str]) -> list[str]:
    """One or several addresses, given as a list or as text separated by commas.

    Raises:
        InputError: there is none, or one cannot be an address.
    """
    texts = alert_to.split(",") if isinstance(alert_to, str) else list(alert_to)
    addresses = [text.strip() for text in texts if text.strip()]
    if not addresses:
        raise InputError("alert_to: give at least one e-mail address")
    for address in addresses:
        if not _is_address(address):
            raise InputError(f"alert_to: {address!r} is not an e-mail address (name@host)")
    return list(dict.fromkeys(addresses))


def _is_address(text: str) -> bool:
    return bool(_ADDRESS.fullmatch(text)) and ".." not in text


def sender_address(credentials: EmailServerCredentials, alert_from: str | None = None) -> str:
    """The address asked for, else the block's user name where it is one, else `DEFAULT_SENDER`.

    Raises:
        InputError: what was asked for is no address, or a real mail server would get the default one.
    """
    if alert_from:
        if not _is_address(alert_from):
            raise InputError(f"alert_from: {alert_from!r} is not an e-mail address (name@host)")
        return alert_from
    if credentials.username and _is_address(credentials.username):
        return credentials.username
    if not is_loopback(_host(credentials)):
        raise InputError(
            f"no sender for {address(credentials)}: set alert_from (ALERT_FROM on the command line), because "
            "the user name of the block is not an address"
        )
    return DEFAULT_SENDER


def compose(digest: Digest, sender: str, recipients: Sequence[str], message_id: str) -> EmailMessage:
    """A MIME message: plain text and HTML as alternatives, the whole list attached as CSV if there is one."""
    message = EmailMessage()
    message["Subject"] = digest.subject
    local_part, _, domain = sender.rpartition("@")
    message["From"] = Address("Order monitoring", local_part, domain)
    message["To"] = ", ".join(recipients)
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(digest.text, cte="quoted-printable")
    message.add_alternative(digest.html, subtype="html", cte="quoted-printable")
    if digest.attachment_name:
        message.add_attachment(
            digest.attachment_csv.encode("utf-8"),
            maintype="text",
            subtype="csv",
            filename=digest.attachment_name,
            params={"charset": "utf-8"},
        )
    return message


@contextmanager
def connect(credentials: EmailServerCredentials, block_name: str = EMAIL_BLOCK) -> Iterator[smtplib.SMTP]:
    """A session with the mail server, closed politely afterwards.

    Raises:
        BlockError: the block would talk to another machine without verified TLS.
        UnreachableError: nobody answers, TLS fails, or the login is refused.
    """
    block = f"email-server-credentials/{block_name}"
    _require_tls(credentials, block)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT_SECONDS)  # the block opens its socket without a timeout of its own
    try:
        server = credentials.get_server()
    except smtplib.SMTPAuthenticationError as error:
        raise UnreachableError(
            f"block {block}: {address(credentials)} refuses the login ({error.smtp_code}); "
            "check its user name and password, then `python -m blocks.register --overwrite`"
        ) from None
    except (OSError, smtplib.SMTPException) as error:
        raise UnreachableError(
            f"block {block}: no mail server answers at {address(credentials)} ({_reason(error)}); "
            "what was loaded stays loaded, the digest is sent by the next run once the server is back"
        ) from None
    finally:
        socket.setdefaulttimeout(before)
    try:
        yield server
    finally:
        with suppress(OSError, smtplib.SMTPException):
            server.quit()


def send(
    server: smtplib.SMTP, message: EmailMessage, sender: str, recipients: Sequence[str]
) -> dict[str, str]:
    """Hand the message over; returns the recipients the server refused, with its reasons.

    Raises:
        DeliveryError: nobody will receive it.
    """
    try:
        refused = server.send_message(message, from_addr=sender, to_addrs=list(recipients))
    except smtplib.SMTPRecipientsRefused as error:
        raise DeliveryError("the mail server refuses every recipient: " + _list(error.recipients)) from None
    except (OSError, smtplib.SMTPException) as error:
        raise DeliveryError(f"the mail server did not take the digest: {_reason(error)}") from None
    return {recipient: _answer(answer) for recipient, answer in refused.items()}


def address(credentials: EmailServerCredentials) -> str:
    """`host:port` of the block, for messages."""
    kind: Any = credentials.smtp_type
    return f"{_host(credentials)}:{credentials.smtp_port or kind.value}"


def _host(credentials: EmailServerCredentials) -> str:
    return str(getattr(credentials.smtp_server, "value", credentials.smtp_server))


def _require_tls(credentials: EmailServerCredentials, block: str) -> None:
    host = _host(credentials)
    if is_loopback(host):
        return
    if credentials.smtp_type == SMTPType.INSECURE or not credentials.verify:
        raise BlockError(
            f"block {block}: {host} is another machine, so it needs STARTTLS or SSL with verified "
            "certificates; change smtp_type and verify"
        )


def _list(refused: dict[str, tuple[int, bytes]]) -> str:
    return "; ".join(f"{recipient} ({_answer(answer)})" for recipient, answer in refused.items())


def _answer(answer: tuple[int, bytes]) -> str:
    code, text = answer
    return f"{code} {text.decode('utf-8', 'replace')}"


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _answer((error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b""))
    return " ".join(str(error).split()) or type(error).__name__
