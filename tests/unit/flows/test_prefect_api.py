from pathlib import Path

import pytest

from flows.prefect_api import configured_api_url, isolated_environment

PROFILES = """
active = "cloud"
[profiles.cloud]
PREFECT_API_URL = "https://cloud.example.com/api"
[profiles.staging]
PREFECT_API_URL = "https://staging.example.com/api"
[profiles.ephemeral]
"""


@pytest.fixture(autouse=True)
def nothing_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory and an empty Prefect home."""
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")


def test_nothing_configured_is_no_api() -> None:
    assert configured_api_url() is None


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (".env", "PREFECT_API_URL=http://files.example.com/api\n"),
        ("prefect.toml", '[api]\nurl = "http://files.example.com/api"\n'),
        ("pyproject.toml", '[tool.prefect.api]\nurl = "http://files.example.com/api"\n'),
        ("../home/profiles.toml", PROFILES.replace("https://cloud", "http://files")),
    ],
)
def test_each_place_prefect_reads_is_read(file: str, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(file).write_text(content)
    assert configured_api_url() == "http://files.example.com/api"
    monkeypatch.setenv("PREFECT_API_URL", "http://environment.example.com/api")
    assert configured_api_url() == "http://environment.example.com/api"
    monkeypatch.setenv("PREFECT_API_URL", "")
    assert configured_api_url() is None


def test_the_places_are_read_in_prefects_order() -> None:
    places = [
        ("../home/profiles.toml", PROFILES, "https://cloud.example.com/api"),
        ("pyproject.toml", '[tool.prefect.api]\nurl = "http://pyproject/api"\n', "http://pyproject/api"),
        ("prefect.toml", '[api]\nurl = "http://prefect/api"\n', "http://prefect/api"),
        (".env", "PREFECT_API_URL=http://dotenv/api\n", "http://dotenv/api"),
    ]
    for file, content, url in places:
        Path(file).write_text(content)
        assert configured_api_url() == url


def test_the_profile_named_in_the_environment_goes_before_the_active_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("../home/profiles.toml").write_text(PROFILES)
    monkeypatch.setenv("PREFECT_PROFILE", "staging")
    assert configured_api_url() == "https://staging.example.com/api"
    monkeypatch.setenv("PREFECT_PROFILE", "ephemeral")
    assert configured_api_url() is None


def test_profiles_may_lie_in_a_file_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text(PROFILES)
    monkeypatch.setenv("PREFECT_PROFILES_PATH", str(tmp_path / "mine.toml"))
    assert configured_api_url() == "https://cloud.example.com/api"


@pytest.mark.parametrize("file", ["prefect.toml", "pyproject.toml", "../home/profiles.toml"])
def test_a_file_that_is_no_toml_configures_nothing(file: str) -> None:
    Path(file).write_text("[api\nurl=")
    assert configured_api_url() is None


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:1/api"])
def test_an_isolated_run_leaves_nothing_of_the_users_own_prefect(
    data_dir: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_KEY", "pnu_1")
    monkeypatch.setenv("PREFECT_PROFILE", "cloud")
    monkeypatch.setenv("PREFECT_API_DATABASE_CONNECTION_URL", "postgresql+asyncpg://prefect@db/prefect")
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_HOST", "db")
    settings = isolated_environment(url)
    assert settings["PREFECT_API_URL"] == url
    assert not {"PREFECT_API_KEY", "PREFECT_PROFILE", "PREFECT_SERVER_DATABASE_HOST"} & set(settings)
    for name in ("PREFECT_HOME", "PREFECT_PROFILES_PATH"):
        assert Path(settings[name]).is_relative_to(data_dir)
    for name in ("PREFECT_API_DATABASE_CONNECTION_URL", "PREFECT_SERVER_DATABASE_CONNECTION_URL"):
        assert settings[name] == f"sqlite+aiosqlite:///{data_dir / 'prefect' / 'prefect.db'}"


def test_loopback_addresses_are_never_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet.example.com")
    assert isolated_environment("")["NO_PROXY"] == "intranet.example.com,127.0.0.1,localhost"
