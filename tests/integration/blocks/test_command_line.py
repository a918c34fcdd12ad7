import os
import socket
import subprocess
import sys
from pathlib import Path

import prefect.settings
import pytest
from prefect.blocks.notifications import SlackWebhook

from blocks.names import EMAIL_SLUG, SLACK_SLUG, TEAMS_SLUG, WAREHOUSE_SLUG, WEBHOOK_SLUG
from blocks.quiet import quiet
from blocks.register import main
from flows.paths import REPOSITORY
from tests.integration.flows.mail_servers import certificate_for
from tests.integration.flows.webhook_servers import Hook, hooked

SECRET = "correct-horse-battery"
WORKS = "database {} on 127.0.0.1 answers, and everything the pipeline does there is allowed"
WEBHOOKS = {
    "SLACK_WEBHOOK_URL": f"/services/T0/B0/{SECRET}",
    "TEAMS_WEBHOOK_URL": f"/workflows/w0/triggers/manual/paths/invoke?sig={SECRET}",
    "ALERT_WEBHOOK_URL": f"/hooks/{SECRET}",
}
AUDIENCES = """
[audiences.default]
slack = { block = "sla-slack" }
email = { to = ["ops@example.com"], block = "other-mail" }

[audiences.order-team]
teams = { block = "sla-teams" }
slack = { block = "sla-slack" }

[operators]
webhook = { block = "sla-webhook" }
"""


