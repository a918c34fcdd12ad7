import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from local import service
from tests.integration.local.stand_ins import (
    START_SECONDS,
    command,
    connect_to,
    environment,
    refused,
    running,
    start,
)

MODULES = ["local.warehouse", "local.mailbox"]


def state_of(module: str, data_dir: Path) -> Path:
    return data_dir / module.split(".")[-1]


@pytest.mark.parametrize("module", MODULES)
def test_sigterm_stops_it_with_status_0_and_frees_the_directory(module: str, tmp_path: Path) -> None:
    with running(module, tmp_path) as stand_in:
        assert service.running(state_of(module, tmp_path)) == service.Endpoint(
            stand_in.process.pid, "127.0.0.1", stand_in.port
        )
        assert stand_in.stop() == 0
    assert service.running(state_of(module, tmp_path)) is None
    assert not (state_of(module, tmp_path) / "server.json").exists()
    with running(module, tmp_path) as again:
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(START_SECONDS) == 0


@pytest.mark.parametrize("module", MODULES)
def test_a_second_instance_is_refused_with_the_directory_and_the_address(module: str, tmp_path: Path) -> None:
    with running(module, tmp_path) as first:
        second = refused(module, tmp_path, "--port", "0")
        assert second.returncode == 1
        assert second.stderr.count("\n") == 1
        assert f"127.0.0.1:{first.port}" in second.stderr
        assert str(state_of(module, tmp_path)) in second.stderr
        assert service.running(state_of(module, tmp_path)) is not None


@pytest.mark.parametrize("module", MODULES)
def test_an_address_left_by_a_killed_instance_is_not_believed(module: str, tmp_path: Path) -> None:
    with running(module, tmp_path) as stand_in:
        stand_in.process.kill()
        stand_in.process.wait(START_SECONDS)
        published = state_of(module, tmp_path) / "server.json"
        assert published.exists()
        assert service.running(state_of(module, tmp_path)) is None
        # even when the process id belongs to somebody else by now
        published.write_text(json.dumps({"pid": os.getpid(), "host": "127.0.0.1", "port": stand_in.port}))
        assert service.running(state_of(module, tmp_path)) is None
    with running(module, tmp_path) as again:
        assert service.running(state_of(module, tmp_path)) == service.Endpoint(
            again.process.pid, "127.0.0.1", again.port
        )


@pytest.mark.parametrize("module", MODULES)
def test_a_taken_port_is_one_clear_line_and_a_failure(module: str, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        outcome = refused(module, tmp_path, "--port", port)
    assert outcome.returncode == 1
    assert outcome.stderr.startswith("error: ")
    assert outcome.stderr.count("\n") == 1
    assert port in outcome.stderr
    assert "--port" in outcome.stderr


@pytest.mark.parametrize("module", MODULES)
def test_it_listens_on_the_loopback_interface_only(module: str, tmp_path: Path) -> None:
    with running(module, tmp_path) as stand_in:
        listening = [
            c for c in psutil.Process(stand_in.process.pid).net_connections() if c.status == "LISTEN"
        ]
        assert [(c.laddr.ip, c.laddr.port) for c in listening] == [("127.0.0.1", stand_in.port)]


@pytest.mark.parametrize("module", MODULES)
def test_it_stops_by_itself_when_its_parent_is_killed(module: str, tmp_path: Path) -> None:
    starter = (
        "import subprocess, sys;"
        "child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True);"
        "print(child.stdout.readline(), end='', flush=True); child.wait()"
    )
    arguments = command(module, "--port", "0", "--with-parent")
    parent = subprocess.Popen(
        [sys.executable, "-c", starter, *arguments],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    assert "listening on" in parent.stdout.readline()
    endpoint = service.running(state_of(module, tmp_path))
    assert endpoint
    orphan = psutil.Process(endpoint.pid)
    parent.kill()
    parent.wait(START_SECONDS)
    parent.stdout.close()
    psutil.wait_procs([orphan], timeout=START_SECONDS)
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
    assert service.running(state_of(module, tmp_path)) is None


def test_two_data_directories_do_not_disturb_each_other(tmp_path: Path) -> None:
    with running("local.warehouse", tmp_path / "a") as one, running("local.warehouse", tmp_path / "b") as two:
        for stand_in in (one, two):
            with connect_to(stand_in) as session:
                session.cursor().execute("create table t as select 1 as id")
        assert one.port != two.port


def test_an_unwritable_directory_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "warehouse").write_text("a file where the directory should be")
    outcome = refused("local.warehouse", tmp_path, "--port", "0")
    assert outcome.returncode == 1
    assert outcome.stderr.count("\n") == 1
    assert str(tmp_path / "warehouse") in outcome.stderr


def test_the_line_printed_at_the_start_names_address_and_directory(tmp_path: Path) -> None:
    stand_in = start("local.warehouse", tmp_path)
    assert f"http://127.0.0.1:{stand_in.port}" in stand_in.first_line
    assert str(tmp_path / "warehouse") in stand_in.first_line
    assert stand_in.stop() == 0
    assert stand_in.process.stdout
    assert stand_in.process.stdout.read() == ""
    stand_in.process.stdout.close()
