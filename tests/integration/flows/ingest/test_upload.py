from pathlib import Path

import pytest

from flows.errors import StagingError
from flows.ingest.upload import new_attempt
from tests.integration.flows.ingest.batches import (
    DAYS,
    names,
    parquet_file,
    stage_is_empty,
    staged_products,
)


@pytest.mark.parametrize(
    "name",
    [
        "o'clock",
        "two words",
        "ünïcødé 東京",
        "[1]",
        "a%20b",
        "back\\slash",
        "semi;colon",
        "#1?*",
        'q"uote',
    ],
)
def test_the_data_directory_may_have_any_name(shop, load, tmp_path: Path, name: str) -> None:
    load(staged_products(tmp_path / name, "first", {DAYS[0]: "old", DAYS[1]: "same"}))
    load(staged_products(tmp_path / name, "second", {DAYS[0]: "new", DAYS[1]: "same"}))  # narrowed first
    assert names(shop) == {DAYS[0]: ("new", "second"), DAYS[1]: ("same", "first")}
    assert stage_is_empty(shop)


def test_files_that_are_gone_are_a_staging_error_and_change_nothing(shop, load, tmp_path: Path) -> None:
    load(staged_products(tmp_path, "first", {DAYS[0]: "old"}))
    batch = staged_products(tmp_path, "second", {DAYS[0]: "new"})
    parquet_file(batch, "products").unlink()
    with pytest.raises(StagingError, match=r"cannot upload products to @raw\.landing: .* Run again"):
        load(batch)
    assert names(shop) == {DAYS[0]: ("old", "first")}


def test_no_path_is_ever_used_twice() -> None:
    attempts = {new_attempt("a-batch") for _ in range(1000)}
    assert len(attempts) == 1000
    assert all(attempt.startswith("a-batch/") for attempt in attempts)
