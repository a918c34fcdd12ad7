import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from flows import cli
from flows.paths import REPOSITORY, SAMPLE_SOURCE


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
        (["--shop", "no/such/shop.toml"], "no/such/shop.toml: No such file"),
        (["--shop", "data"], "data: Is a directory"),
        (["--shop", "README.md"], "README.md: is not TOML"),
        (["--shop", "data/sample/source.toml"], "data/sample/source.toml: this shop cannot be: orders: "),
        (
            ["--shop", "data/sample/shop.toml", "--source", "data/sample/source.toml"],
            "--source names your own orders and --shop simulated ones; give one of them",
        ),
        (
            ["--as-of", "2010-01-15"],
            "the simulated shop opened on 2010-01-01; it has no orders of 2009-12-17 (a shop file",
        ),
        (["--max-reject-rate", "1.5"], "the share must lie between 0 and 1, such as 0.05, not 1.5"),
        (["--max-reject-rate", "nan"], "the share must lie between 0 and 1, such as 0.05, not nan"),
        (["--max-reject-rate", "5%"], "'5%' is not a share between 0 and 1, such as 0.05"),
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


@pytest.mark.parametrize(
    ("described", "complaint"),
    [
        (
            "opened = 2026-11-01",
            "the simulated shop opened on 2026-11-01; it has no orders of 2026-10-23",
        ),
        ("orders_per_day = 0", "shop.toml: this shop cannot be: orders_per_day: "),
        ("[demand]\nweekdays = [1, 2]", "shop.toml: this shop cannot be: demand.weekdays: "),
        (
            '[[incidents.listed]]\nkind = "outage"\nfrom = 2026-11-03\nto = 2026-11-09\ncarrier = "Nobody"',
            "shop.toml: this shop cannot be: incidents.listed[0]: unknown carrier 'Nobody'; known: ",
        ),
        ("[[tiers]", "shop.toml: is not TOML: "),
    ],
    ids=["not open yet", "number", "list", "incident", "syntax"],
)
def test_a_shop_that_cannot_be_is_one_line_and_starts_nothing(
    tmp_path: Path, described: str, complaint: str
) -> None:
    shop = tmp_path / "shop.toml"
    shop.write_text(described)
    ended = run(tmp_path / "data", "--as-of", "2026-11-21", "--shop", str(shop))
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("error: ")
    assert ended.stderr.count("\n") == 1
    assert complaint in ended.stderr
    assert list(tmp_path.iterdir()) == [shop]


@pytest.mark.parametrize("days", ["2026-11-21", "1995-02-01"])
def test_a_shop_file_says_since_when_there_are_orders(tmp_path: Path, days: str) -> None:
    shop = tmp_path / "shop.toml"
    shop.write_text("opened = 1995-01-01")
    cli._check_inputs(cli._parse(["--as-of", days, "--shop", str(shop)]))


@pytest.mark.parametrize(
    ("arguments", "same"),
    [
        ([], ""),
        (["--shop", "data/sample/shop.toml"], " --shop data/sample/shop.toml"),
        (["--orders-per-day", "1000", "--seed", "7"], " --orders-per-day 1000 --seed 7"),
        (["--max-reject-rate", "0"], " --max-reject-rate 0.0"),
        (["--days", "3", "--seed", "8", "--shop", "my.toml"], " --days 3 --seed 8 --shop my.toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_next_day_is_suggested_for_the_same_shop(arguments: list[str], same: str) -> None:
    summary = SimpleNamespace(as_of=date(2026, 12, 31))
    (command, what), *_ = cli._suggestions(summary, cli._parse(arguments))
    assert what.startswith("the next day")
    assert command == f'make run ARGS="--as-of 2027-01-01{same}"'


def test_the_same_file_a_day_later_is_suggested_with_the_same_limit() -> None:
    summary = SimpleNamespace(as_of=date(2026, 12, 31))
    options = cli._parse(["--source", str(SAMPLE_SOURCE), "--max-reject-rate", "0.2", "--days", "3"])
    ((command, _),) = cli._suggestions(summary, options)
    assert command.endswith('source.toml --as-of 2027-01-01 --max-reject-rate 0.2"')


def test_what_is_not_asked_for_is_left_to_the_shop_file() -> None:
    options = cli._parse(["--shop", "my.toml"])
    assert (options.orders_per_day, options.seed) == (None, None)


def test_help_lists_the_options_and_starts_nothing(tmp_path: Path) -> None:
    ended = run(tmp_path / "data", "--help")
    assert ended.returncode == 0
    options = "as-of days orders-per-day seed shop source max-reject-rate no-notify json"
    for option in (f"--{name}" for name in options.split()):
        assert option in ended.stdout
    assert ended.stderr == ""
    assert list(tmp_path.iterdir()) == []
