import json
import os
import pty
import re
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows import paths
from flows.generate.__main__ import main
from flows.generate.shop import Shop
from flows.tables import ENTITIES, SCHEMAS
from tests.unit.flows.generate.shops import collected, days_from

DAYS = "2026-03-07..2026-03-09"
SMALL = ["--orders-per-day", "40"]


def contents(directory: Path) -> dict[str, bytes]:
    return {str(p.relative_to(directory)): p.read_bytes() for p in directory.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("2026-03-07", [date(2026, 3, 7)]),
        (DAYS, days_from(date(2026, 3, 7), 3)),
        ("2026-03-09,2026-03-01..2026-03-02, 2026-03-02", [date(2026, 3, n) for n in (1, 2, 9)]),
        ("2024-02-28 .. 2024-03-01", days_from(date(2024, 2, 28), 3)),
    ],
)
def test_the_days_asked_for_are_written(tmp_path: Path, days: str, expected: list[date]) -> None:
    assert main(["--days", days, "--out", str(tmp_path), "--seed", "3", *SMALL]) == 0
    for entity, frame in collected(Shop(seed=3, orders_per_day=40), expected).items():
        assert_frame_equal(pl.scan_parquet(tmp_path / entity, hive_partitioning=True).collect(), frame)


def test_what_was_written_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--days", DAYS, "--out", str(tmp_path / "out"), *SMALL]) == 0
    counts = ", ".join(rf"[\d,]+ {entity}" for entity in ENTITIES)
    assert re.fullmatch(rf"{tmp_path}/out: {counts} in \d+\.\d s\n", capsys.readouterr().out)


def test_as_json_it_is_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--days", DAYS, "--out", str(tmp_path), "--json", *SMALL]) == 0
    said = json.loads(capsys.readouterr().out)
    expected = collected(Shop(orders_per_day=40), days_from(date(2026, 3, 7), 3))
    assert said["out"] == str(tmp_path)
    assert said["rows"] == {entity: frame.height for entity, frame in expected.items()}
    assert said["seconds"] > 0


