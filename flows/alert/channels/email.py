"""The e-mail channel: a MIME message, handed to the server the stored block names."""

import re
from collections.abc import Sequence
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from functools import cached_property

from prefect_email import EmailServerCredentials

from blocks.load import load_email
from blocks.names import EMAIL_BLOCK
from blocks.settings import is_loopback
from flows.alert.channels import NO_DOMAIN, Receipt
from flows.alert.channels.smtp import (
    ACCEPTANCE_SECONDS,
    TIMEOUT_SECONDS,
    address,
    connect,
    host_of,
    send,
)
from flows.alert.digest import Digest, Notice
from flows.errors import BlockError, DeliveryError, InputError

DEFAULT_SENDER = "order-monitoring@example.com"
_ATOM = r"[^@\s\x00-\x1f\x7f<>,;:()\"\\\[\]]"
_ADDRESS = re.compile(rf"(?![.]){_ATOM}+(?<![.])@(?![.]){_ATOM}+(?<![.])")
_UNADDRESSABLE = "the server does not take addresses outside ASCII (SMTPUTF8)"


def is_address(text: str) -> bool:
    """Whether the text is a plain address, `name@host`."""
    return bool(_ADDRESS.fullmatch(text)) and ".." not in text


def sender_address(credentials: EmailServerCredentials, alert_from: str | None = None) -> str:
    """The address asked for, else the block's user name where it is one, else `DEFAULT_SENDER`.

    Raises:
        InputError: what was asked for is no address, or a real mail server would get the default one.
    """
    if alert_from:
        if not is_address(alert_from):
            raise InputError(f"alert_from: {alert_from!r} is not an e-mail address (name@host)")
        return alert_from
    if credentials.username and is_address(credentials.username):
        return credentials.username
    if not is_loopback(host_of(credentials)):
        raise InputError(
            f"no sender for {address(credentials)}: set `from` in audiences.toml, or alert_from (ALERT_FROM "
            "on the command line), because the user name of the block is not an address"
        )
    return DEFAULT_SENDER


class EmailChannel:
    """One audience's e-mail."""

    kind = "email"

    def __init__(
        self,
        recipients: Sequence[str],
        sender: str | None = None,
        block: EmailServerCredentials | str = EMAIL_BLOCK,
        timeout: float = TIMEOUT_SECONDS,
        acceptance_timeout: float = ACCEPTANCE_SECONDS,
    ) -> None:
        """What is used when there is something to send.

        Args:
            recipients: addresses.
            sender: by default the user name of the block.
            block: its name, or the block itself.
            timeout: see `channels.smtp.connect`.
            acceptance_timeout: see `channels.smtp.send`.
        """
        self.recipients = list(recipients)
        self._sender = sender
        self._block = block
        self._timeout = timeout
        self._acceptance_timeout = acceptance_timeout

    @property
    def domain(self) -> str:
        """That of the sender; a block that is missing now may be there when the message is sent."""
        return self._known_sender.rpartition("@")[2] if self._known_sender else NO_DOMAIN

    def render(self, message: Digest | Notice, message_id: str) -> bytes:
        """A MIME message."""
        # draws charts, which those who only deliver do not need
        from flows.alert.channels.message import compose

        return compose(message, self._known_sender or DEFAULT_SENDER, self.recipients, message_id).as_bytes()

    def deliver(self, content: bytes, message_id: str) -> Receipt:
        """Send a MIME message to whom this channel is for today, whoever it was composed for."""
        sender = sender_address(self._credentials, self._sender)
        name = self._block if isinstance(self._block, str) else EMAIL_BLOCK
        with connect(self._credentials, name, self._timeout) as server:
            known = self.recipients
            if not server.has_extn("smtputf8"):
                known = [recipient for recipient in known if recipient.isascii()]
                if not known or not sender.isascii():
                    outside = ", ".join(one for one in (sender, *self.recipients) if not one.isascii())
                    raise DeliveryError(f"{_UNADDRESSABLE}: {outside}")
            refused = {one: _UNADDRESSABLE for one in self.recipients if one not in known}
            addressed = readdress(content, sender, known)
            refused |= send(server, addressed, sender, known, self._acceptance_timeout)
        return Receipt([one for one in known if one not in refused], refused)

    @cached_property
    def _credentials(self) -> EmailServerCredentials:
        return load_email(self._block) if isinstance(self._block, str) else self._block

    @cached_property
    def _known_sender(self) -> str | None:
        if self._sender:
            return self._sender
        try:
            return sender_address(self._credentials)
        except (BlockError, InputError):
            return None


def readdress(content: bytes, sender: str, recipients: Sequence[str]) -> bytes:
    """The message from and to others. Everything else stays as it is, byte for byte; lines end in CR LF."""
    head, _, body = re.sub(rb"\r\n|\r|\n", b"\r\n", content).partition(b"\r\n\r\n")
    fields = [
        field
        for field in re.split(rb"\r\n(?![ \t])", head)
        if field.partition(b":")[0].strip().lower() not in (b"from", b"to")
    ]
    before = BytesHeaderParser(policy=policy.default).parsebytes(head)["From"]
    is_ascii = "".join([sender, *recipients]).isascii()
    fresh = EmailMessage(policy=policy.SMTP if is_ascii else policy.SMTPUTF8)
    fresh["From"] = _address(sender, before.addresses[0].display_name if before else "")
    fresh["To"] = tuple(_address(recipient) for recipient in recipients)
    addressed, _, _ = fresh.as_bytes().partition(b"\r\n\r\n")
    return b"\r\n".join([addressed, *fields, b"", body])


def _address(text: str, name: str = "") -> Address:
    local_part, _, domain = text.rpartition("@")
    return Address(name, local_part, domain)