@pytest.fixture(autouse=True)
def own_prefect(no_blocks: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line finds the tests' server as a user's own."""
    monkeypatch.setenv("PREFECT_API_URL", prefect.settings.PREFECT_API_URL.value())
    monkeypatch.setenv("SNOWFLAKE_PASSWORD", SECRET)
    monkeypatch.setenv("SMTP_USERNAME", "shop@example.com")
    monkeypatch.setenv("SMTP_PASSWORD", SECRET)
    for name in WEBHOOKS:
        monkeypatch.delenv(name, raising=False)


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
        f"{WAREHOUSE_SLUG}: ok: {WORKS.format('ECOMMERCE_DB')}",
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


@pytest.fixture
def audiences(tmp_path: Path) -> str:
    """A file that names a block of each kind."""
    path = tmp_path / "audiences.toml"
    path.write_text(AUDIENCES)
    return str(path)


def point_webhooks_at(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, path in WEBHOOKS.items():
        monkeypatch.setenv(name, host + path)


def test_webhooks_of_the_environment_are_written_too_and_shown_nowhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    point_webhooks_at("https://hooks.example.com", monkeypatch)
    written = [WAREHOUSE_SLUG, EMAIL_SLUG, SLACK_SLUG, TEAMS_SLUG, WEBHOOK_SLUG]
    for arguments, action in (([], "created"), ([], "kept (exists; --overwrite replaces it)")):
        status, out, err = run(capsys, *arguments)
        assert (status, err) == (0, "")
        assert out.splitlines() == [f"{slug}: {action}" for slug in written]


def test_a_webhook_that_is_none_is_one_line_and_writes_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAMS_WEBHOOK_URL", f"https://hooks.example.com/{SECRET}")
    status, out, err = run(capsys)
    assert (status, out) == (2, "")
    assert err.startswith(
        "error: environment: TEAMS_WEBHOOK_URL: should be the URL of a Power Automate workflow"
    )
    assert err.count("\n") == 1


def test_the_check_tries_every_block_the_audiences_name_and_posts_nothing(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    stand_ins,
    audiences: str,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("SNOWFLAKE_PORT", str(stand_ins[0].port))
    monkeypatch.setenv("SMTP_PORT", str(stand_ins[1].port))
    certificate = certificate_for("127.0.0.1", tmp_path)
    with hooked(Hook(), certificate) as hook:
        point_webhooks_at(hook.host("https"), monkeypatch)
        run(capsys)
        status, untrusted, _ = run(capsys, "--check", "--audiences", audiences)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
        _, trusted, _ = run(capsys, "--check", "--audiences", audiences)
    assert status == 1
    assert [line.partition(": ")[0] for line in untrusted.splitlines()] == [
        WAREHOUSE_SLUG,
        EMAIL_SLUG,
        "email-server-credentials/other-mail",
        SLACK_SLUG,
        TEAMS_SLUG,
        WEBHOOK_SLUG,
    ]
    assert "other-mail is not registered with this Prefect API" in untrusted
    assert untrusted.count("FAILED: block") == 4
    assert untrusted.count("nobody to be trusted answers at 127.0.0.1 ([SSL: CERTIFICATE_VERIFY_FAILED]") == 3
    assert trusted.splitlines()[3:] == [
        f"{slug}: ok: 127.0.0.1 accepts the connection, and is who it says"
        for slug in (SLACK_SLUG, TEAMS_SLUG, WEBHOOK_SLUG)
    ]
    assert hook.requests == []


def test_the_check_says_which_webhook_nobody_listens_at(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, audiences: str, free_port: int
) -> None:
    point_webhooks_at(f"http://127.0.0.1:{free_port}", monkeypatch)
    run(capsys)
    status, out, _ = run(capsys, "--check", "--audiences", audiences)
    assert status == 1
    assert out.count("nobody to be trusted answers at 127.0.0.1 ([Errno 111] Connection refused)") == 3


def test_the_check_does_not_connect_without_tls(
    capsys: pytest.CaptureFixture[str], audiences: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with quiet():
        SlackWebhook(url=f"http://192.0.2.1/services/T0/B0/{SECRET}").save("sla-slack", overwrite=True)
    _, out, _ = run(capsys, "--check", "--audiences", audiences)
    assert f"{SLACK_SLUG}: FAILED: block {SLACK_SLUG}: 192.0.2.1 is another machine, so its URL" in out


def test_the_check_tries_the_blocks_of_the_environments_own_audiences(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    people = tmp_path / "audiences.toml"
    for path, block in ((people, "of-production"), (tmp_path / "audiences.dev.toml", "of-developers")):
        path.write_text(f'[audiences.default]\nslack = {{ block = "{block}" }}\n')
    monkeypatch.setattr("flows.alert.audiences.FILE", people)
    for environment, block in (("prod", "of-production"), ("dev", "of-developers")):
        _, out, _ = run(capsys, "--check", "--env", environment)
        slack = [line.partition(":")[0] for line in out.splitlines() if line.startswith("slack-webhook/")]
        assert slack == [f"slack-webhook/{block}"]
    _, out, _ = run(capsys, "--check", "--env", "staging")
    assert f"audiences: FAILED: {tmp_path / 'audiences.staging.toml'}: no such file" in out
    assert "slack-webhook/" not in out


def test_the_check_reports_audiences_that_cannot_be_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "audiences.toml"
    path.write_text("[audiences.team]")
    status, out, _ = run(capsys, "--check", "--audiences", str(path))
    assert status == 1
    assert out.splitlines()[-1].startswith(f"audiences.toml: FAILED: {path}: audiences.team: has no channel")


def test_without_a_prefect_of_the_users_own_the_blocks_go_below_the_data_directory(
    data_dir: Path, stand_ins
) -> None:
    variables = {"SNOWFLAKE_PORT": str(stand_ins[0].port), "SMTP_PORT": str(stand_ins[1].port)}
    variables |= {"PREFECT_API_URL": "", "ORDER_MONITORING_ENV": "dev", "SNOWFLAKE_DATABASE": "OF_ONE_SHELL"}
    for arguments in ([], ["--check"]):
        ended = subprocess.run(
            [sys.executable, "-m", "blocks.register", *arguments],
            cwd=REPOSITORY,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
    assert f"{WAREHOUSE_SLUG}-dev: ok: {WORKS.format('OF_ONE_SHELL')}" in ended.stdout
    assert (data_dir / "prefect" / "prefect.db").is_file()


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
