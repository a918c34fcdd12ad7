import json
import signal
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.errors import InputError, StagingError
from flows.generate import partitions as partitions_module
from flows.generate.export import export
from flows.generate.shop import Shop
from flows.tables import ENTITIES
from tests.unit.flows.generate.shops import collected, days_from

SHOP = Shop(seed=5, orders_per_day=60)
# Monday to Thursday: nothing is delivered on a Sunday
DAYS = days_from(date(2026, 3, 9), 4)
# for an interruption: every day on its own
SMALL_PART = 300


def silent(days: int, rows: dict[str, int]) -> None:
    pass


def contents(directory: Path) -> dict[str, bytes]:
    return {str(p.relative_to(directory)): p.read_bytes() for p in directory.rglob("*") if p.is_file()}


def scanned(out: Path, entity: str) -> pl.DataFrame:
    return pl.scan_parquet(out / entity, hive_partitioning=True).collect()


def rows_on(out: Path, entity: str, day: date) -> int:
    files = (out / entity / f"_batch_day={day}").glob("*.parquet")
    return sum(pl.read_parquet(file).height for file in files)


def test_files_read_as_one_partitioned_table_are_the_partitions(tmp_path: Path) -> None:
    counts = export(SHOP, DAYS, tmp_path, silent)
    for entity, frame in collected(SHOP, DAYS).items():
        assert_frame_equal(scanned(tmp_path, entity), frame)
        assert counts[entity] == frame.height


def test_files_have_the_names_that_partitioned_tables_have(tmp_path: Path) -> None:
    export(SHOP, DAYS[:2], tmp_path, silent)
    assert set(contents(tmp_path)) == {
        "shop.json",
        *(f"{entity}/_batch_day={day}/part-0001.parquet" for entity in ENTITIES for day in DAYS[:2]),
    }
    assert json.loads((tmp_path / "shop.json").read_text(encoding="utf-8"))["origin"] == SHOP.origin


def test_a_large_day_has_several_files_and_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = collected(SHOP, DAYS)
    monkeypatch.setattr(partitions_module, "PART_ROWS", 50)
    export(SHOP, DAYS, tmp_path, silent)
    assert len(list((tmp_path / "orders" / f"_batch_day={DAYS[0]}").iterdir())) > 2
    for entity, frame in whole.items():
        assert_frame_equal(scanned(tmp_path, entity), frame)


@pytest.mark.parametrize("rows", [50, 400, 160_000])
def test_a_day_written_again_is_the_same_bytes(
    tmp_path: Path, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions_module, "PART_ROWS", rows)
    export(SHOP, DAYS, tmp_path, silent)
    before = contents(tmp_path)
    export(SHOP, DAYS[1:3], tmp_path, silent)
    assert contents(tmp_path) == before
    export(SHOP, [DAYS[0]], tmp_path, silent)
    assert contents(tmp_path) == before


def test_days_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    export(SHOP, DAYS[2:], tmp_path, silent)
    export(SHOP, DAYS[:2], tmp_path, silent)
    assert_frame_equal(scanned(tmp_path, "orders"), collected(SHOP, DAYS)["orders"])


def test_whoever_watches_hears_of_every_day_and_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions_module, "PART_ROWS", SMALL_PART)
    heard: list[tuple[int, dict[str, int]]] = []
    counts = export(SHOP, DAYS, tmp_path, lambda days, rows: heard.append((days, rows)))
    assert sum(days for days, _ in heard) == len(DAYS)
    assert len(heard) > 1
    assert {entity: sum(rows[entity] for _, rows in heard) for entity in ENTITIES} == counts


def test_another_shop_in_the_same_directory_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    export(SHOP, DAYS[:1], tmp_path, silent)
    before = contents(tmp_path)
    for other in (Shop(seed=6, orders_per_day=60), Shop(seed=5, orders_per_day=60, products=399)):
        with pytest.raises(InputError, match="holds the partitions of another shop"):
            export(other, DAYS, tmp_path, silent)
    assert contents(tmp_path) == before


def test_a_directory_that_holds_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(InputError, match="is not empty"):
        export(SHOP, DAYS, tmp_path, silent)
    assert contents(tmp_path) == {"letters.txt": b"dear"}


@pytest.mark.parametrize("said", [b"\xff\xfe", b"", b"[]", b"{"], ids=["no text", "empty", "a list", "half"])
def test_a_shop_file_that_is_not_ours_is_refused(tmp_path: Path, said: bytes) -> None:
    (tmp_path / "shop.json").write_bytes(said)
    with pytest.raises(InputError, match=str(tmp_path)):
        export(SHOP, DAYS, tmp_path, silent)
    assert contents(tmp_path) == {"shop.json": said}


