"""Whose a batch's directory is: work in progress, or what a killed run left behind."""

import json
import os
import platform
import shutil
import time
from contextlib import suppress
from pathlib import Path

import psutil

OWNER = "owner.json"
# A directory whose owner cannot be asked is left alone until nothing in it changed for so long.
PATIENCE_SECONDS = 7 * 24 * 3600
# How far two readings of a process's start may lie apart; an id is never reused that soon.
_TOLERANCE_SECONDS = 2


def claim(directory: Path) -> None:
    """Write who works in `directory`."""
    pid = os.getpid()
    owner = {"host": _host(), "pid": pid, "started": _started(psutil.Process(pid))}
    directory.mkdir(exist_ok=True)  # empty, it may have been taken for left behind
    (directory / OWNER).write_text(json.dumps(owner), encoding="utf-8")


def remove(directory: Path) -> None:
    """Remove a batch's directory, the claim last, so that what a death in between leaves is known as left."""
    with suppress(OSError):
        for path in directory.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != OWNER:
                path.unlink(missing_ok=True)
    shutil.rmtree(directory, ignore_errors=True)


def is_abandoned(directory: Path) -> bool:
    """Whether nobody works in this directory any more, so that it may be removed.

    That is so when the process that claimed it is gone or its id belongs to another process by now. A
    directory of another host, or without a readable claim, is abandoned once nothing in it has changed
    for `PATIENCE_SECONDS`. What does not exist is not abandoned.
    """
    owner = _owner(directory)
    if owner is None and directory.is_dir() and not any(directory.iterdir()):
        return True  # nobody has claimed it yet, or any more; whoever is about to makes it again
    if owner is None:
        changed = _last_change(directory)
        return changed is not None and time.time() - changed > PATIENCE_SECONDS
    pid, started = owner
    try:
        process = psutil.Process(pid)
        gone = process.status() == psutil.STATUS_ZOMBIE
        return gone or abs(_started(process) - started) > _TOLERANCE_SECONDS
    except psutil.NoSuchProcess:
        return not psutil.pid_exists(pid)  # it may only be hidden from this user
    except psutil.AccessDenied:
        return False


def _owner(directory: Path) -> tuple[int, float] | None:
    """Process id and start of the owner, None where this host cannot tell."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        owner = json.loads((directory / OWNER).read_text(encoding="utf-8"))
        pid, started = int(owner["pid"]), float(owner["started"])
        if owner["host"] == _host() and 0 < pid < 2**31:
            return pid, started
    return None


def _host() -> str:
    """This machine and, on Linux, its process namespace: elsewhere a process id means nothing."""
    with suppress(OSError):
        return f"{platform.node()} {Path('/proc/self/ns/pid').readlink()}"
    return platform.node()


def _started(process: psutil.Process) -> float:
    """Seconds between the start of the machine and of the process, which setting the clock leaves alone."""
    return process.create_time() - psutil.boot_time()


def _last_change(directory: Path) -> float | None:
    """When something in the directory changed last, None where there is no directory."""
    changed = None
    for path in (directory, *directory.rglob("*")):
        with suppress(OSError):
            changed = max(changed or 0.0, path.lstat().st_mtime)
    return changed
