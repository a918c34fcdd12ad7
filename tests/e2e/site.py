"""A site as an operator runs it: server, worker and stand-ins, each ended and started as a test likes."""

import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import psutil

from tests.e2e.house import REPOSITORY, House, Run, finish, free_port

T = TypeVar("T")

POOL = "order-monitoring"
LIMIT_SECONDS = 300.0
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def until(found: Callable[[], T | None], what: str, seconds: float = LIMIT_SECONDS) -> T:
    """What `found` finds, asked again and again until it finds something."""
    deadline, pause = monotonic() + seconds, threading.Event()
    while monotonic() < deadline:
        if (result := found()) is not None:
            return result
        pause.wait(0.1)
    raise AssertionError(f"{what}: not within {seconds:g} s")


class Site:
    """The processes of one site, by name: server, worker, warehouse, mailbox."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.elsewhere = root / "somewhere else"
        self.elsewhere.mkdir(parents=True)
        self._ports = {name: free_port() for name in ("server", "warehouse", "mailbox")}
        self.api_url = f"http://127.0.0.1:{self._ports['server']}/api"
        self.house = House(root, self._variables())
        self._running: dict[str, psutil.Popen] = {}

    def _variables(self) -> dict[str, str]:
        home = self.root / "prefect"
        return {
            "PREFECT_HOME": str(home),
            "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
            "PREFECT_API_URL": self.api_url,
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'server.db'}",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            # so that who is killed is missed within a minute, and who waits does not wait for long
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
            "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "2",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
            "DO_NOT_TRACK": "1",
            "ORDER_MONITORING_HOME": str(REPOSITORY),
            "SNOWFLAKE_PORT": str(self._ports["warehouse"]),
            "SMTP_PORT": str(self._ports["mailbox"]),
        }

    def _command(self, name: str) -> list[str]:
        prefect = [sys.executable, "-m", "prefect"]
        port = str(self._ports.get(name))
        return {
            "server": [*prefect, "server", "start", "--host", "127.0.0.1", "--port", port],
            "worker": [*prefect, "worker", "start", "--pool", POOL, "--type", "process", "--name", "one"],
            "warehouse": [sys.executable, "-m", "local.warehouse", "--port", port],
            "mailbox": [sys.executable, "-m", "local.mailbox", "--port", port],
        }[name]

    def start(self, *names: str) -> None:
        """Start these, and wait until each can be used."""
        for name in names:
            log = (self.root / f"{name}.log").open("ab")
            with log:
                self._running[name] = psutil.Popen(
                    self._command(name),
                    # the stand-ins are modules of the repository; a worker knows it by its variable alone
                    cwd=self.elsewhere if name == "worker" else REPOSITORY,
                    env=self.house.environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
        for name in names:
            until(lambda name=name: self._is_ready(name) or None, f"start of the {name}")

    def _is_ready(self, name: str) -> bool:
        assert self._running[name].is_running(), (self.root / f"{name}.log").read_text()[-2000:]
        if name == "server":
            return self._answers("/health")
        if name == "worker":
            workers = self.api(f"/work_pools/{POOL}/workers/filter", {}, missing=[])
            return any(worker["status"] == "ONLINE" for worker in workers)
        state = self.root / "data" / name / "server.json"
        return state.is_file() and json.loads(state.read_text())["pid"] == self._running[name].pid

    def stop(self, *names: str) -> None:
        """Ask these to end, and wait until they have."""
        for name in names:
            process = self._running.pop(name)
            process.terminate()
            process.wait(60)

    def kill(self, name: str, with_children: bool = True) -> None:
        """End it as a crash of the machine does, with what it started, or as a bug does, alone."""
        process = self._running.pop(name)
        victims = [process, *(process.children(recursive=True) if with_children else [])]
        for victim in victims:
            victim.kill()
        psutil.wait_procs(victims, 60)

    def close(self) -> None:
        """End everything."""
        for name in list(self._running):
            self.kill(name)

    def prefect(self, *arguments: str) -> str:
        """Run a command of Prefect's in the repository."""
        return self._succeeded(self.house.start(sys.executable, "-m", "prefect", "--no-prompt", *arguments))

    def python(self, *arguments: str) -> str:
        """Run this Python in the repository."""
        return self._succeeded(self.house.start(sys.executable, *arguments))

    @staticmethod
    def _succeeded(process: "subprocess.Popen[str]") -> str:
        done: Run = finish(process)
        assert done.status == 0, done.stdout + done.stderr
        return done.stdout

    def api(self, path: str, body: dict[str, Any] | None = None, missing: Any = None) -> Any:
        """The API's answer; `missing` where there is no such thing."""
        return self._asked("GET" if body is None else "POST", path, body, missing)

    def send(self, path: str, body: Any, method: str = "POST") -> None:
        """Hand the API something that it does not answer."""
        self._asked(method, path, body)

    def _asked(self, method: str, path: str, body: Any, missing: Any = None) -> Any:
        request = urllib.request.Request(
            self.api_url + path,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json"},
            method=method,
        )

        def answer() -> tuple[Any] | None:
            try:
                with _DIRECT.open(request, timeout=30) as response:
                    return (json.loads(response.read() or b"null"),)
            except urllib.error.HTTPError as error:
                if error.code == 503:  # its database is busy: the client asks again, and so does the UI
                    return None
                if error.code == 404 and missing is not None:
                    return (missing,)
                raise AssertionError(f"{path}: {error.code} {error.read()[:500]!r}") from None

        (found,) = until(answer, f"answer to {path}", 60)
        return found

    def deploy(self) -> None:
        """Deploy everything, and let nothing run but what a test asks for."""
        self.prefect("work-pool", "create", POOL, "--type", "process")
        self.python("-m", "blocks.register")
        self.prefect("deploy", "--all")
        for deployment in self.api("/deployments/filter", {}):
            for schedule in deployment["schedules"]:
                path = f"/deployments/{deployment['id']}/schedules/{schedule['id']}"
                self.send(path, {"active": False}, "PATCH")
        # a run that was due while all this was deployed would be in the way of those a test asks for
        scheduled = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
        for run in self.api("/flow_runs/filter", scheduled):
            self.send(f"/flow_runs/{run['id']}", None, "DELETE")

    def _answers(self, path: str) -> bool:
        try:
            with _DIRECT.open(self.api_url + path, timeout=5):
                return True
        except OSError:
            return False

    def run(self, deployment: str, **parameters: Any) -> str:
        """Ask for a run of a deployment, as the UI does; its id."""
        flow, name = deployment.split("/")
        found = self.api(f"/deployments/name/{flow}/{name}")
        created = self.api(f"/deployments/{found['id']}/create_flow_run", {"parameters": parameters})
        return str(created["id"])

    def state(self, run: str) -> dict[str, Any]:
        """A run's state: type, name, message."""
        return self.api(f"/flow_runs/{run}")["state"] or {"type": "NONE"}

    def ended(self, run: str, seconds: float = LIMIT_SECONDS) -> dict[str, Any]:
        """The state in which a run ends."""

        def final() -> dict[str, Any] | None:
            state = self.state(run)
            return state if state["type"] in FINAL else None

        return until(final, f"end of run {run}", seconds)

    def completed(self, *runs: str) -> None:
        """Wait until these have ended well."""
        for run in runs:
            state = self.ended(run)
            assert state["type"] == "COMPLETED", f"{state['message']}\n{self.log(run)}"

    def log(self, run: str) -> str:
        """What a run and its steps have logged."""
        ids = [run, *(child["id"] for child in self.steps(run))]
        lines = self.api("/logs/filter", {"logs": {"flow_run_id": {"any_": ids}}, "sort": "TIMESTAMP_ASC"})
        return "\n".join(line["message"] for line in lines)

    def says(self, run: str, words: str) -> None:
        """Wait until the log of a run has these words; it arrives a little after the run's end."""
        until(lambda: words in self.log(run) or None, f"{words!r} in the log of run {run}", 60)

    def steps(self, run: str) -> list[dict[str, Any]]:
        """The subflows of a run."""
        filters = {"flow_runs": {"parent_flow_run_id": {"any_": [run]}}, "limit": 100}
        return self.api("/flow_runs/filter", filters)

    def reaches(self, run: str, step: str) -> None:
        """Wait until a step of the run is at work; `step` is how its name begins."""

        def at_work() -> bool | None:
            assert self.state(run)["type"] not in FINAL, self.log(run)
            names = [one for one in self.steps(run) if one["name"].startswith(step)]
            return True if any(one["state"]["type"] == "RUNNING" for one in names) else None

        until(at_work, f"{step} of run {run}")
