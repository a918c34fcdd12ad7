"""Start the stand-ins as real processes, each on a free port and a directory of its own."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import snowflake.connector
from snowflake.connector import SnowflakeConnection

REPOSITORY = Path(__file__).resolve().parents[3]
START_SECONDS = 60


@dataclass
class StandIn:
    process: subprocess.Popen[str]
    data_dir: Path
    port: int
    first_line: str

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(START_SECONDS)


def command(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def environment(data_dir: Path) -> dict[str, str]:
    return {**os.environ, "ORDERS_DATA_DIR": str(data_dir), "PYTHONPATH": str(REPOSITORY)}


def start(module: str, data_dir: Path, *arguments: str) -> StandIn:
    process = subprocess.Popen(
        command(module, "--port", "0", "--with-parent", *arguments),
        env=environment(data_dir),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline() if ready else ""
    assert "listening on" in line, f"{module} did not start: {line!r}"
    published = json.loads((data_dir / module.split(".")[-1] / "server.json").read_text())
    return StandIn(process, data_dir, published["port"], line)


@contextmanager
def running(module: str, data_dir: Path, *arguments: str) -> Iterator[StandIn]:
    stand_in = start(module, data_dir, *arguments)
    try:
        yield stand_in
    finally:
        if stand_in.process.poll() is None:
            stand_in.process.kill()
        stand_in.process.wait(START_SECONDS)
        assert stand_in.process.stdout
        stand_in.process.stdout.close()


def refused(module: str, data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a stand-in that is expected to say why it cannot start, and to exit."""
    return subprocess.run(
        command(module, *arguments),
        env=environment(data_dir),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


def connect_to(stand_in: StandIn, **overrides: Any) -> SnowflakeConnection:
    arguments: dict[str, Any] = {
        "account": "local",
        "user": "pipeline",
        "password": "any",
        "host": "127.0.0.1",
        "port": stand_in.port,
        "protocol": "http",
        "database": "ECOMMERCE_DB",
        "schema": "RAW",
        "network_timeout": START_SECONDS,
        "session_parameters": {"CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False},
    }
    return snowflake.connector.connect(**{**arguments, **overrides})
