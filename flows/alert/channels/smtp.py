"""A session with the mail server that a block names, and one message handed over in it.

What may pass is told from what will not by the first digit of the server's answer (RFC 5321, 4.2.1): 5 is
final, everything else is worth another try, as are connections that fail.
"""

import re
import smtplib
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from prefect_email import EmailServerCredentials
from prefect_email.credentials import SMTPType

from blocks.names import EMAIL_BLOCK, EMAIL_TYPE
from blocks.settings import is_loopback
from flows.alert.wording import one_line
from flows.errors import BlockError, DeliveryError, PipelineError, TemporaryDeliveryError, printable

TIMEOUT_SECONDS = 30.0
# A server that has the whole message may take its time, and who hangs up too early gets it delivered twice.
# RFC 5321, 4.5.3.2.6 wants ten minutes; here that is what all tries together take.
ACCEPTANCE_SECONDS = 120.0
_MOST_WORDS = 200
_DONE, _WILL_FORWARD, _GO_ON, _CLOSING = 250, 251, 354, 421

Answer = tuple[int, bytes]


@contextmanager
def connect(
    credentials: EmailServerCredentials, block_name: str = EMAIL_BLOCK, timeout: float = TIMEOUT_SECONDS
) -> Iterator[smtplib.SMTP]:
    """A session with the mail server, closed politely afterwards.

    Args:
        credentials: the block.
        block_name: its name, for messages.
        timeout: seconds until a server that does not answer counts as one that is not there.

    Raises:
        BlockError: the block would talk to another machine without verified TLS.
        TemporaryDeliveryError: nobody answers, TLS fails, or the server has no time.
        DeliveryError: the server refuses the login, or us.
    """
    block = f"block {EMAIL_TYPE}/{block_name}"
    _require_tls(credentials, block)
    server = _opened(credentials, block, timeout)
    is_polite = False
    try:
        yield server
        is_polite = True
    except PipelineError:
        is_polite = True
        raise
    finally:
        # in the middle of a message, the server would take a goodbye for a part of it
        if is_polite:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
        server.close()


def send(
    server: smtplib.SMTP,
    content: bytes,
    sender: str,
    recipients: Sequence[str],
    acceptance_timeout: float = ACCEPTANCE_SECONDS,
) -> dict[str, str]:
    """Hand a message over; returns the recipients the server refused, with its words.

    `smtplib.SMTP.sendmail` is not used because it does not tell before which step a connection was lost.

    Args:
        server: a session.
        content: the message as bytes; its lines may end in any way.
        sender: where trouble is reported to.
        recipients: at least one.
        acceptance_timeout: seconds the server may take over the message once it has it.

    Raises:
        TemporaryDeliveryError: nobody took it, for a reason that may pass.
        DeliveryError: nobody took it, and nobody will.
    """
    try:
        options = _options(server, content, sender, recipients)
        _expect(server.mail(sender, options), f"the mail server refuses the sender {sender}")
        refused = _name_recipients(server, recipients)
        _expect(server.docmd("DATA"), "the mail server does not take the message", _GO_ON)
    except (OSError, smtplib.SMTPException) as error:
        raise _trouble(error, "the mail server did not take the message") from None
    try:
        if server.sock is not None:
            server.sock.settimeout(acceptance_timeout)
        server.send(_as_data(content))
        answer = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise TemporaryDeliveryError(
            "the mail server was lost while it was given the message, so it may have taken it: "
            + _reason(error)
        ) from None
    _expect(answer, "the mail server did not take the message")
    return refused


def address(credentials: EmailServerCredentials) -> str:
    """`host:port` of the block, for messages."""
    kind: Any = credentials.smtp_type
    return f"{host_of(credentials)}:{credentials.smtp_port or kind.value}"


def host_of(credentials: EmailServerCredentials) -> str:
    """The server the block names."""
    return str(getattr(credentials.smtp_server, "value", credentials.smtp_server))


def _require_tls(credentials: EmailServerCredentials, block: str) -> None:
    host = host_of(credentials)
    if is_loopback(host):
        return
    if credentials.smtp_type == SMTPType.INSECURE or not credentials.verify:
        raise BlockError(
            f"{block}: {host} is another machine, so it needs STARTTLS or SSL with verified certificates; "
            "change smtp_type and verify"
        )


