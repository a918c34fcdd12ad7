import json
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from flows.errors import LoadError, WarehouseError
from flows.ingest import transaction
from flows.ingest.load import DayLoad, EntityLoad
from flows.ingest.manifest import missing_days
from flows.ingest.staging import BatchWriter, StagedBatch
from flows.migrations.numbered import DIRECTORY, migrations
from flows.tables import ENTITIES, SCHEMAS
from tests.integration.flows.ingest.batches import (
    DAYS,
    everything,
    names,
    outcomes,
    parquet_file,
    stage_is_empty,
    staged,
    staged_products,
)


def test_every_row_arrives_with_its_values_and_types(shop, loaded: StagedBatch) -> None:
    for entity in ENTITIES:
        columns = [*SCHEMAS[entity], "_batch_id", "_batch_day"]
        written = pl.read_parquet(parquet_file(loaded, entity)).select(columns)
        stored = shop.rows(f"select {', '.join(columns)} from raw.{entity}")
        assert sorted(map(repr, stored)) == sorted(map(repr, written.rows()))


def test_the_result_and_the_manifest_agree_with_the_tables(shop, load, tmp_path: Path) -> None:
    batch = staged(tmp_path, "first")
    lines: list[str] = []
    results = load(batch, lines.append)
    assert [line.split(":")[0] for line in lines] == [f"loading {entity}" for entity in ENTITIES]
    assert list(results) == list(ENTITIES)
    for entity, result in results.items():
        stored = shop.rows(f"select _batch_day, count(*) from raw.{entity} group by 1 order by 1")
        by_day = tuple(DayLoad(day, rows, 0, 0, rows, "loaded") for day, rows in stored)
        assert result == EntityLoad(batch.rows()[entity], 3, 0, 0, by_day)
        manifest = shop.rows(
            "select batch_day, row_count, batch_id, content_hash, origin from ops.load_manifest "
            f"where entity = '{entity}' order by batch_day"
        )
        assert [row[:2] for row in manifest] == stored
        assert [row[2:] for row in manifest] == [
            ("first", batch.days[entity][day].content_hash, "simulated") for day in DAYS
        ]


def test_nothing_of_the_batch_stays_on_the_stage_and_all_of_it_on_the_disk(shop, loaded: StagedBatch) -> None:
    assert stage_is_empty(shop)
    assert json.loads((loaded.directory / "batch.json").read_text())
    assert all(parquet_file(loaded, entity).is_file() for entity in ENTITIES)


def test_the_same_content_again_is_skipped_and_the_stage_left_alone(
    shop, load, loaded: StagedBatch, tmp_path: Path
) -> None:
    before = everything(shop)
    again = staged(tmp_path, "second")
    for file in again.directory.rglob("*.parquet"):
        file.unlink()  # a touch of the stage would find nothing to upload, and fail
    results = load(again)
    assert outcomes(results) == {entity: ["skipped"] * 3 for entity in ENTITIES}
    assert {(result.rows, result.days, result.skipped_days) for result in results.values()} == {(0, 0, 3)}
    assert everything(shop) == before


def test_each_day_is_skipped_replaced_or_loaded_by_itself(shop, load, tmp_path: Path) -> None:
    load(staged_products(tmp_path, "first", {DAYS[0]: "same", DAYS[1]: "old"}))
    lines: list[str] = []
    batch = staged_products(tmp_path, "second", {DAYS[0]: "same", DAYS[1]: "new", DAYS[2]: "more"})
    result = load(batch, lines.append)["products"]
    assert [day.outcome for day in result.by_day] == ["skipped", "replaced", "loaded"]
    assert (result.rows, result.days, result.skipped_days) == (2, 2, 1)
    assert names(shop) == {
        DAYS[0]: ("same", "first"),
        DAYS[1]: ("new", "second"),
        DAYS[2]: ("more", "second"),
    }
    manifest = shop.rows("select batch_day, batch_id from ops.load_manifest order by 1")
    assert manifest == [(DAYS[0], "first"), (DAYS[1], "second"), (DAYS[2], "second")]
    assert lines == ["loading products: 2 rows of 2 day(s)"]
    assert stage_is_empty(shop)


