import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from flows.ingest.ownership import OWNER, PATIENCE_SECONDS, claim, is_abandoned
from flows.paths import REPOSITORY

CLAIM_AND_WAIT = """
import sys
from pathlib import Path
from flows.ingest.ownership import claim

claim(Path(sys.argv[1]))
print(flush=True)
sys.stdin.read()
"""


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    directory = tmp_path / "batch"
    (directory / "orders").mkdir(parents=True)
    (directory / "orders" / "part.parquet").touch()
    return directory


def age(directory: Path, seconds: float) -> None:
    """As if nothing had been touched for so long."""
    then = time.time() - seconds
    for path in (directory, *directory.rglob("*")):
        os.utime(path, (then, then))


def altered(batch: Path, **changes: Any) -> None:
    owner = json.loads((batch / OWNER).read_text())
    (batch / OWNER).write_text(json.dumps(owner | changes))


def test_what_this_process_claimed_is_not_abandoned_however_old(batch: Path) -> None:
    claim(batch)
    age(batch, 2 * PATIENCE_SECONDS)
    assert not is_abandoned(batch)


def test_what_a_running_process_claimed_is_not_abandoned_until_it_ends(batch: Path) -> None:
    command = [sys.executable, "-c", CLAIM_AND_WAIT, str(batch)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline()
        assert not is_abandoned(batch)
        process.kill()
        # dead, but nobody took note of it yet
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert is_abandoned(batch)
    assert is_abandoned(batch)


def test_the_id_of_a_gone_process_may_belong_to_another_by_now(batch: Path) -> None:
    claim(batch)
    started = json.loads((batch / OWNER).read_text())["started"]
    altered(batch, started=started - 60)
    assert is_abandoned(batch)
    altered(batch, started=started + 1)
    assert not is_abandoned(batch)


def test_another_hosts_batch_is_abandoned_when_nothing_in_it_changed_for_a_week(batch: Path) -> None:
    claim(batch)
    altered(batch, host="elsewhere", pid=2**22 + 1)
    assert not is_abandoned(batch)
    age(batch, PATIENCE_SECONDS - 600)
    assert not is_abandoned(batch)
    age(batch, PATIENCE_SECONDS + 600)
    assert is_abandoned(batch)
    (batch / "orders" / "part.parquet").touch()
    assert not is_abandoned(batch)


@pytest.mark.parametrize(
    "content", [None, "", "{", "[]", "null", '{"host": 1}', '{"pid": "x"}', "\udc80"], ids=repr
)
def test_a_batch_without_a_readable_claim_is_abandoned_after_a_week(batch: Path, content: str | None) -> None:
    if content is not None:
        (batch / OWNER).write_text(content, encoding="utf-8", errors="surrogateescape")
    age(batch, 600)
    assert not is_abandoned(batch)
    age(batch, PATIENCE_SECONDS + 600)
    assert is_abandoned(batch)


@pytest.mark.parametrize("pid", ["x", None, [], -1, 0, 2**70], ids=repr)
def test_a_claim_of_what_is_no_process_is_not_obeyed_at_once(batch: Path, pid: Any) -> None:
    claim(batch)
    altered(batch, pid=pid)
    assert not is_abandoned(batch)


def test_what_is_not_there_is_not_abandoned(tmp_path: Path) -> None:
    assert not is_abandoned(tmp_path / "nothing")


def test_an_empty_directory_is_abandoned_at_once(tmp_path: Path) -> None:
    assert is_abandoned(tmp_path)
