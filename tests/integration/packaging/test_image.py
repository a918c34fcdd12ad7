"""What can be known of the image without Docker: its files are linted, and its very steps are made here."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.paths import REPOSITORY
from tests.integration.packaging.dockerfile import Stage, context, copy, stages

BINARIES = Path(sys.executable).parent
BUILDER, LAST = stages((REPOSITORY / "Dockerfile").read_text())
FILES = context(REPOSITORY, (REPOSITORY / ".dockerignore").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
LIMIT_SECONDS = 900


def linted(*command: str) -> None:
    done = subprocess.run(
        [BINARIES / command[0], *command[1:]], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not (BINARIES / "hadolint").exists(), reason="no hadolint for this kind of machine")
def test_the_dockerfile_has_nothing_to_complain_of() -> None:
    linted("hadolint", "Dockerfile")


def test_the_compose_file_is_one() -> None:
    linted("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml")


def test_the_workflow_is_one() -> None:
    linted("check-jsonschema", "--builtin-schema", "vendor.github-workflows", ".github/workflows/ci.yml")


def test_only_what_is_needed_comes_along() -> None:
    assert {file.parts[0] for file in FILES} == {
        *("flows", "blocks", "dbt", "local", "data"),
        *("requirements.txt", "pyproject.toml", "prefect.yaml"),
        *("audiences.toml", "audiences.dev.toml", "audiences.staging.toml"),
    }
    assert {file.parts[:2] for file in FILES if file.parts[0] == "data"} == {("data", "sample")}
    assert not [file for file in FILES if file.suffix == ".pyc" or file.name.startswith(".env")]


def test_the_last_stage_has_no_tools_and_no_root() -> None:
    assert LAST.all("USER")[-1] not in ("root", "0")
    assert all(line.startswith("--from=builder ") for line in LAST.all("COPY"))
    assert not re.search(r"\b(pip|uv|apt-get|gcc)\b", " ".join(LAST.all("RUN")))


def test_ports_are_published_to_this_machine_alone() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_secret_stands_in_the_file() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|PRIVATE_KEY|PASSPHRASE|SECRET", variable):
                assert re.fullmatch(r"\$\{\w+:[-?].*\}", value), f"{name}: {variable}"
    address = SERVICES["server"]["environment"]["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    assert re.search(r":\$\{POSTGRES_PASSWORD:\?[^}]+\}@", address)


def test_every_service_is_asked_for_its_health_or_runs_once() -> None:
    for name, service in SERVICES.items():
        assert "healthcheck" in service or service.get("restart") == "no", name


def test_the_stand_ins_are_on_the_workers_own_network() -> None:
    for name in ("worker", "warehouse", "mailbox"):
        assert SERVICES[name]["network_mode"] == "service:pod"


def test_what_can_be_set_reaches_the_worker_and_the_set_up() -> None:
    described = set(re.findall(r"(?m)^#?([A-Z_]+)=", (REPOSITORY / ".env.example").read_text()))
    # the image's own, the server's, what is asked for on the command line alone, and a file's path
    elsewhere = {"ORDERS_DATA_DIR", "ORDER_MONITORING_HOME", "PREFECT_API_URL", "ALERT_TO", "ALERT_FROM"}
    wanted = described - elsewhere - {"SNOWFLAKE_PRIVATE_KEY_PATH"}
    for name in ("worker", "setup"):
        assert wanted <= set(SERVICES[name]["environment"]), name


def test_the_images_steps_give_a_pipeline_that_leaves_its_code_alone(tmp_path: Path) -> None:
    root = tmp_path / "image"
    build, venv, code, home = (root / name for name in ("build", "venv", "order-monitoring", "home"))
    build.mkdir(parents=True)
    tools = tmp_path / "tools"
    subprocess.run([sys.executable, "-m", "venv", str(tools)], check=True)
    clean = {"PATH": f"{tools / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path), **_reached()}
    for word, line in BUILDER.instructions:
        if word == "COPY":
            copy(line, REPOSITORY, FILES, build)
        elif word == "RUN":
            command = line.replace("/opt/venv", str(venv))
            _run(["sh", "-ec", command], build, clean | BUILDER.variables)
    shutil.move(build / "code", code)
    home.mkdir()
    _read_only(code)
    before = _listing(code)
    options = "--as-of 2026-11-21 --days 12 --orders-per-day 20 --json"
    done = _run(
        [*_as_others(), str(venv / "bin" / "python"), "flows/main.py", *options.split()],
        code,
        {"PATH": f"{venv / 'bin'}:/usr/bin:/bin", **_placed(LAST, code, home)},
    )
    summary = json.loads(done.splitlines()[-1])
    assert summary["loaded"]["orders"]["days"] == 12
    assert summary["dbt"]["error"] == 0
    assert len(summary["messages"]) == 1
    assert _listing(code) == before
    assert not (venv / "bin" / "pytest").exists()
    assert not (venv / "bin" / "uv").exists()


def _as_others() -> list[str]:
    """Root may write what is read-only, unless that is taken from it."""
    if os.getuid() or not shutil.which("setpriv"):
        return []
    rights = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"]


def _reached() -> dict[str, str]:
    """How this machine reaches its package index, if not by itself."""
    return {
        name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_", "HTTP"))
    }


def _placed(stage: Stage, code: Path, home: Path) -> dict[str, str]:
    """The last stage's variables, with its directories where they are here."""
    kept = {name: value for name, value in stage.variables.items() if name != "PATH"}
    places = (("/opt/order-monitoring", str(code)), ("/var/lib/order-monitoring", str(home)))
    for there, here in places:
        kept = {name: value.replace(there, here) for name, value in kept.items()}
    return kept


def _run(command: list[str], cwd: Path, variables: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=LIMIT_SECONDS
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def _read_only(directory: Path) -> None:
    for path in [directory, *directory.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def _listing(directory: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.stat().st_mtime_ns) for path in directory.rglob("*") if path.is_file())
