"""Real mail servers on loopback: plain, STARTTLS, SSL, with certificates of the tests' own, and faults."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "shop@example.org", "a mail password"


DROP, SILENCE = "drop", "silence"


@dataclass
class Fault:
    """What goes wrong at a step, the next `times` times that it is reached.

    `step` is `connect`, a command, `body` (the server has read the first line of a message) or `message` (it
    has all of it, and keeps it). `what` is an answer, `DROP` (the connection ends) or `SILENCE` (none comes).
    """

    step: str
    what: str
    times: int = 1


@dataclass
class Inbox:
    """Keeps what it accepts; refuses recipients whose name begins with `gone`, for now where with `later`."""

    messages: list[Envelope] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    answer: str = "250 2.0.0 taken"
    faults: list[Fault] = field(default_factory=list)
    connections: int = 0
    is_open: bool = False

    def fault_at(self, step: str) -> str | None:
        """What goes wrong now, if anything."""
        for fault in self.faults:
            if fault.step == step and fault.times:
                fault.times -= 1
                return fault.what
        return None

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("gone"):
            return f"550 5.1.1 no such mailbox {address}"
        if address.startswith("later"):
            return f"450 4.2.0 greylisted {address}"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        fault = self.fault_at("message")
        answer = self.answer if fault in (None, DROP, SILENCE) else fault
        if answer.startswith("250"):
            self.messages.append(envelope)
            self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        if fault in (DROP, SILENCE):
            await _leave(server, fault)
        return answer

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: LoginPassword
    ) -> AuthResult:
        self.logins.append((login.login.decode(), login.password.decode()))
        return AuthResult(success=self.logins[-1] == (USER, PASSWORD), handled=False)


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for one host."""

    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def certificate_for(host: str, directory: Path) -> Certificate:
    """Make a certificate that is valid now for `host`, a name or an address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test mail server")])
    alternative: x509.GeneralName
    try:
        alternative = x509.IPAddress(ip_address(host))
    except ValueError:
        alternative = x509.DNSName(host)
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    directory.mkdir(parents=True, exist_ok=True)
    made = Certificate(directory / "certificate.pem", directory / "key.pem")
    made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


async def _leave(server: SMTP, how: str) -> None:
    """Never returns: ends with the connection."""
    if how == DROP:
        server.transport.abort()
    await asyncio.Event().wait()


def _step(name: str) -> Any:
    async def command(server: "_FaultySMTP", argument: str) -> None:
        if not await server.fails_at(name):
            await getattr(SMTP, f"smtp_{name}")(server, argument)

    return command


class _FaultySMTP(SMTP):
    smtp_EHLO, smtp_HELO, smtp_STARTTLS, smtp_AUTH = map(_step, ("EHLO", "HELO", "STARTTLS", "AUTH"))
    smtp_MAIL, smtp_RCPT = map(_step, ("MAIL", "RCPT"))

    async def _handle_client(self) -> None:
        inbox = self.event_handler
        inbox.connections += inbox.is_open  # the controller itself connects when it starts
        if inbox.is_open and await self.fails_at("connect"):
            self.transport.close()
        else:
            await super()._handle_client()

    async def smtp_DATA(self, argument: str) -> None:
        if await self.fails_at("DATA"):
            return
        fault = self.event_handler.fault_at("body")
        if fault:
            await self.push("354 go on")
            await self._reader.readline()
            await _leave(self, fault)
        await super().smtp_DATA(argument)

    async def fails_at(self, step: str) -> bool:
        fault = self.event_handler.fault_at(step)
        if fault is None:
            return False
        if fault in (DROP, SILENCE):
            await _leave(self, fault)
        await self.push(fault)
        return True


class _Server(Controller):
    def factory(self) -> SMTP:
        return _FaultySMTP(self.handler, **self.SMTP_kwargs)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # the one it was given for port 0
        super()._trigger_server()


@contextmanager
def serving(
    inbox: Inbox,
    *,
    starttls: Certificate | None = None,
    ssl_from_start: Certificate | None = None,
    smtputf8: bool = False,
) -> Iterator[int]:
    """Serve on a free port of 127.0.0.1 and yield the port."""
    controller = _Server(
        inbox,
        hostname="127.0.0.1",
        port=0,
        ssl_context=ssl_from_start.server_context() if ssl_from_start else None,
        tls_context=starttls.server_context() if starttls else None,
        require_starttls=starttls is not None,
        authenticator=inbox.authenticate,
        auth_require_tls=False,
        enable_SMTPUTF8=smtputf8,
    )
    controller.start()
    inbox.is_open = True
    try:
        yield controller.port
    finally:
        controller.stop()
