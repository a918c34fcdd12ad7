"""The wire between one client and the warehouse: it counts what is asked, and can hold one request still.

TCP connections are passed on one to one, so that each side notices at once when the other one dies.
"""

import gzip
import http.client
import json
import re
import socket
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from time import monotonic
from typing import Any

LIMIT_SECONDS = 120
LABEL_CHARACTERS = 80
_OPTIONS = re.compile(r" (file_format|auto_compress) .*")
_COMMENT = re.compile(r"--[^\n]*\n")
# literals, and what a batch calls its folder on the stage
_VARYING = re.compile(r"'[^']*'|(?<=@raw\.landing/)[^/]+/[0-9a-f]{12}(?=/)")
BEFORE, DURING, AFTER = "before", "during", "after"
AGAIN = "again for one file: "


@dataclass(frozen=True)
class Boundary:
    """One request of a load: what it says, and how many of the same came before it."""

    label: str
    earlier: int = 0

    def __str__(self) -> str:
        return f"{self.label} (no. {self.earlier + 1})" if self.earlier else self.label


@dataclass
class Hold:
    """Hold the client's request at the boundary until it is let go, and hang up on it then.

    `before`: the warehouse never hears of it. `after`: the warehouse has answered, the client never hears
    of it. `during`: the warehouse is told when `onward` is set, and is at work on it until `answered` is.
    """

    boundary: Boundary
    when: str
    reached: threading.Event = field(default_factory=threading.Event)
    onward: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)

    def wait_here(self) -> None:
        """Return when whoever watches has seen it, and has done what is to be done."""
        self.reached.set()
        self.let_go.wait(LIMIT_SECONDS)


@dataclass
class Request:
    """One request that came by, and the seconds until its answer."""

    boundary: Boundary
    seconds: float = 0.0


class Wire:
    """Where one client is to connect; what it asked, in order."""

    def __init__(self, warehouse_port: int, hold: Hold | None = None) -> None:
        self.port = 0
        self.requests: list[Request] = []
        self._warehouse_port = warehouse_port
        self._hold = hold
        self._upstreams: set[socket.socket] = set()
        self._lock = threading.Lock()

    def connect(self) -> http.client.HTTPConnection:
        """A connection with the warehouse, for one of the client's."""
        upstream = http.client.HTTPConnection("127.0.0.1", self._warehouse_port, timeout=LIMIT_SECONDS)
        upstream.connect()
        with self._lock:
            self._upstreams.add(upstream.sock)
        return upstream

    def hang_up(self) -> None:
        """The client is gone: so is each of its connections."""
        with self._lock:
            for upstream in self._upstreams:
                with suppress(OSError):
                    upstream.shutdown(socket.SHUT_RDWR)

    def note(self, method: str, target: str, body: bytes) -> tuple[Request, Hold | None]:
        """The request's entry, and the hold if this is where it is."""
        label = _label(method, target, body)
        if label is None:
            return Request(Boundary(f"{method} {target}")), None
        with self._lock:
            earlier = sum(request.boundary.label == label for request in self.requests)
            request = Request(Boundary(label, earlier))
            self.requests.append(request)
        held = self._hold if self._hold and self._hold.boundary == request.boundary else None
        return request, held


@contextmanager
def wired(warehouse_port: int, hold: Hold | None = None) -> Iterator[Wire]:
    """A wire to the warehouse at a port of its own."""
    wire = Wire(warehouse_port, hold)

    class Handler(_Handler):
        pass

    Handler.wire = wire
    with _Server(("127.0.0.1", 0), Handler) as server:
        wire.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield wire
        finally:
            if hold:
                hold.onward.set()
                hold.let_go.set()
            wire.hang_up()
            server.shutdown()
            thread.join(LIMIT_SECONDS)


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A side that went away is what this is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer leaves in one piece
    wire: Wire

    def handle(self) -> None:
        try:
            self.upstream = self.wire.connect()
        except OSError:
            return  # nobody there: the client is hung up on
        try:
            super().handle()
        except (OSError, http.client.HTTPException):
            pass  # one side is gone, and so the other one is hung up on
        finally:
            self.upstream.close()

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request, held = self.wire.note(self.command, self.path, body)
        if held and held.when == DURING:
            held.reached.set()
            held.onward.wait(LIMIT_SECONDS)
        elif held and held.when == BEFORE:
            held.wait_here()
            raise ConnectionAbortedError
        started = monotonic()
        try:
            self.upstream.request(self.command, self.path, body, dict(self.headers))
            answer = self.upstream.getresponse()
            content = answer.read()
        finally:
            request.seconds = monotonic() - started
            if held and held.when == DURING:
                held.answered.set()
                held.let_go.wait(LIMIT_SECONDS)
        if held:
            if held.when == AFTER:
                held.wait_here()
            raise ConnectionAbortedError
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = pass_on

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


def _label(method: str, target: str, body: bytes) -> str | None:
    """What a request is, without what differs from run to run; None for what is no step of a load."""
    url = urllib.parse.urlsplit(target)
    if url.path == "/queries/v1/query-request":
        content = json.loads(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
        said = " ".join(_COMMENT.sub("", content["sqlText"]).lower().split())
        # the connector asks for each file of a PUT where to upload it
        prefix = AGAIN if said.startswith("put ") and "*" not in said else ""
        return prefix + _VARYING.sub("…", _OPTIONS.sub("", said))[:LABEL_CHARACTERS]
    if method == "PUT":
        return "upload"
    if url.path == "/session/v1/login-request":
        return "login"
    if url.path == "/session" and "delete" in urllib.parse.parse_qs(url.query):
        return "logout"
    return None
