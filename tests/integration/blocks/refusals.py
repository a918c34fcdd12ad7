"""A server between client and warehouse that refuses statements as Snowflake does where a grant is missing.

The stand-in has no roles: it allows everything. Here a statement that matches a pattern is never passed on,
and is answered with Snowflake's error; so is a login. Everything else is the stand-in's own answer.
"""

import gzip
import http.client
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LIMIT_SECONDS = 60
_FRAMING = ("content-length", "transfer-encoding", "connection")


@dataclass
class Refusal:
    """What is refused: statements that match `pattern` (any case), or with None, the login."""

    pattern: str | None
    message: str
    code: int = 3001
    state: str = "42501"

    @property
    def answer(self) -> bytes:
        """As Snowflake says it."""
        code = f"{self.code:06d}"
        return json.dumps(
            {
                "data": {"errorCode": code, "sqlState": self.state},
                "code": code,
                "message": self.message,
                "success": False,
            }
        ).encode()


def insufficient(pattern: str, what: str) -> Refusal:
    """The error of a role that may not."""
    message = f"SQL access control error:\nInsufficient privileges to operate on {what}"
    return Refusal(pattern, message)


def unknown(pattern: str) -> Refusal:
    """The error of what does not exist, or may not be known to exist."""
    message = "SQL compilation error:\nObject does not exist, or operation cannot be performed."
    return Refusal(pattern, message, 2043, "02000")


@dataclass
class Truth:
    """What a statement that matches `pattern` is answered with: one row, true or false."""

    pattern: str
    value: bool

    @property
    def answer(self) -> bytes:
        """As Snowflake says it, in JSON."""
        column = {"name": "FOUND", "type": "boolean", "nullable": True}
        column |= dict.fromkeys(("length", "byteLength", "precision", "scale"))
        rows = {"rowtype": [column], "rowset": [[str(int(self.value))]], "queryResultFormat": "json"}
        return json.dumps({"data": rows | {"total": 1, "returned": 1}, "success": True}).encode()


@dataclass
class Gate:
    """What is refused, or answered otherwise; and which statements came.

    `role` is what the server says after a login, as Snowflake does and the stand-in does not.
    """

    port: int = 0
    refusals: list[Refusal | Truth] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    role: str | None = None

    def refusal_of(self, path: str, body: bytes) -> Refusal | Truth | None:
        """Note a request; what it is answered with, if it is not passed on."""
        if path.startswith("/session/v1/login-request"):
            return next((refusal for refusal in self.refusals if refusal.pattern is None), None)
        if not path.startswith("/queries/v1/query-request"):
            return None
        statement = str(json.loads(gzip.decompress(body))["sqlText"])
        self.statements.append(statement)
        matching = (one for one in self.refusals if one.pattern and re.match(one.pattern, statement, re.I))
        return next(matching, None)


def _with_role(content: bytes, role: str) -> bytes:
    answer = json.loads(content)
    answer["data"]["sessionInfo"]["roleName"] = role
    return json.dumps(answer).encode()


@contextmanager
def gate_to(warehouse_port: int) -> Iterator[Gate]:
    """Listen on a port of its own until the block ends."""
    gate = Gate()

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
            refusal = gate.refusal_of(self.path, body)
            if refusal:
                return self.reply(200, {"Content-Type": "application/json"}, refusal.answer)
            try:
                self.upstream.request(self.command, self.path, body, dict(self.headers))
                answer = self.upstream.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException):
                self.close_connection = True  # the warehouse is gone, and so is this connection
                return None
            if gate.role and self.path.startswith("/session/v1/login-request"):
                content = _with_role(content, gate.role)
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _FRAMING}
            return self.reply(answer.status, kept, content)

        def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        do_GET = do_POST = do_PUT = pass_on

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    gate.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield gate
    finally:
        server.shutdown()
        server.server_close()
        thread.join(LIMIT_SECONDS)