def _opened(credentials: EmailServerCredentials, block: str, timeout: float) -> smtplib.SMTP:
    server = address(credentials)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(timeout)  # the block opens its socket without a timeout of its own
    try:
        session = credentials.get_server()
        session.ehlo_or_helo_if_needed()
        return session
    except smtplib.SMTPAuthenticationError as error:
        # without the server's words, which may repeat what it was told
        if not _is_final(error.smtp_code):
            message = f"{block}: {server} cannot check the login now ({error.smtp_code})"
            raise TemporaryDeliveryError(message) from None
        raise DeliveryError(
            f"{block}: {server} refuses the login ({error.smtp_code}); check its user name and password, "
            "then `python -m blocks.register --overwrite`"
        ) from None
    except smtplib.SMTPNotSupportedError as error:
        if "STARTTLS" in str(error):
            raise TemporaryDeliveryError(f"{block}: {server} offers no encryption by STARTTLS") from None
        raise DeliveryError(f"{block}: {server} takes no login, but the block has a user name") from None
    except smtplib.SMTPResponseException as error:
        raise _trouble(error, f"{block}: {server} does not let us in") from None
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        message = f"{block}: no mail server answers at {server} ({_reason(error)})"
        raise TemporaryDeliveryError(message) from None
    except smtplib.SMTPException:
        raise DeliveryError(f"{block}: {server} knows no way to log in that we know") from None
    except (UnicodeError, OverflowError):
        raise DeliveryError(
            f"{block}: its host, port, user name or password holds what cannot be sent; correct the block"
        ) from None
    finally:
        socket.setdefaulttimeout(before)


def _options(server: smtplib.SMTP, content: bytes, sender: str, recipients: Sequence[str]) -> list[str]:
    options = [f"SIZE={len(content)}"] if server.has_extn("size") else []
    if not "".join([sender, *recipients]).isascii():
        options += ["SMTPUTF8", "BODY=8BITMIME"]
    return options


def _name_recipients(server: smtplib.SMTP, recipients: Sequence[str]) -> dict[str, str]:
    """Those the server refuses, with its words."""
    refused: dict[str, Answer] = {}
    for recipient in recipients:
        answer = server.rcpt(recipient)
        if answer[0] not in (_DONE, _WILL_FORWARD):
            refused[recipient] = answer
        if answer[0] == _CLOSING:
            raise TemporaryDeliveryError(f"the mail server hangs up: {_words(answer)}")
    if len(refused) == len(recipients):
        said = "; ".join(f"{recipient} ({_words(answer)})" for recipient, answer in refused.items())
        if all(_is_final(code) for code, _ in refused.values()):
            raise DeliveryError(f"the mail server refuses every recipient: {said}")
        raise TemporaryDeliveryError(f"the mail server refuses every recipient for now: {said}")
    return {
        recipient: _words(answer) + ("" if _is_final(answer[0]) else " (for now, but it is not sent again)")
        for recipient, answer in refused.items()
    }


def _as_data(content: bytes) -> bytes:
    """The message as it goes over the wire: RFC 5321, 2.3.8 and 4.5.2."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", content).removesuffix(b"\r\n")
    return re.sub(rb"(?m)^\.", b"..", lines) + b"\r\n.\r\n"


def _expect(answer: Answer, refusal: str, code: int = _DONE) -> None:
    if answer[0] != code:
        kind = DeliveryError if _is_final(answer[0]) else TemporaryDeliveryError
        raise kind(f"{refusal}: {_words(answer)}")


def _trouble(error: Exception, what: str) -> DeliveryError:
    is_final = isinstance(error, smtplib.SMTPResponseException) and _is_final(error.smtp_code)
    return (DeliveryError if is_final else TemporaryDeliveryError)(f"{what}: {_reason(error)}")


def _is_final(code: int) -> bool:
    return 500 <= code <= 599


def _words(answer: Answer) -> str:
    code, text = answer
    return printable(one_line(f"{code} {text.decode('utf-8', 'replace')}", _MOST_WORDS))


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        return _words((error.smtp_code, words if isinstance(words, bytes) else words.encode()))
    return printable(one_line(str(error) or type(error).__name__, _MOST_WORDS))
