"""A stretch of network between client and warehouse that sees every statement, and can be cut at one."""

import gzip
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LIMIT_SECONDS = 60
SESSION_GONE = json.dumps(
    {
        "success": False,
        "code": "390111",
        "message": "Session no longer exists. New login required to access the service.",
        "data": None,
    }
).encode()


@dataclass
class Cut:
    """Cut the connection at the first statement that begins with `statement`.

    `when` is `before` (the warehouse never hears of it), `after` (it answers, and the answer is lost) or
    `gone` (the warehouse never hears of it, and the answer is that there is no such session any more).
    `meanwhile` is done then, before the client can notice. `contains` is text that is anywhere in it.
    """

    statement: str
    when: str
    meanwhile: Callable[[], object] = lambda: None
    done: bool = False
    contains: str = ""

    def is_at(self, statement: str) -> bool:
        """Whether this is the statement."""
        return statement.startswith(self.statement) and self.contains in statement


@dataclass
class Network:
    """What went over it: login requests and statements, in order; and where it is to be cut."""

    warehouse_port: int
    port: int = 0
    logins: list[dict[str, Any]] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)

    def cut_at(self, path: str, body: bytes) -> Cut | None:
        """Note a request; the cut that is due, if any."""
        if path.startswith("/session/v1/login-request"):
            self.logins.append(json.loads(gzip.decompress(body))["data"])
        if not path.startswith("/queries/v1/query-request"):
            return None
        text = json.loads(gzip.decompress(body))["sqlText"].lower()
        statement = "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip()
        self.statements.append(statement)
        due = [cut for cut in self.cuts if not cut.done and cut.is_at(statement)]
        if not due:
            return None
        due[0].done = True
        return due[0]


@contextmanager
def network_to(warehouse_port: int) -> Iterator[Network]:
    """Listen on a port of its own and pass everything on."""
    network = Network(warehouse_port)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def setup(self) -> None:
            super().setup()
            # one for one, because the warehouse takes a client without a connection for dead
            self.upstream = http.client.HTTPConnection("127.0.0.1", warehouse_port, timeout=LIMIT_SECONDS)

        def finish(self) -> None:
            self.upstream.close()
            super().finish()

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            cut = network.cut_at(self.path, body)
            if cut and cut.when == "before":
                return self.hang_up(cut)
            if cut and cut.when == "gone":
                return self.answer(200, [("Content-Type", "application/json")], SESSION_GONE)
            try:
                status, headers, answer = self.ask(body)
            except (OSError, http.client.HTTPException):
                self.close_connection = True  # the warehouse is gone, and so is this connection
                return None
            if cut:
                return self.hang_up(cut)
            return self.answer(status, headers, answer)

        def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            if not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers):
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        do_GET = do_POST = do_PUT = pass_on

        def ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            self.upstream.request(self.command, self.path, body, dict(self.headers))
            answer = self.upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()

        def hang_up(self, cut: Cut) -> None:
            cut.meanwhile()
            self.close_connection = True

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    network.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield network
    finally:
        server.shutdown()
        server.server_close()
        thread.join(LIMIT_SECONDS)
