"""Run what is measured as a process of its own, on a data directory of its own."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic
from typing import Any

from flows.paths import REPOSITORY

LIMIT_SECONDS = 1800
_NOT_INHERITED = ("SNOWFLAKE_", "SMTP_", "PREFECT_", "DBT_", "ORDERS_", "ALERT_")


def run(
    script: str, *arguments: str, data_dir: Path | None = None, **variables: str
) -> tuple[float, dict[str, Any]]:
    """Wall-clock seconds of one run, and the JSON object on the last line it printed.

    Raises:
        RuntimeError: the script failed; with the end of what it said.
    """
    with tempfile.TemporaryDirectory(prefix="order-bench-") as fresh:
        root = data_dir or Path(fresh)
        own = {
            "ORDERS_DATA_DIR": str(root),
            "PREFECT_HOME": str(root / "bare-prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
            **variables,
        }
        seconds, output = timed([sys.executable, str(REPOSITORY / script), *arguments], REPOSITORY, **own)
    lines = output.strip().splitlines()
    return seconds, json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}


def timed(command: list[str], directory: Path, **variables: str) -> tuple[float, str]:
    """Wall-clock seconds of one command in `directory`, and what it printed.

    Raises:
        RuntimeError: the command failed; with the end of what it said.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    # what the run before left to the disk is not this one's to wait for
    os.sync()
    started = monotonic()
    done = subprocess.run(
        command,
        cwd=directory,
        env={**kept, "DO_NOT_TRACK": "1", **variables},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )
    seconds = monotonic() - started
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    return seconds, done.stdout
