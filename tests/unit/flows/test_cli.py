import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.paths import REPOSITORY


def run(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(REPOSITORY / "flows" / "main.py"), *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "ORDERS_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--as-of", "2026-02-30"], "'2026-02-30' is not a day (YYYY-MM-DD)"),
        (["--as-of", "tomorrow"], "'tomorrow' is not a day (YYYY-MM-DD)"),
        (["--as-of", "0001-01-05"], "the day must lie between 1990-01-01 and 2999-12-31, not 0001-01-05"),
        (["--as-of", "9999-12-31"], "the day must lie between 1990-01-01 and 2999-12-31, not 9999-12-31"),
        (["--days", "0"], "days must be between 1 and 3,660, not 0"),
        (["--days", "3661"], "days must be between 1 and 3,660, not 3,661"),
        (["--days", "1.5"], "'1.5' is not a whole number"),
        (["--orders-per-day", "0"], "orders per day must be between 1 and 10,000,000, not 0"),
        (["--orders-per-day", "many"], "'many' is not a whole number"),
        (["--seed", "-1"], "seed must be between 0 and"),
        (["--source", "no/such/source.toml"], "no/such/source.toml: no such file"),
        (["--source", "data"], "data: is a directory; name the TOML file inside it"),
        (["--colour"], "unrecognized arguments: --colour"),
        (["2026-01-01"], "unrecognized arguments: 2026-01-01"),
        (["--as-of"], "argument --as-of: expected one argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_argument_is_one_line_and_starts_nothing(
    tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    ended = run(tmp_path / "data", *arguments)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("error: ")
    assert ended.stderr.count("\n") == 1
    assert complaint in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_help_lists_the_options_and_starts_nothing(tmp_path: Path) -> None:
    ended = run(tmp_path / "data", "--help")
    assert ended.returncode == 0
    for option in ("--as-of", "--days", "--orders-per-day", "--seed", "--source", "--no-notify", "--json"):
        assert option in ended.stdout
    assert ended.stderr == ""
    assert list(tmp_path.iterdir()) == []
