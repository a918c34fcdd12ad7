import os
import socket
import subprocess
import sys
from pathlib import Path

import prefect.settings
import pytest

from blocks.names import EMAIL_SLUG, WAREHOUSE_SLUG
from blocks.register import main
from flows.paths import REPOSITORY

SECRET = "correct-horse-battery"


@pytest.fixture(autouse=True)
def own_prefect(no_blocks: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line finds the tests' server as a user's own."""
    monkeypatch.setenv("PREFECT_API_URL", prefect.settings.PREFECT_API_URL.value())
    monkeypatch.setenv("SNOWFLAKE_PASSWORD", SECRET)
    monkeypatch.setenv("SMTP_USERNAME", "shop@example.com")
    monkeypatch.setenv("SMTP_PASSWORD", SECRET)


@pytest.fixture
def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(arguments)
    out, err = capsys.readouterr()
    assert SECRET not in out + err
    return status, out, err


def test_blocks_are_written_once_and_overwritten_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, action in (
        ([], "created"),
        ([], "kept (exists; --overwrite replaces it)"),
        (["--overwrite"], "overwritten"),
    ):
        status, out, err = run(capsys, *arguments)
        assert (status, err) == (0, "")
        assert out.splitlines() == [f"{WAREHOUSE_SLUG}: {action}", f"{EMAIL_SLUG}: {action}"]


def test_a_wrong_environment_is_one_line_and_writes_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_PORT", "lots")
    status, out, err = run(capsys)
    assert (status, out) == (2, "")
    assert err.startswith("error: environment: SMTP_PORT: ")
    assert err.count("\n") == 1
    status, out, _ = run(capsys, "--check")
    assert status == 1
    assert out.count("is not registered") == 2


def test_the_check_connects_to_running_servers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, stand_ins
) -> None:
    warehouse, mailbox = stand_ins
    monkeypatch.setenv("SNOWFLAKE_PORT", str(warehouse.port))
    monkeypatch.setenv("SMTP_PORT", str(mailbox.port))
    run(capsys)
    status, out, err = run(capsys, "--check")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        f"{WAREHOUSE_SLUG}: ok: database ECOMMERCE_DB on 127.0.0.1 answers",
        f"{EMAIL_SLUG}: ok: the mail server accepts the connection and the login",
    ]


def test_the_check_says_which_server_does_not_answer_and_where(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, stand_ins, free_port: int
) -> None:
    monkeypatch.setenv("SNOWFLAKE_PORT", str(free_port))
    monkeypatch.setenv("SMTP_PORT", str(stand_ins[1].port))
    run(capsys)
    status, out, _ = run(capsys, "--check")
    warehouse, mail = out.splitlines()
    assert status == 1
    assert warehouse.startswith(f"{WAREHOUSE_SLUG}: FAILED: ")
    assert f"no Snowflake answers at http://127.0.0.1:{free_port}" in warehouse
    assert mail.startswith(f"{EMAIL_SLUG}: ok: ")


def test_the_check_reports_a_mail_server_that_does_not_answer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, stand_ins, free_port: int
) -> None:
    monkeypatch.setenv("SNOWFLAKE_PORT", str(stand_ins[0].port))
    monkeypatch.setenv("SMTP_PORT", str(free_port))
    run(capsys)
    status, out, _ = run(capsys, "--check")
    warehouse, mail = out.splitlines()
    assert status == 1
    assert warehouse.startswith(f"{WAREHOUSE_SLUG}: ok: ")
    assert mail.startswith(f"{EMAIL_SLUG}: FAILED: ")
    assert f"no mail server answers at 127.0.0.1:{free_port}" in mail


@pytest.mark.parametrize("command", [["-m", "blocks.register"], ["flows/main.py"]], ids=["blocks", "run"])
def test_a_prefect_server_that_does_not_answer_is_one_line(
    data_dir: Path, free_port: int, command: list[str]
) -> None:
    api_url = f"http://127.0.0.1:{free_port}/api"
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "PREFECT_API_URL": api_url,
            "PREFECT_LOGGING_LEVEL": "CRITICAL",
            "PREFECT_CLIENT_MAX_RETRIES": "0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.splitlines()[-1].startswith(f"error: no Prefect server answers at {api_url}; ")
    assert "Traceback" not in ended.stderr
    assert SECRET not in ended.stderr
    assert not data_dir.exists()