def test_a_day_before_the_shop_opened_leaves_no_trace(tmp_path: Path) -> None:
    """The message advises a shop file that opens earlier: it must fit into the directory it is for."""
    out = tmp_path / "out"
    with pytest.raises(InputError, match="opened on 2010-01-01"):
        export(SHOP, [date(2009, 12, 31)], out, silent)
    assert not out.exists() or not contents(out)


def days_that_are_whole(out: Path) -> set[date]:
    """The days found anywhere, each with the rows of every entity it should have."""
    found = {date.fromisoformat(path.name.removeprefix("_batch_day=")) for path in out.glob("*/_batch_day=*")}
    for day in found:
        for entity, frame in collected(SHOP, [day]).items():
            assert rows_on(out, entity, day) == frame.height, (entity, day)
    return found


def interrupting(call: Callable, turn: int) -> Callable:
    """The same function, with a Ctrl-C when it is called for the `turn`-th time."""
    turns = iter(range(1, 10_000))

    def interrupted(*arguments: object, **options: object) -> object:
        if next(turns) == turn:
            signal.raise_signal(signal.SIGINT)
        return call(*arguments, **options)

    return interrupted


@pytest.mark.parametrize("turn", [1, 2, 6, 9, 14])
def test_an_interruption_while_files_are_written_leaves_whole_days(
    tmp_path: Path, turn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(partitions_module, "PART_ROWS", SMALL_PART)
        patch.setattr(pl.DataFrame, "write_parquet", interrupting(pl.DataFrame.write_parquet, turn))
        with pytest.raises(KeyboardInterrupt):
            export(SHOP, DAYS, tmp_path, silent)
    # a day is published while the next one is written
    written = (turn - 1) // len(ENTITIES)
    assert written - 2 <= len(days_that_are_whole(tmp_path)) <= written
    assert {path.name for path in tmp_path.iterdir()} <= {"shop.json", *ENTITIES}


@pytest.mark.parametrize("turn", [1, 2, 4, 7])
def test_an_interruption_while_a_day_is_published_leaves_whole_days(
    tmp_path: Path, turn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(partitions_module, "PART_ROWS", SMALL_PART)
        patch.setattr(Path, "rename", interrupting(Path.rename, turn))
        with pytest.raises(KeyboardInterrupt):
            export(SHOP, DAYS, tmp_path, silent)
    days_that_are_whole(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} <= {"shop.json", *ENTITIES}


@pytest.mark.parametrize("turn", [1, 2, 3, 4])
def test_an_interruption_while_a_thread_starts_leaves_whole_days(
    tmp_path: Path, turn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = iter(range(1, 10_000))

    def start(thread: threading.Thread, began: Callable = threading.Thread.start) -> None:
        began(thread)
        if next(turns) == turn:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(partitions_module, "PART_ROWS", SMALL_PART)
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(KeyboardInterrupt):
            export(SHOP, DAYS, tmp_path, silent)
    days_that_are_whole(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} <= {"shop.json", *ENTITIES}


def test_a_run_after_an_interruption_completes_the_range(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(days: int, rows: dict[str, int]) -> None:
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(partitions_module, "PART_ROWS", SMALL_PART)
        with pytest.raises(KeyboardInterrupt):
            export(SHOP, DAYS, tmp_path, stop)
    assert len(days_that_are_whole(tmp_path)) == 1
    export(SHOP, DAYS, tmp_path, silent)
    assert days_that_are_whole(tmp_path) == set(DAYS)


def test_what_the_disk_refuses_is_said_in_one_line(tmp_path: Path) -> None:
    export(SHOP, DAYS[:1], tmp_path, silent)
    (tmp_path / "orders" / f"_batch_day={DAYS[1]}").write_text("in the way")
    with pytest.raises(StagingError, match=f"cannot write below {tmp_path}: ") as refused:
        export(SHOP, DAYS, tmp_path, silent)
    assert "\n" not in str(refused.value)


def test_what_a_killed_run_left_unfinished_is_cleared_away(tmp_path: Path) -> None:
    export(SHOP, DAYS[:1], tmp_path, silent)
    before = contents(tmp_path)
    left = tmp_path / ".unfinished-killed" / "orders" / f"_batch_day={DAYS[0]}"
    left.mkdir(parents=True)
    (left / "part-0001.parquet").write_bytes(b"half")
    export(SHOP, DAYS[:1], tmp_path, silent)
    assert contents(tmp_path) == before
