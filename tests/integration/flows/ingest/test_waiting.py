"""Another run between its lock and its commit: waited for, then decided anew."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from snowflake.connector.cursor import SnowflakeCursor

from flows.errors import LoadError
from flows.ingest.load import load_batch
from flows.ingest.retries import Patience
from tests.integration.flows.ingest.batches import DAYS, names, outcomes, stage_is_empty, staged_products

WAITING = "loading products: another run is at work; waiting"


@pytest.fixture
def holder(shop, load, tmp_path: Path) -> Iterator[SnowflakeCursor]:
    """Another session, which holds the load lock. One day was loaded before."""
    load(staged_products(tmp_path, "first", {DAYS[2]: "same"}))
    with shop.connect() as connection, connection.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("update ops.load_lock set batch_id = 'other'")
        yield cursor


class Progress:
    """Notes the lines, and does something at the first that says it waits."""

    def __init__(self, when_waiting: Callable[[], object]) -> None:
        self.lines: list[str] = []
        self._when_waiting: Callable[[], object] | None = when_waiting

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        if line.startswith(WAITING) and self._when_waiting:
            then, self._when_waiting = self._when_waiting, None
            then()


def test_a_load_says_that_it_waits_and_goes_on_when_the_other_ends(
    shop, load, holder: SnowflakeCursor, tmp_path: Path
) -> None:
    progress = Progress(lambda: holder.execute("rollback"))
    batch = staged_products(tmp_path, "second", {DAYS[0]: "P"})
    assert outcomes(load(batch, progress)) == {"products": ["loaded"]}
    assert names(shop) == {DAYS[0]: ("P", "second"), DAYS[2]: ("same", "first")}
    uploads = [line for line in progress.lines if not line.startswith(WAITING)]
    assert uploads == ["loading products: 1 rows of 1 day(s)"], "what lies on the stage is not uploaded again"
    assert len(progress.lines) > 1
    assert stage_is_empty(shop)


def test_what_the_other_run_loaded_meanwhile_is_skipped(
    shop, load, holder: SnowflakeCursor, tmp_path: Path
) -> None:
    def the_other_loads_the_same() -> None:
        holder.execute("rollback")
        load(staged_products(tmp_path / "other", "other", {DAYS[0]: "P", DAYS[1]: "P"}))

    progress = Progress(the_other_loads_the_same)
    batch = staged_products(tmp_path, "second", {DAYS[0]: "P", DAYS[1]: "P"})
    assert outcomes(load(batch, progress)) == {"products": ["skipped", "skipped"]}
    assert names(shop) == {
        DAYS[0]: ("P", "other"),
        DAYS[1]: ("P", "other"),
        DAYS[2]: ("same", "first"),
    }
    assert progress.lines[-1] == "loading products: another run has loaded the same meanwhile"
    assert stage_is_empty(shop)


def test_where_the_other_run_loaded_a_part_of_it_only_the_rest_is_loaded(
    shop, load, holder: SnowflakeCursor, tmp_path: Path
) -> None:
    def the_other_loads_a_part() -> None:
        holder.execute("rollback")
        load(staged_products(tmp_path / "other", "other", {DAYS[0]: "P", DAYS[1]: "else", DAYS[2]: "else"}))

    progress = Progress(the_other_loads_a_part)
    batch = staged_products(tmp_path, "second", {DAYS[0]: "P", DAYS[1]: "P", DAYS[2]: "same"})
    assert outcomes(load(batch, progress)) == {"products": ["skipped", "replaced", "replaced"]}
    assert names(shop) == {
        DAYS[0]: ("P", "other"),
        DAYS[1]: ("P", "second"),
        DAYS[2]: ("same", "second"),
    }
    assert stage_is_empty(shop)


def test_patience_with_another_run_ends_and_says_who_could_be_at_work(
    shop, holder: SnowflakeCursor, tmp_path: Path
) -> None:
    batch = staged_products(tmp_path, "second", {DAYS[0]: "P"})
    lines: list[str] = []
    with pytest.raises(
        LoadError,
        match=r"products: another run was loading all the time \(.*\); raw\.products is as it was.*LOCKS",
    ):
        load_batch(shop.connect, batch, lines.append, Patience(lock=0.5, longest_wait=0.1))
    assert [line.split(" waiting")[0] for line in lines[1:3]] == [WAITING.removesuffix(" waiting")] * 2
    holder.execute("rollback")
    assert names(shop) == {DAYS[2]: ("same", "first")}
    assert stage_is_empty(shop)
