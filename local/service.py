"""What the stand-ins share: one instance a directory, one address, one clean way to stop."""

import argparse
import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

HOST = "127.0.0.1"
LOCK_FILE = ".lock"
ADDRESS_FILE = "server.json"
PARENT_POLL_SECONDS = 0.5
STOP_SECONDS = 15.0


class ServiceError(Exception):
    """A stand-in cannot start; the message says what, where and what to do."""


@dataclass(frozen=True)
class Endpoint:
    """Where a running stand-in listens."""

    pid: int
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def running(directory: Path) -> Endpoint | None:
    """Where the live instance on this directory listens; None if there is none, or it is not listening yet.

    A `server.json` left behind by a killed process is not believed: the lock decides.
    """
    endpoint = _published(directory)
    if endpoint is None or not _alive(endpoint.pid):
        return None
    lock = FileLock(directory / LOCK_FILE)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return endpoint
    lock.release()
    return None


class Claim:
    """The exclusive right to a data directory, held until `release` or the end of the process."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.directory = directory
        self._lock = FileLock(directory / LOCK_FILE)

    def publish(self, port: int) -> Endpoint:
        """Tell others the address, once it is listened on."""
        endpoint = Endpoint(os.getpid(), HOST, port)
        partial = self.directory / f"{ADDRESS_FILE}.partial"
        partial.write_text(json.dumps(asdict(endpoint)), encoding="utf-8")
        partial.replace(self.directory / ADDRESS_FILE)
        return endpoint

    def withdraw(self) -> None:
        """Take the address back, before the work ends: nobody is to come any more."""
        (self.directory / ADDRESS_FILE).unlink(missing_ok=True)

    def release(self) -> None:
        """Withdraw the address and give the directory back."""
        self.withdraw()
        self._lock.release()


@contextlib.contextmanager
def claimed(name: str, directory: Path) -> Iterator[Claim]:
    """Hold `directory` for this process; a second instance is refused with the first one's address."""
    claim = Claim(name, directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        claim._lock.acquire(timeout=_patience(directory), poll_interval=0.02)
    except Timeout:
        endpoint = running(directory)
        where = f"listening on {endpoint}, process {endpoint.pid}" if endpoint else "still starting"
        raise ServiceError(
            f"a {name} already runs on {directory} ({where}); use that one, stop it first, "
            "or set ORDERS_DATA_DIR to another directory"
        ) from None
    except OSError as error:
        raise ServiceError(
            f"cannot use {directory}: {error.strerror}; make it writable or set ORDERS_DATA_DIR"
        ) from None
    (directory / ADDRESS_FILE).unlink(missing_ok=True)  # of an instance that was killed
    try:
        yield claim
    finally:
        claim.release()


def _patience(directory: Path) -> float:
    """Seconds to wait for the lock.

    `running` holds it for an instant to look; an instance without an address is about to end, or to begin.
    """
    return 0.5 if running(directory) else STOP_SECONDS


def listen(name: str, port: int) -> socket.socket:
    """A listening socket on the loopback interface; port 0 takes any free one."""
    # asyncio turns Nagle's delay (40 ms a request) off only where it sees that the protocol is TCP
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ServiceError(
            f"the {name} cannot listen on {HOST} port {port}: {reason}; stop the program that uses the port "
            "or choose another one with --port (0 takes any free port)"
        ) from None
    return listener


def announce(name: str, url: str, state: Path) -> None:
    """The one line printed once the stand-in can be used."""
    print(f"{name}: listening on {url}, state in {state}", flush=True)


def stop_on_signals(stop: Callable[[], None]) -> None:
    """Call `stop` on SIGTERM and SIGINT."""

    def handle(_signal: int, _frame: FrameType | None) -> None:
        stop()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def stop_with_parent() -> None:
    """Send this process SIGTERM when its parent is gone, so that a killed run leaves nothing behind."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_POLL_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def arguments(name: str, description: str, default_port: int) -> argparse.ArgumentParser:
    """The command line both stand-ins have."""
    parser = argparse.ArgumentParser(prog=f"python -m local.{name}", description=description)
    parser.add_argument(
        "--port", type=int, default=default_port, help=f"port on {HOST} (default {default_port}, 0: any free)"
    )
    parser.add_argument("--with-parent", action="store_true", help="stop when the starting process is gone")
    parser.add_argument("--verbose", action="store_true", help="say what is being done, on stderr")
    return parser


def run(main: Callable[[], None]) -> int:
    """Exit status of `main`, with errors for people as one line on stderr."""
    stop_on_signals(lambda: sys.exit(0))  # until the server installs its own
    try:
        main()
    except ServiceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _published(directory: Path) -> Endpoint | None:
    try:
        return Endpoint(**json.loads((directory / ADDRESS_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
