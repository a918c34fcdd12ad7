"""A virtual environment for one peer, apart from the project's own and kept for the next run."""

import shutil
import subprocess
import sys
from pathlib import Path

from flows.paths import data_dir

LIMIT_SECONDS = 600


class NotInstalledError(RuntimeError):
    """A peer cannot be had on this machine."""


def executable(requirement: str, command: str, *beside: str) -> Path:
    """Path of `command` out of `requirement` (`name==version`), installed from PyPI on first use.

    What `beside` requires is installed into the same environment.

    Raises:
        NotInstalledError: the environment cannot be made; with the end of what the installer said.
    """
    home = data_dir() / "bench" / requirement
    installed = home / "bin" / command
    ready = home / ".installed"
    if ready.exists() and installed.exists():
        return installed
    shutil.rmtree(home, ignore_errors=True)
    errors = []
    for install in (_with_pip, _with_uv):
        try:
            install(home, requirement, *beside)
        except (OSError, subprocess.SubprocessError) as error:
            errors.append(f"{install.__name__.removeprefix('_with_')}: {_reason(error)}")
            shutil.rmtree(home, ignore_errors=True)
        else:
            ready.touch()
            return installed
    raise NotInstalledError(f"cannot install {requirement} from PyPI into {home} ({'; '.join(errors)})")


def _with_pip(home: Path, *requirements: str) -> None:
    _call(sys.executable, "-m", "venv", home)
    _call(home / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", *requirements)


def _with_uv(home: Path, *requirements: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    _call(uv, "venv", "--python", sys.executable, home)
    _call(uv, "pip", "install", "--compile-bytecode", "--python", home / "bin" / "python", *requirements)


def _call(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT_SECONDS)


def _reason(error: Exception) -> str:
    said = getattr(error, "stderr", None) or str(error)
    return said.strip().splitlines()[-1]
