"""Rows that were set aside travel with the rows of their day: replaced, skipped and rolled back with them."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from flows.errors import ReconciliationError
from flows.ingest.quarantine import REJECTS
from flows.ingest.staging import REJECTED, BatchWriter, StagedBatch
from flows.tables import SCHEMAS
from tests.integration.flows.ingest.batches import DAYS, stage_is_empty

COLUMNS = "entity, file, line, column_name, value, reason, source_row, _batch_id, _batch_day"


def staged(root: Path, batch_id: str, rejected: Mapping[date, list[str]], rows: int = 1) -> StagedBatch:
    """Products of some days: `rows` good ones each, and one for each reason it was set aside for."""
    good = pl.DataFrame(
        {"product_id": [f"P{n}" for n in range(rows)] * len(rejected)},
        schema=["product_id"],
    ).with_columns(_batch_day=pl.Series([day for day in rejected for _ in range(rows)], dtype=pl.Date))
    schema = {**SCHEMAS["products"], "_batch_day": pl.Date}
    rejects = [
        ("products", "products.csv", line, "price", "x", reason, '{"price": "x"}', day)
        for day, reasons in rejected.items()
        for line, reason in enumerate(reasons, start=2)
    ]
    with BatchWriter(batch_id, root, origin="files") as writer:
        others = [
            pl.lit(None).cast(kind).alias(name) for name, kind in schema.items() if name not in good.columns
        ]
        writer.write("products", good.with_columns(others).select(*schema), rejected)
        writer.reject(pl.DataFrame(rejects, schema=REJECTS, orient="row"))
        writer.hand_in(
            "products",
            {day: rows + len(reasons) + 4 for day, reasons in rejected.items()},
            dict.fromkeys(rejected, 4),
        )
    return writer.batch


def stored(shop) -> list[tuple]:
    return shop.rows("select _batch_day, reason, _batch_id from raw.rejected_rows order by 1, line, 2")


def test_they_arrive_with_everything_that_is_known_of_them(shop, load, tmp_path: Path) -> None:
    result = load(staged(tmp_path, "first", {DAYS[0]: ["is missing", "is no number"], DAYS[1]: []}))[
        "products"
    ]
    assert shop.rows(f"select {COLUMNS} from raw.rejected_rows order by line") == [
        ("products", "products.csv", line, "price", "x", reason, '{"price": "x"}', "first", DAYS[0])
        for line, reason in ((2, "is missing"), (3, "is no number"))
    ]
    assert [(day.read, day.rejected, day.ignored, day.loaded) for day in result.by_day] == [
        (7, 2, 4, 1),
        (5, 0, 4, 1),
    ]
    assert (result.read, result.rejected, result.rows) == (12, 2, 2)
    assert stage_is_empty(shop)


def test_a_replaced_day_replaces_its_own_and_leaves_those_of_others(shop, load, tmp_path: Path) -> None:
    load(staged(tmp_path, "first", {DAYS[0]: ["a"], DAYS[1]: ["b", "c"], DAYS[2]: ["d"]}))
    shop.rows(
        "insert into raw.rejected_rows (entity, line, reason, _batch_id, _batch_day) "
        f"values ('orders', 9, 'of an order', 'first', '{DAYS[1]}')"
    )
    load(staged(tmp_path, "second", {DAYS[0]: ["a"], DAYS[1]: ["e"], DAYS[2]: []}))
    assert stored(shop) == [
        (DAYS[0], "a", "first"),
        (DAYS[1], "e", "second"),
        (DAYS[1], "of an order", "first"),
    ]


def test_the_same_rows_with_other_rejects_are_other_content(shop, load, tmp_path: Path) -> None:
    load(staged(tmp_path, "first", {DAYS[0]: ["a"]}))
    again = load(staged(tmp_path, "second", {DAYS[0]: ["a"]}))["products"]
    assert (again.by_day[0].outcome, again.rejected, again.rows) == ("skipped", 1, 0)
    assert load(staged(tmp_path, "third", {DAYS[0]: ["b"]}))["products"].by_day[0].outcome == "replaced"
    assert stored(shop) == [(DAYS[0], "b", "third")]


def test_a_day_of_nothing_but_rejects_is_loaded(shop, load, tmp_path: Path) -> None:
    result = load(staged(tmp_path, "first", {DAYS[0]: ["a", "b"]}, rows=0))["products"]
    assert [(day.loaded, day.rejected, day.outcome) for day in result.by_day] == [(0, 2, "loaded")]
    assert [reason for _, reason, _ in stored(shop)] == ["a", "b"]


def test_a_file_of_theirs_that_is_not_what_was_written_rolls_everything_back(
    shop, load, tmp_path: Path
) -> None:
    load(staged(tmp_path, "first", {DAYS[0]: ["a"]}))
    batch = staged(tmp_path, "second", {DAYS[0]: ["b", "c"]}, rows=2)
    (file,) = (batch.directory / REJECTED / "products").iterdir()
    pl.read_parquet(file)[1:].write_parquet(file)
    complaint = f"products of {DAYS[0]}: 2 rejected rows staged, but 1 in raw.rejected_rows"
    with pytest.raises(ReconciliationError, match=complaint):
        load(batch)
    assert stored(shop) == [(DAYS[0], "a", "first")]
    assert shop.rows("select product_id, _batch_id from raw.products") == [("P0", "first")]
    assert stage_is_empty(shop)
