"""Servers started for one run: separate processes that end when it does."""

import atexit
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from flows import paths
from flows.errors import PipelineError
from local import service

START_SECONDS = 180
STOP_SECONDS = 20

_started: list[subprocess.Popen[bytes]] = []


class StandInError(PipelineError):
    """A local server does not start; the message is the server's own."""


class PrefectServer:
    """A temporary Prefect server on a free port, which is known before the server runs."""

    def __init__(self) -> None:
        try:
            self._listener = service.listen("Prefect server", 0)
        except service.ServiceError as error:
            raise StandInError(str(error)) from None
        self.api_url = f"http://{service.HOST}:{self._listener.getsockname()[1]}/api"
        self._process: subprocess.Popen[bytes] | None = None
        self._log = _log_file("prefect-server")

    def start(self) -> None:
        """Start it with the environment as it is now."""
        descriptor = self._listener.fileno()
        self._process = _spawn("prefect_server", ["--fd", str(descriptor)], self._log, pass_fds=(descriptor,))
        self._listener.close()

    def wait(self) -> None:
        """Return when it answers.

        Raises:
            StandInError: it ended, or does not answer in time.
        """
        try:
            # the connection waits in the listening socket's queue until the server accepts it
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with direct.open(f"{self.api_url}/health", timeout=START_SECONDS):
                return
        except OSError as error:
            raise StandInError(
                f"the temporary Prefect server did not start ({error}); see {self._log}"
            ) from None


class StandIn:
    """The local warehouse or mailbox: the one that runs on the data directory, or a new process.

    A port named in the environment is used as it is if something listens there.
    """

    def __init__(self, name: str, port_variable: str) -> None:
        self._name = name
        self._log = _log_file(name)
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        directory = paths.warehouse_dir() if name == "warehouse" else paths.data_dir() / name
        endpoint = service.running(directory)
        wanted = os.environ.get(port_variable, "").strip()
        if endpoint and wanted in ("", str(endpoint.port)):
            self._port = endpoint.port
        elif wanted.isdigit() and _listens(int(wanted)):
            self._port = int(wanted)
        else:
            self._process = _spawn(name, ["--port", wanted or "0", "--with-parent"], self._log)

    def port(self) -> int:
        """Where it listens; waits until it does.

        Raises:
            StandInError: it refused to start.
        """
        if self._process is None:
            return self._port
        assert self._process.stdout
        announced = self._process.stdout.readline().decode()
        if "listening on" not in announced:
            raise StandInError(self._complaint())
        return int(announced.split("listening on ")[1].split(",")[0].rsplit(":", 1)[1])

    def _complaint(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        said = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
        return said[-1] if said else f"the local {self._name} did not start; see {self._log}"


def _spawn(
    module: str, arguments: list[str], log: Path, pass_fds: tuple[int, ...] = ()
) -> subprocess.Popen[bytes]:
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", f"local.{module}", *arguments],
            cwd=paths.REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if pass_fds else subprocess.PIPE,  # the stand-ins announce themselves
            stderr=stderr,
            pass_fds=pass_fds,
        )
    if not _started:
        atexit.register(_stop_all)
    _started.append(process)
    return process


def _stop_all() -> None:
    """Ask all at once, then wait for each."""
    for process in _started:
        process.terminate()
    for process in _started:
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _log_file(name: str) -> Path:
    log = paths.data_dir() / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    return log


def _listens(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((service.HOST, port)) == 0
