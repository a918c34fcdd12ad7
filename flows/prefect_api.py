"""Which Prefect a run talks to: the user's own, or an isolated one below `data_dir()`.

Read without importing Prefect, because the isolated server must be on its way before the
imports begin and because Prefect fixes its home when it is first imported. The places and
their order are those of Prefect's settings: the environment, `.env`, `prefect.toml`,
`pyproject.toml`, the active profile.
https://docs.prefect.io/v3/concepts/settings-and-profiles
"""

import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.errors import UnreachableError
from flows.paths import prefect_home

if TYPE_CHECKING:
    import httpx

_THE_USERS_OWN = ("PREFECT_SERVER_", "PREFECT_API_", "PREFECT_PROFILE", "PREFECT_CLOUD_", "PREFECT_CLIENT_")


def configured_api_url() -> str | None:
    """URL of the API the user configured, or None. An empty `PREFECT_API_URL` means none."""
    if "PREFECT_API_URL" in os.environ:
        return os.environ["PREFECT_API_URL"].strip() or None
    return next((url for url in _configured_in_files() if url), None)


@contextmanager
def reachable_api() -> Iterator[None]:
    """Say in one line that the user's Prefect does not answer, or is too busy to.

    Raises:
        UnreachableError: it does not, or is.
    """
    try:
        yield
    except Exception as error:
        import httpx  # not needed where all is well

        if isinstance(error, httpx.TransportError) or str(error).startswith("Failed to reach API"):
            raise UnreachableError(
                f"no Prefect server answers at {configured_api_url()}; start it, or set PREFECT_API_URL to "
                "another one, or to nothing for a temporary one"
            ) from None
        if isinstance(error, httpx.HTTPStatusError) and _is_busy_prefect(error.response):
            raise UnreachableError(
                f"the Prefect server at {configured_api_url()} was asked again and again and is too busy to "
                f"answer (HTTP {error.response.status_code}); run again, and if that happens often, give it "
                "PostgreSQL instead of SQLite"
            ) from None
        raise


def _is_busy_prefect(answer: "httpx.Response") -> bool:
    """Whether it is the user's Prefect that says so; Prefect's client has asked several times by then."""
    api_url = configured_api_url()
    return (
        answer.status_code in (502, 503, 504) and bool(api_url) and str(answer.url).startswith(str(api_url))
    )


def isolated_environment(api_url: str, home: Path | None = None) -> dict[str, str]:
    """This process's environment, but away from the user's own Prefect: own home, API and database, no keys.

    Args:
        api_url: what runs and clients talk to; empty for none yet.
        home: Prefect's home, by default the one below `data_dir()`.
    """
    home = home or prefect_home()
    database = f"sqlite+aiosqlite:///{home / 'prefect.db'}"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_THE_USERS_OWN)}
    return inherited | {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "PREFECT_API_URL": api_url,
        "PREFECT_API_DATABASE_CONNECTION_URL": database,
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "NO_PROXY": _without_proxy(),
        "no_proxy": _without_proxy(),
    }


def isolate(api_url: str) -> None:
    """Make `isolated_environment` this process's environment; before Prefect is imported."""
    environment = isolated_environment(api_url)
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)


def _without_proxy() -> str:
    """Loopback addresses are never reached through a proxy."""
    named = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return ",".join(filter(None, [named, "127.0.0.1", "localhost"]))


def _configured_in_files() -> Iterator[str | None]:
    yield _dotenv_value(Path(".env"), "PREFECT_API_URL")
    yield _table(Path("prefect.toml")).get("api", {}).get("url")
    yield _table(Path("pyproject.toml")).get("tool", {}).get("prefect", {}).get("api", {}).get("url")
    yield _active_profile().get("PREFECT_API_URL")


def _active_profile() -> dict[str, Any]:
    home = Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser()
    profiles = _table(Path(os.environ.get("PREFECT_PROFILES_PATH") or home / "profiles.toml"))
    name = os.environ.get("PREFECT_PROFILE") or profiles.get("active", "")
    profile: dict[str, Any] = profiles.get("profiles", {}).get(name, {})
    return profile


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}  # Prefect itself reports a file it cannot read


def _dotenv_value(path: Path, name: str) -> str | None:
    if not path.is_file():
        return None
    from dotenv import dotenv_values

    return dotenv_values(path).get(name)