def test_a_day_that_became_empty_loses_its_rows(shop, load, tmp_path: Path) -> None:
    load(staged_products(tmp_path, "first", {DAYS[0]: "P", DAYS[1]: "P"}))
    assert outcomes(load(staged_products(tmp_path, "second", {DAYS[0]: ""}))) == {"products": ["replaced"]}
    assert names(shop) == {DAYS[1]: ("P", "first")}
    manifest = shop.rows("select batch_day, batch_id, row_count from ops.load_manifest order by 1")
    assert manifest == [(DAYS[0], "second", 0), (DAYS[1], "first", 1)]


def test_content_that_comes_back_is_loaded_again(shop, load, tmp_path: Path) -> None:
    """What a warehouse remembers of files it has loaded plays no part."""
    for turn, name in enumerate(("old", "new", "old", "new")):
        batch = staged_products(tmp_path / str(turn), "same-id", {DAYS[0]: name})
        result = load(batch)["products"]
        assert result.by_day[0].outcome == ("replaced" if turn else "loaded")
        assert names(shop) == {DAYS[0]: (name, "same-id")}


def test_rows_that_lost_their_manifest_are_replaced(shop, load, tmp_path: Path) -> None:
    load(staged_products(tmp_path, "first", {DAYS[0]: "P"}))
    shop.rows("delete from ops.load_manifest")
    assert outcomes(load(staged_products(tmp_path, "second", {DAYS[0]: "P"}))) == {"products": ["loaded"]}
    assert names(shop) == {DAYS[0]: ("P", "second")}


def test_an_entity_that_fails_leaves_those_before_it_and_the_next_load_continues(
    shop, load, tmp_path: Path
) -> None:
    broken = staged(tmp_path, "first")
    file = parquet_file(broken, "orders")
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(LoadError):
        load(broken)
    rows = broken.rows()
    assert {entity: shop.value(f"select count(*) from raw.{entity}") for entity in ENTITIES} == {
        **rows,
        "orders": 0,
        "deliveries": 0,
    }
    assert missing_days(shop.connection, DAYS[-1], 3).missing == DAYS

    results = load(staged(tmp_path, "second"))
    assert outcomes(results) == {
        "customers": ["skipped"] * 3,
        "products": ["skipped"] * 3,
        "orders": ["loaded"] * 3,
        "deliveries": ["loaded"] * 3,
    }
    assert missing_days(shop.connection, DAYS[-1], 3).missing == []
    assert {entity: shop.value(f"select count(*) from raw.{entity}") for entity in ENTITIES} == rows


def test_more_days_than_one_statement_deletes_are_loaded_and_replaced(
    shop, load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "_DAYS_PER_STATEMENT", 3)
    days = [date(2020, 1, 1) + timedelta(days=number) for number in range(10)]
    for name in ("old", "new"):
        load(staged_products(tmp_path, name, dict.fromkeys(days, name)))
    assert names(shop) == dict.fromkeys(days, ("new", "new"))
    assert shop.value("select count(*) from ops.load_manifest") == 10


def test_rows_without_their_manifest_are_not_kept(shop, load, tmp_path: Path) -> None:
    batch = staged_products(tmp_path, "first", {DAYS[0]: "P"})
    shop.rows("drop table ops.load_manifest")
    shop.rows("create table ops.load_manifest as select 'other columns' as entity")
    with pytest.raises(WarehouseError, match="refused a statement"):
        load(batch)
    shop.rows("drop table ops.load_manifest")
    shop.connection.execute_string((DIRECTORY / migrations()[0].file).read_text(), remove_comments=True)
    load(batch)
    shop.rows("alter table ops.load_manifest drop column loaded_at")  # which is written, and not read before
    complaint = r"refused to load products: .*LOADED_AT.*; raw\.products is as it was before"
    with pytest.raises(LoadError, match=complaint):
        load(staged_products(tmp_path, "second", {DAYS[0]: "Q"}))
    assert names(shop) == {DAYS[0]: ("P", "first")}


def test_a_batch_without_days_loads_nothing(load, tmp_path: Path) -> None:
    with BatchWriter("first", tmp_path, origin="simulated") as writer:
        pass
    assert load(writer.batch) == {}
