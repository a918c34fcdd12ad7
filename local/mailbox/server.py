"""The SMTP side of the mailbox."""

import asyncio
import logging
import socket
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from local import service
from local.mailbox.delivery import OutboxFullError, deliver

SIZE_LIMIT = 32 * 1024 * 1024


class Outbox:
    """Answers 250 to a message only when its file is on the disk."""

    def __init__(self, directory: Path, *, verbose: bool) -> None:
        self.directory = directory
        self.verbose = verbose

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Deliver one message; a full disk is a temporary failure, which a client retries."""
        message = envelope.original_content or b""
        try:
            path = await asyncio.to_thread(deliver, message, self.directory)
        except OutboxFullError:
            return "452 4.3.1 Insufficient system storage"
        except OSError as error:
            return f"451 4.3.0 Cannot write to {self.directory}: {error.strerror}"
        if self.verbose:
            print(f"mailbox: {path.name} for {', '.join(envelope.rcpt_tos)}", file=sys.stderr, flush=True)
        return "250 2.0.0 Delivered"


def serve(claim: service.Claim, listener: socket.socket, outbox: Path, *, verbose: bool) -> None:
    """Receive messages on the listening socket until told to stop."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    asyncio.run(_serve(claim, listener, Outbox(outbox, verbose=verbose)))


async def _serve(claim: service.Claim, listener: socket.socket, handler: Outbox) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    service.stop_on_signals(lambda: _set_soon(loop, stopped))
    server = await loop.create_server(lambda: _protocol(handler), sock=listener)
    endpoint = claim.publish(listener.getsockname()[1])
    service.announce("mailbox", f"smtp://{endpoint}", handler.directory)
    await stopped.wait()
    server.close()


def _set_soon(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    loop.call_soon_threadsafe(event.set)


def _protocol(handler: Outbox) -> SMTP:
    return SMTP(
        handler,
        hostname="localhost",
        ident="local mailbox",
        data_size_limit=SIZE_LIMIT,
        enable_SMTPUTF8=True,
        # like the local warehouse, it takes any password: there is nothing to protect from its own user
        auth_require_tls=False,
        authenticator=lambda *_: AuthResult(success=True),
    )
