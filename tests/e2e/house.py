"""A data directory, its environment, and the commands a user runs there."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import snowflake.connector

REPOSITORY = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 600


@dataclass
class Run:
    """A finished command."""

    status: int
    stdout: str
    stderr: str

    @property
    def summary(self) -> dict[str, Any]:
        """The JSON object on the last line of stdout."""
        assert self.status == 0, self.stderr
        return json.loads(self.stdout.splitlines()[-1])

    @property
    def error(self) -> str:
        """What was said from the first `error:` on."""
        return self.stderr[self.stderr.index("error: ") :]


@dataclass
class House:
    """A data directory and the environment its commands run in; nothing of the caller's leaks in."""

    root: Path
    variables: dict[str, str] = field(default_factory=dict)

    def environment(self, **more: str) -> dict[str, str]:
        """The commands' environment."""
        ours = ("SNOWFLAKE_", "SMTP_", "PREFECT_", "DBT_", "ORDERS_", "ORDER_", "ALERT_", "SLACK_", "TEAMS_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        home = {"HOME": str(self.root), "ORDERS_DATA_DIR": str(self.root / "data")}
        return inherited | home | self.variables | more

    def start(self, *command: str, **more: str) -> subprocess.Popen[str]:
        """Start a command in the repository."""
        return subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def python(self, *arguments: str, **more: str) -> Run:
        """Run this Python in the repository to its end."""
        return finish(self.start(sys.executable, *arguments, **more))

    def pipeline(self, *arguments: str, **more: str) -> Run:
        """`python flows/main.py … --json`."""
        return self.python("flows/main.py", "--orders-per-day", "34", *arguments, "--json", **more)

    @property
    def messages(self) -> list[Path]:
        """Messages in the outbox, oldest first."""
        return sorted((self.root / "data" / "outbox").glob("*.eml"))

    @contextmanager
    def warehouse(self) -> Iterator[snowflake.connector.SnowflakeConnection]:
        """A connection to the warehouse that runs on this house's data."""
        address = json.loads((self.root / "data" / "warehouse" / "server.json").read_text())
        connection = snowflake.connector.connect(
            account="local",
            user="u",
            password="p",
            database="ECOMMERCE_DB",
            protocol="http",
            host=address["host"],
            port=address["port"],
        )
        try:
            yield connection
        finally:
            connection.close()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of one statement."""
        with self.warehouse() as connection, connection.cursor() as cursor:
            return cursor.execute(sql).fetchall()


def finish(process: subprocess.Popen[str]) -> Run:
    """Wait for a command's end."""
    stdout, stderr = process.communicate(timeout=LIMIT_SECONDS)
    return Run(process.returncode, stdout, stderr)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
