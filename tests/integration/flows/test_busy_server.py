"""A Prefect server that answers, but only to say that it is too busy."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


class Busy(BaseHTTPRequestHandler):
    """Says so to whoever asks for anything."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def api_url() -> Iterator[str]:
    """The address of such a server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("command", ["register", "unregister", "check"])
def test_whoever_asks_it_is_told_in_one_line(api_url: str, data_dir: Path, command: str) -> None:
    asked_once = {"PREFECT_API_URL": api_url, "PREFECT_CLIENT_MAX_RETRIES": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "flows.watchdog", command],
        cwd=REPOSITORY,
        env=os.environ | asked_once,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode
    assert (
        done.stderr.strip().splitlines()[-1].startswith(f"error: the Prefect server at {api_url} was asked")
    )
    assert "Traceback" not in done.stderr
