"""`python -m local.stack up|down`: a Prefect server with UI, a worker and the stand-ins, in the background.

The processes are the Procfile's, run by honcho. Their state is below `data_dir()`; the server's port is
`PREFECT_SERVER_API_PORT` (4200).
"""

import argparse
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import psutil

from flows import paths
from flows.prefect_api import isolated_environment
from local import service
from local.mailbox.__main__ import DEFAULT_PORT as LOCAL_MAILBOX_PORT
from local.warehouse.__main__ import DEFAULT_PORT as LOCAL_WAREHOUSE_PORT

START_SECONDS = 180
STOP_SECONDS = 30
POLL_SECONDS = 0.25


def up() -> None:
    """Start everything and return once it can be used.

    Raises:
        ServiceError: it runs already, a port is taken, or a process does not start.
    """
    with service.claimed("stack", _directory()):
        if _runner() is not None:
            raise service.ServiceError(f"everything is up already ({api_url()}); `make down` stops it")
        for name, port in _ports().items():
            _require_free(name, port)
        environment = _environment()
        log = _log()
        with log.open("wb") as output:
            runner = subprocess.Popen(
                # else honcho would read ./.env over the environment it is given
                [sys.executable, "-m", "honcho", "start", "--no-colour", "-e", os.devnull, "-f", "Procfile"],
                cwd=paths.REPOSITORY,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _pid_file().write_text(str(runner.pid))
        try:
            _wait_until_ready(runner)
            registered = subprocess.run(
                [sys.executable, "-m", "blocks.register"], cwd=paths.REPOSITORY, env=environment
            )
            if registered.returncode:
                raise service.ServiceError(
                    "the blocks could not be registered (see above); all is down again"
                )
        except BaseException:
            _end(runner.pid)
            raise
    binaries = Path(sys.executable).parent
    print(f"up: Prefect UI at {api_url().removesuffix('/api')}, log in {log}")
    print("Next:")
    print(f"  export PREFECT_API_URL={api_url()}")
    print("  make deploy")
    print(f"  {binaries / 'prefect'} deployment run ecommerce-pipeline/daily --watch")
    print("  make down")


def down() -> None:
    """Stop what `up` started; nothing running is no error."""
    runner = _runner()
    if runner is None:
        print("nothing is up")
        return
    _end(runner)
    print("down")


def _require_free(name: str, port: int) -> None:
    try:
        service.listen(name, port).close()
    except service.ServiceError as error:
        variable = {"warehouse": "SNOWFLAKE_PORT", "mailbox": "SMTP_PORT"}.get(
            name, "PREFECT_SERVER_API_PORT"
        )
        reason = str(error).split(";", 1)[0]
        raise service.ServiceError(f"{reason}; stop the program that uses it, or set {variable}") from None


def wait_for_server() -> None:
    """Return once the Prefect API answers.

    Raises:
        ServiceError: it does not in time.
    """
    deadline = monotonic() + START_SECONDS
    while monotonic() < deadline:
        if _answers(f"{api_url()}/health"):
            return
        sleep(POLL_SECONDS)
    raise service.ServiceError(f"no Prefect server answers at {api_url()}; see {_log()}")


def api_url() -> str:
    """URL of the API of the stack's own server."""
    return f"http://{service.HOST}:{_ports()['Prefect server']}/api"


def _ports() -> dict[str, int]:
    """Ports of what is started, by name.

    `SNOWFLAKE_PORT` and `SMTP_PORT` name the stand-ins' ports only where no real host is configured.
    """
    real_warehouse = os.environ.get("SNOWFLAKE_ACCOUNT") or os.environ.get("SNOWFLAKE_HOST")
    return {
        "Prefect server": _port("PREFECT_SERVER_API_PORT", 4200),
        "warehouse": LOCAL_WAREHOUSE_PORT
        if real_warehouse
        else _port("SNOWFLAKE_PORT", LOCAL_WAREHOUSE_PORT),
        "mailbox": LOCAL_MAILBOX_PORT
        if os.environ.get("SMTP_HOST")
        else _port("SMTP_PORT", LOCAL_MAILBOX_PORT),
    }


def _port(variable: str, default: int) -> int:
    text = os.environ.get(variable, "").strip()
    if text and not (text.isdigit() and 0 < int(text) < 65536):
        raise service.ServiceError(f"{variable}: {text!r} is not a port (1 to 65535)")
    return int(text or default)


def _environment() -> dict[str, str]:
    ports = _ports()
    return isolated_environment(api_url(), paths.data_dir() / "prefect-server") | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "ORDERS_DATA_DIR": str(paths.data_dir()),
        "ORDER_MONITORING_HOME": str(paths.REPOSITORY),
        # who has a turn survives a restart of the server, and a run that is gone is missed within two minutes
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        "PREFECT_SERVER_API_PORT": str(ports["Prefect server"]),
        "LOCAL_WAREHOUSE_PORT": str(ports["warehouse"]),
        "LOCAL_MAILBOX_PORT": str(ports["mailbox"]),
    }


def _wait_until_ready(runner: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + START_SECONDS
    while monotonic() < deadline:
        if runner.poll() is not None:
            raise service.ServiceError(f"a process ended at once; see {_log()}")
        stand_ins = (paths.warehouse_dir(), paths.data_dir() / "mailbox")
        pool = f"{api_url()}/work_pools/order-monitoring"  # the worker makes it when it starts
        if all(service.running(directory) for directory in stand_ins) and _answers(pool):
            return
        sleep(POLL_SECONDS)
    raise service.ServiceError(f"not everything started within {START_SECONDS} s; see {_log()}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5):
            return True
    except (OSError, urllib.error.URLError):
        return False


def _runner() -> int | None:
    """Process id of the live runner."""
    try:
        pid = int(_pid_file().read_text())
        return pid if "honcho" in psutil.Process(pid).cmdline() else None
    except (OSError, ValueError, psutil.Error):
        return None


def _end(runner: int) -> None:
    """Ask the runner to stop; it stops its processes, and kills those that do not follow."""
    with suppress(ProcessLookupError):
        os.kill(runner, signal.SIGTERM)
        try:
            psutil.Process(runner).wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            os.killpg(runner, signal.SIGKILL)
    _pid_file().unlink(missing_ok=True)


def _pid_file() -> Path:
    return _directory() / "runner.pid"


def _directory() -> Path:
    return paths.data_dir() / "stack"


def _log() -> Path:
    log = paths.data_dir() / "logs" / "stack.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    return log


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m local.stack", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "wait"))
    {"up": up, "down": down, "wait": wait_for_server}[parser.parse_args().command]()


if __name__ == "__main__":
    sys.exit(service.run(main))