def test_a_shop_file_is_simulated_and_options_come_before_it(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text("orders_per_day = 70\nproducts = 5\nseed = 9\n")
    assert main(["--days", DAYS, "--out", str(tmp_path / "out"), "--shop", str(file), "--seed", "4"]) == 0
    found = pl.scan_parquet(tmp_path / "out" / "orders", hive_partitioning=True).collect()
    expected = collected(Shop(orders_per_day=70, products=5, seed=4), days_from(date(2026, 3, 7), 3))
    assert_frame_equal(found, expected["orders"])


def test_running_it_again_leaves_the_same_bytes(tmp_path: Path) -> None:
    arguments = ["--days", DAYS, "--out", str(tmp_path), *SMALL]
    assert main(arguments) == 0
    before = contents(tmp_path)
    assert main(arguments) == 0
    assert contents(tmp_path) == before


def test_another_shop_is_refused_and_nothing_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--days", DAYS, "--out", str(tmp_path), *SMALL]) == 0
    before = contents(tmp_path)
    capsys.readouterr()
    assert main(["--days", DAYS, "--out", str(tmp_path), "--orders-per-day", "41"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(rf"error: {tmp_path} holds the partitions of another shop.*\n", said.err)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--days", "2009-12-31"], "opened on 2010-01-01; it has no orders of 2009-12-31"),
        (["--days", "2009-12-31..2010-01-02"], "opened on 2010-01-01"),
        (["--days", "2026-03-02..2026-03-01"], "'2026-03-02..2026-03-01' ends before it starts"),
        (["--days", "2026-02-29"], "'2026-02-29' is not a day"),
        (["--days", "soon"], "'soon' is not a day"),
        (["--days", ""], "is not a day"),
        (["--days", "2026-03-01,"], "is not a day"),
        (["--days", "20260301"], "not a day|days must be between"),
        (["--days", "2026-W01-1"], "'2026-W01-1' is not a day"),
        (["--days", "..2026-03-01"], "is not a day"),
        (["--days", "2026-03-01.."], "is not a day|ends"),
        (["--days", "2026-03-01...2026-03-02"], "is not a day"),
        (["--days", "2010-01-01..2199-01-01"], "more than 36,600 days"),
        (["--days", "9999-12-31"], "9999-12-31"),
        (["--days", DAYS, "--orders-per-day", "0"], "orders per day must be between 1 and 10,000,000, not 0"),
        (["--days", DAYS, "--orders-per-day", "many"], "'many' is not a whole number"),
        (["--days", DAYS, "--orders-per-day", "1.5"], "'1.5' is not a whole number"),
        (["--days", DAYS, "--seed", "-1"], "seed: .*not -1"),
        (["--days", DAYS, "--seed", ""], "'' is not a whole number"),
        (["--days", DAYS, "--shop", "no such file.toml"], "no such file.toml: No such file"),
        (["--days", DAYS, "--shop", "."], "Is a directory"),
        (["--days", DAYS, "--colour", "red"], "--colour"),
        ([], "required: .*--days"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_a_wrong_command_is_one_line_and_status_2(
    tmp_path: Path, arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(rf"error: .*({complaint}).*\n", said.err)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("below", ["", "/deeper"])
def test_a_file_as_directory_is_one_line_and_status_2(
    tmp_path: Path, below: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    assert main(["--days", DAYS, "--out", f"{tmp_path}/file{below}"]) == 2
    assert re.fullmatch(rf"error: {tmp_path}/file{below}: .*\n", capsys.readouterr().err)
    assert (tmp_path / "file").read_text() == "mine"


def test_several_processes_write_ranges_of_one_shop_into_one_directory(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    ranges = [(f"2026-03-{first:02d}", f"2026-03-{first + 2:02d}") for first in (2, 5, 8, 11)]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "flows.generate", "--days", f"{a}..{b}", "--out", str(out), *SMALL],
            cwd=paths.REPOSITORY,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for a, b in ranges
    ]
    assert [process.communicate(timeout=120)[1] for process in running] == [b""] * len(ranges)
    assert {path.name for path in out.iterdir()} == {"shop.json", *ENTITIES}
    days = [f"_batch_day=2026-03-{day:02d}" for day in range(2, 14)]
    assert all(sorted(path.name for path in (out / entity).iterdir()) == days for entity in ENTITIES)


def test_a_day_without_rows_is_an_empty_file_and_not_a_missing_one(tmp_path: Path) -> None:
    assert main(["--days", "2026-11-01", "--out", str(tmp_path), *SMALL]) == 0  # a Sunday
    deliveries = pl.read_parquet(tmp_path / "deliveries" / "_batch_day=2026-11-01" / "*.parquet")
    assert deliveries.schema == SCHEMAS["deliveries"]
    assert deliveries.height == 0


def test_an_interruption_is_one_line_and_status_130(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    once = iter([signal.SIGINT])

    def interrupted(*_: object, **__: object) -> None:
        for number in once:
            signal.raise_signal(number)

    monkeypatch.setattr(pl.DataFrame, "write_parquet", interrupted)
    assert main(["--days", DAYS, "--out", str(tmp_path), *SMALL]) == 130
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith("error: interrupted")
    assert set(contents(tmp_path)) == {"shop.json"}


def test_progress_is_shown_to_a_person_at_a_terminal_on_stderr_only(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "flows.generate",
        "--days",
        DAYS,
        "--out",
        str(tmp_path),
        "--json",
        *SMALL,
    ]
    done = subprocess.run(command, cwd=paths.REPOSITORY, stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    assert b"simulating" in os.read(ours, 100_000)
    os.close(ours)
    assert json.loads(done.stdout)["rows"]["orders"] > 0


def test_the_command_needs_neither_prefect_nor_a_warehouse(tmp_path: Path) -> None:
    code = (
        "import sys; from flows.generate.__main__ import main; status = main(sys.argv[1:]);"
        "print(status, *sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--days", DAYS, "--out", str(tmp_path), "--json", *SMALL],
        cwd=paths.REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    status, *imported = done.stdout.splitlines()[-1].split()
    assert status == "0"
    assert "polars" in imported
    assert not {"prefect", "snowflake.connector", "dbt", "fakesnow", "duckdb", "sqlalchemy"} & set(imported)
    assert done.stderr == ""
