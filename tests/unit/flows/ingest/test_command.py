"""`python -m flows.ingest`: check and init, as somebody with files uses them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flows.ingest.__main__ import main

SAMPLE = Path("data/sample")
HEADER = "order_id,customer_id,product_id,order_date,status,delivery_date\n"


def shop(directory: Path, orders: str, description: str = "") -> str:
    """A shop's directory; returns the path of its `source.toml`."""
    (directory / "orders.csv").write_text(HEADER + orders, encoding="utf-8")
    toml = directory / "source.toml"
    toml.write_text(description + '\n[orders]\npath = "orders.csv"\n', encoding="utf-8")
    return str(toml)


def order(number: int, **changed: str) -> str:
    row = {"customer": "C-1", "product": "P-1", "date": "2026-11-01", "status": "pending", "delivery": ""}
    return ",".join([f"O-{number}", *(row | changed).values()]) + "\n"


def contents(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_check_prints_what_would_be_loaded_and_rejected_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [order(number) for number in range(40)] + [order(40, status="SHIPED"), order(7)]
    assert main(["check", shop(tmp_path, "".join(rows)), "--as-of", "2026-11-05"]) == 0
    table, _, reasons = capsys.readouterr().out.partition("\norders: orders.csv\n")
    assert [line.split() for line in table.splitlines() if line.strip().startswith("orders")] == [
        ["orders", "42", "40", "2", "0"]
    ]
    assert "status is not one of pending, shipped, delivered, cancelled, returned: 1 row" in reasons
    assert "orders.csv:42 'SHIPED'" in reasons
    assert "orders.csv:43 'O-7'" in reasons


def test_check_as_json_has_the_same_by_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(order(number) for number in range(40)) + order(40, date="31.12.2026")
    assert main(["check", shop(tmp_path, rows), "--as-of", "2026-11-05", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["as_of"] == "2026-11-05"
    orders = said["entities"]["orders"]
    assert orders["files"] == ["orders.csv"]
    assert orders["days"] == {"2026-11-05": {"read": 41, "loaded": 40, "rejected": 1, "ignored": 0}}
    [reason] = orders["reasons"]
    assert (reason["column"], reason["rows"]) == ("order_date", 1)


def test_check_of_too_many_bad_rows_still_prints_the_table_and_ends_with_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = shop(tmp_path, "".join(order(number, status="?") for number in range(3)) + order(9))
    assert main(["check", source, "--as-of", "2026-11-05"]) == 2
    said = capsys.readouterr()
    assert "to load" in said.out
    assert said.err.startswith("error: 3 of 4 rows rejected (75 %, at most 5 %)")
    assert main(["check", source, "--as-of", "2026-11-05", "--max-reject-rate", "0.75"]) == 0


def test_check_writes_nothing(tmp_path: Path, data_dir: Path) -> None:
    home = tmp_path / "shop"
    home.mkdir()
    source = shop(home, order(1) + order(2, date="never"))
    before = contents(tmp_path)
    main(["check", source, "--as-of", "2026-11-05"])
    assert contents(tmp_path) == before
    assert not data_dir.exists()


def test_check_needs_no_prefect_and_no_warehouse() -> None:
    watched = (
        "import sys; from flows.ingest.__main__ import main; "
        "status = main(['check', 'data/sample/source.toml', '--as-of', '2026-10-31']); "
        "print(sorted({'prefect', 'snowflake.connector', 'dbt', 'duckdb'} & set(sys.modules))); "
        "sys.exit(status)"
    )
    run = subprocess.run([sys.executable, "-c", watched], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "the following arguments are required"),
        (["check"], "the following arguments are required: FILE.toml"),
        (["check", "nowhere.toml"], "nowhere.toml: No such file or directory; data/sample/source.toml"),
        (["check", "data/sample/source.toml", "--as-of", "yesterday"], "'yesterday' is not a day"),
        (["check", "data/sample/source.toml", "--max-reject-rate", "5"], "between 0 and 1"),
        (["init", "nowhere"], "nowhere: no such directory"),
        (["init", "README.md"], "README.md: is a file; name the directory that holds it"),
        (["init", "docs"], "docs: nothing here looks like orders; looked for"),
        (["init", "data/sample"], "data/sample/source.toml: is there already; --overwrite replaces it"),
    ],
)
def test_a_wrong_argument_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.startswith("error: ")
    assert said.count("\n") == 1


def test_what_init_writes_for_the_sample_can_be_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(SAMPLE / "orders.csv", tmp_path)
    assert main(["init", str(tmp_path)]) == 0
    assert f"check {tmp_path / 'source.toml'}" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "source.toml"), "--as-of", "2026-10-31", "--json"]) == 0
    [counts] = json.loads(capsys.readouterr().out)["entities"]["orders"]["days"].values()
    assert counts == {"read": 1000, "loaded": 1000, "rejected": 0, "ignored": 0}


def test_init_replaces_only_when_told_to(tmp_path: Path) -> None:
    shutil.copy(SAMPLE / "orders.csv", tmp_path)
    toml = tmp_path / "source.toml"
    toml.write_text("mine = 1", encoding="utf-8")
    assert main(["init", str(tmp_path)]) == 2
    assert toml.read_text(encoding="utf-8") == "mine = 1"
    assert main(["init", str(tmp_path), "--overwrite"]) == 0
    assert "[orders]" in toml.read_text(encoding="utf-8")
