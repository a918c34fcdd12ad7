"""A real HTTP server on loopback that takes messages, with or without TLS, and with faults."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.integration.flows.mail_servers import Certificate

LIMIT_SECONDS = 60
DROP, SILENCE, HALF = "drop", "silence", "half an answer"


@dataclass(frozen=True)
class Reply:
    """An answer. `body` may name the path that was asked for as {path}; `ending` may be one of the faults."""

    status: int = 200
    body: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)
    ending: str = ""


@dataclass(frozen=True)
class Request:
    """What arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Hook:
    """Answers with what is next in `replies`, and with 200 when nothing is left; keeps what it gets."""

    replies: list[Reply] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def host(self, scheme: str = "http") -> str:
        """The beginning of its URLs."""
        return f"{scheme}://127.0.0.1:{self.port}"


@contextmanager
def hooked(hook: Hook, certificate: Certificate | None = None) -> Iterator[Hook]:
    """Serve on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            hook.requests.append(Request(self.command, self.path, headers, body))
            reply = hook.replies.pop(0) if hook.replies else Reply()
            if reply.ending == SILENCE:
                hook.closing.wait(LIMIT_SECONDS)
            if reply.ending in (DROP, SILENCE):
                self.close_connection = True
                return
            answer = reply.body.format(path=self.path).encode()
            self.send_response_only(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer) * (2 if reply.ending == HALF else 1)))
            self.end_headers()
            self.wfile.write(answer)
            self.close_connection = True

        do_GET = do_POST = do_PUT = take

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_arguments: Any) -> None:
            """A client that hangs up is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    if certificate:
        # without a handshake at accept, which would hold up the only thread that accepts
        server.socket = certificate.server_context().wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        hook.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(LIMIT_SECONDS)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
