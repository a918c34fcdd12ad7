"""The wire between a client and the mail server, which can hold a message half way, or its acceptance."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

LIMIT_SECONDS = 60
IN_THE_MIDDLE = "in the middle of DATA"
ACCEPTED = "after the server's yes"


@dataclass
class MailHold:
    """Hold the client's message half way to the server, or the server's yes on its way to the client."""

    when: str
    reached: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)

    def wait_here(self) -> None:
        """Return when whoever watches has done what is to be done."""
        self.reached.set()
        self.let_go.wait(LIMIT_SECONDS)


class _Handler(BaseRequestHandler):
    server_port: int
    hold: MailHold | None

    def handle(self) -> None:
        self.in_data = False
        with socket.create_connection(("127.0.0.1", self.server_port)) as upstream:
            back = threading.Thread(target=self._to_client, args=(upstream,), daemon=True)
            back.start()
            with suppress(OSError):
                self._to_server(upstream)
            with suppress(OSError):
                upstream.shutdown(socket.SHUT_RDWR)
            back.join(LIMIT_SECONDS)

    def _to_server(self, upstream: socket.socket) -> None:
        while chunk := self.request.recv(65536):
            if self.in_data and self.hold and self.hold.when == IN_THE_MIDDLE:
                upstream.sendall(chunk[: len(chunk) // 2])
                self.hold.wait_here()
                return
            upstream.sendall(chunk)

    def _to_client(self, upstream: socket.socket) -> None:
        with suppress(OSError):
            while chunk := upstream.recv(65536):
                if self.in_data and chunk.startswith(b"250") and self.hold and self.hold.when == ACCEPTED:
                    self.hold.wait_here()
                    break
                self.in_data = chunk.startswith(b"354")
                self.request.sendall(chunk)
        with suppress(OSError):
            self.request.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A side that went away is what this is for."""


@contextmanager
def mail_wired(server_port: int, hold: MailHold | None = None) -> Iterator[int]:
    """A wire to the mail server, at the port it yields."""

    class Handler(_Handler):
        pass

    Handler.server_port, Handler.hold = server_port, hold
    with _Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            if hold:
                hold.let_go.set()
            server.shutdown()
            thread.join(LIMIT_SECONDS)
