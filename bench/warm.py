"""A run on a Prefect server that is up, against the same steps without; and the share of Prefect in a run."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figure import Figure, paired
from bench.processes import run, timed
from flows.paths import REPOSITORY

AS_OF = "2026-11-21"
DAYS, ORDERS_PER_DAY = 30, 34
ROUNDS = 5
PAIRS = 7
START_SECONDS = 180


def figures() -> list[Figure]:
    """A run over a plain script, both with the stand-ins up; and the share of Prefect in a warm process."""
    with _server() as api:
        flow, plain = paired(ROUNDS, lambda: _timed(api, "flow"), lambda: _timed(api, "plain"))
        inside = _inside(api)
    taken = {way: statistics.median(pair[way] for pair in inside) for way in ("flow", "plain")}
    return [
        Figure(
            "run on a running server, 1,000 orders, over a plain script",
            flow / plain,
            "×",
            1.4,
            f"{flow:.1f} s over {plain:.1f} s, imports and exit included; stand-ins up for both",
        ),
        Figure(
            "share of Prefect in a run, in a warm process",
            statistics.median(1 - pair["plain"] / pair["flow"] for pair in inside),
            "",
            0.15,
            f"median of {len(inside)} pairs; {taken['flow']:.2f} s with flows, tasks, artifacts and logs, "
            f"{taken['plain']:.2f} s the same functions without",
        ),
    ]


def _timed(api: str, way: str) -> float:
    """Wall-clock seconds of the process, on a shop of its own whose stand-ins are up."""
    with _shop(api) as variables:
        options = f"--as-of {AS_OF} --days {DAYS} --orders-per-day {ORDERS_PER_DAY} --json"
        script = {
            "flow": ["flows/main.py", *options.split()],
            "plain": ["bench/plain_script.py", AS_OF, str(DAYS), str(ORDERS_PER_DAY)],
        }[way]
        return run(*script, data_dir=Path(variables["ORDERS_DATA_DIR"]), **variables)[0]


def _inside(api: str) -> list[dict[str, float]]:
    """Seconds of the flow and of the plain functions, in turns in one process that is warm."""
    with _shop(api) as variables:
        script = ["bench/warm_work.py", AS_OF, str(DAYS), str(ORDERS_PER_DAY), str(PAIRS)]
        pairs: list[dict[str, float]] = run(
            *script, data_dir=Path(variables["ORDERS_DATA_DIR"]), **variables
        )[1]["pairs"]
        return pairs


@contextmanager
def _server() -> Iterator[str]:
    """A Prefect server of its own; yields the URL of its API."""
    with tempfile.TemporaryDirectory(prefix="order-bench-") as home:
        port = _free_port()
        variables = {
            "PREFECT_HOME": home,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_API_URL": "",
        }
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port"]
        api = f"http://127.0.0.1:{port}/api"
        with _process([*command, str(port)], variables):
            _until_it_answers(f"{api}/health")
            yield api


@contextmanager
def _shop(api: str) -> Iterator[dict[str, str]]:
    """A data directory whose stand-ins are up, and whose blocks the server has; yields the variables."""
    with tempfile.TemporaryDirectory(prefix="order-bench-") as directory:
        ports = {"warehouse": _free_port(), "mailbox": _free_port()}
        variables = {
            "ORDERS_DATA_DIR": directory,
            "PREFECT_API_URL": api,
            "SNOWFLAKE_PORT": str(ports["warehouse"]),
            "SMTP_PORT": str(ports["mailbox"]),
        }

        def stand_in(name: str) -> list[str]:
            return [sys.executable, "-m", f"local.{name}", "--port", str(ports[name])]

        with _process(stand_in("warehouse"), variables), _process(stand_in("mailbox"), variables):
            for name in ports:
                _until_there(Path(directory) / name / "server.json")
            timed([sys.executable, "-m", "blocks.register", "--overwrite"], REPOSITORY, **variables)
            yield variables


@contextmanager
def _process(command: list[str], variables: dict[str, str]) -> Iterator[None]:
    started = subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env=os.environ | {"DO_NOT_TRACK": "1"} | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        started.terminate()
        started.wait(60)


def _until_it_answers(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                json.loads(answer.read())
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"nothing answers at {url}")


def _until_there(file: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not file.is_file():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{file} did not come")
        time.sleep(0.05)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
