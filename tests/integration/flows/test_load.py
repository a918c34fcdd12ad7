import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from blocks.settings import SnowflakeSettings
from flows.errors import LoadError, ReconciliationError, StagingError
from flows.generate.partitions import change_partitions
from flows.generate.shop import Shop as SimulatedShop
from flows.ingest import load as load_module
from flows.ingest.load import EntityLoad, load_batch
from flows.ingest.manifest import create_landing, missing_days, origins, read_manifest
from flows.ingest.staging import BatchWriter, StagedBatch
from flows.tables import ENTITIES, SCHEMAS
from flows.warehouse import connect

DAYS = [date(2026, 1, day) for day in (5, 6, 7)]


def staged(
    root: Path, batch_id: str, days: list[date] = DAYS, seed: int = 1, entities: tuple[str, ...] = ENTITIES
) -> StagedBatch:
    """Some days of a small simulated shop."""
    with BatchWriter(batch_id, root, origin="simulated") as writer:
        for run, partitions in change_partitions(SimulatedShop(seed=seed, orders_per_day=20), days):
            for entity in entities:
                writer.write(entity, partitions[entity], run)
    return writer.batch


def load(shop, batch: StagedBatch, report=lambda line: None) -> dict[str, EntityLoad]:
    days = [day for entity in batch.days.values() for day in entity]
    manifest = read_manifest(shop.connection, min(days), max(days))
    return load_batch(shop.connection, batch, manifest, report)


def content(shop, entity: str) -> list[str]:
    """All rows of a table and of its part of the manifest, in an order that depends on them alone."""
    rows = shop.rows(f"select * from raw.{entity}")
    rows += shop.rows(f"select * from ops.load_manifest where entity = '{entity}'")
    return sorted(map(repr, rows))


def everything(shop) -> dict[str, list[str]]:
    return {entity: content(shop, entity) for entity in ENTITIES}


def stage_is_empty(shop) -> bool:
    return shop.rows("list @raw.landing") == []


def parquet_file(batch: StagedBatch, entity: str) -> Path:
    (file,) = (batch.directory / entity).iterdir()
    return file


@pytest.fixture
def loaded(shop, tmp_path: Path) -> Iterator[StagedBatch]:
    """A shop whose days are loaded already."""
    batch = staged(tmp_path, "first")
    load(shop, batch)
    return batch


@pytest.fixture(scope="module")
def loaded_once(new_connector, tmp_path_factory: pytest.TempPathFactory):
    """A session with a shop whose days are loaded, for tests that only read."""
    batch = staged(tmp_path_factory.mktemp("once"), "first")
    with connect(new_connector()) as connection:
        create_landing(connection)
        load_batch(connection, batch, {}, lambda line: None)
        yield connection


def test_every_row_arrives_with_its_values_and_types(shop, tmp_path: Path) -> None:
    batch = staged(tmp_path, "first")
    load(shop, batch)
    for entity in ENTITIES:
        columns = [*SCHEMAS[entity], "_batch_id", "_batch_day"]
        written = pl.read_parquet(parquet_file(batch, entity)).select(columns)
        stored = shop.rows(f"select {', '.join(columns)} from raw.{entity}")
        assert sorted(map(repr, stored)) == sorted(map(repr, written.rows()))


def test_the_result_and_the_manifest_agree_with_the_tables(shop, tmp_path: Path) -> None:
    batch = staged(tmp_path, "first")
    lines: list[str] = []
    results = load(shop, batch, lines.append)
    assert results == {
        entity: EntityLoad(rows=count, days=3, skipped_days=0) for entity, count in batch.rows().items()
    }
    assert [line.split(":")[0] for line in lines] == [f"loading {entity}" for entity in ENTITIES]
    for entity in ENTITIES:
        stored = shop.rows(f"select _batch_day, count(*) from raw.{entity} group by 1 order by 1")
        manifest = shop.rows(
            "select batch_day, row_count, batch_id, content_hash, origin from ops.load_manifest "
            f"where entity = '{entity}' order by batch_day"
        )
        assert [row[:2] for row in manifest] == stored
        assert [row[2:] for row in manifest] == [
            ("first", batch.days[entity][day].content_hash, "simulated") for day in DAYS
        ]


def test_nothing_of_the_batch_stays_on_the_stage(shop, loaded: StagedBatch) -> None:
    assert stage_is_empty(shop)


def test_the_same_content_again_is_skipped_and_the_stage_left_alone(
    shop, loaded: StagedBatch, tmp_path: Path
) -> None:
    before = everything(shop)
    again = staged(tmp_path, "second")
    for file in again.directory.rglob("*.parquet"):
        file.unlink()  # a touch of the stage would find nothing to upload, and fail
    results = load(shop, again)
    assert results == {entity: EntityLoad(rows=0, days=0, skipped_days=3) for entity in ENTITIES}
    assert everything(shop) == before


def test_changed_content_of_a_day_replaces_exactly_that_day(
    shop, loaded: StagedBatch, tmp_path: Path
) -> None:
    others = f"where _batch_day <> '{DAYS[1]}'"
    before = shop.rows(f"select * from raw.orders {others} order by order_id, _batch_day")
    changed = staged(tmp_path, "second", [DAYS[1]], seed=2)
    results = load(shop, changed)
    assert results["orders"] == EntityLoad(rows=changed.rows()["orders"], days=1, skipped_days=0)
    assert shop.rows(f"select * from raw.orders {others} order by order_id, _batch_day") == before
    of_the_day = f"select _batch_id, count(*) from raw.orders where _batch_day = '{DAYS[1]}' group by 1"
    assert shop.rows(of_the_day) == [("second", changed.rows()["orders"])]
    manifest = shop.rows("select batch_id from ops.load_manifest where entity = 'orders' order by batch_day")
    assert manifest == [("first",), ("second",), ("first",)]


def test_a_day_that_became_empty_loses_its_rows(shop, loaded: StagedBatch, tmp_path: Path) -> None:
    with BatchWriter("second", tmp_path, origin="simulated") as writer:
        empty = pl.DataFrame(schema={**SCHEMAS["orders"], "_batch_day": pl.Date})
        writer.write("orders", empty, [DAYS[0]])
    assert load(shop, writer.batch) == {"orders": EntityLoad(rows=0, days=1, skipped_days=0)}
    assert shop.value(f"select count(*) from raw.orders where _batch_day = '{DAYS[0]}'") == 0
    assert (
        shop.value(
            f"select row_count from ops.load_manifest where entity = 'orders' and batch_day = '{DAYS[0]}'"
        )
        == 0
    )


def truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def without_a_row(file: Path) -> None:
    pl.read_parquet(file)[1:].write_parquet(file)


def with_a_row_twice(file: Path) -> None:
    frame = pl.read_parquet(file)
    pl.concat([frame, frame[:1]]).write_parquet(file)


def with_a_row_on_another_day(file: Path) -> None:
    frame = pl.read_parquet(file).with_row_index("row")
    day = pl.when(pl.col("row") == 0).then(pl.lit(DAYS[2])).otherwise("_batch_day")
    frame.with_columns(_batch_day=day).drop("row").write_parquet(file)


def without_a_required_value(file: Path) -> None:
    pl.read_parquet(file).with_columns(status=pl.lit(None, dtype=pl.String)).write_parquet(file)


@pytest.mark.parametrize(
    ("tamper", "error", "complaint"),
    [
        (truncated, LoadError, "the warehouse refused to load orders: "),
        (without_a_required_value, LoadError, "raw.orders is as it was before"),
        (without_a_row, ReconciliationError, "rows written but"),
        (with_a_row_twice, ReconciliationError, "rows written but"),
        (with_a_row_on_another_day, ReconciliationError, "orders of 2026-01-05: "),
    ],
)
def test_a_file_that_is_not_what_was_written_changes_nothing(
    shop, loaded: StagedBatch, tmp_path: Path, tamper, error: type[LoadError], complaint: str
) -> None:
    before = everything(shop)
    batch = staged(tmp_path, "second", seed=2, entities=("orders",))
    tamper(parquet_file(batch, "orders"))
    with pytest.raises(error, match=complaint):
        load(shop, batch)
    assert everything(shop) == before
    assert stage_is_empty(shop)


def test_files_that_are_gone_are_a_staging_error_and_change_nothing(
    shop, loaded: StagedBatch, tmp_path: Path
) -> None:
    before = everything(shop)
    batch = staged(tmp_path, "second", seed=2)
    for file in batch.directory.rglob("*.parquet"):
        file.unlink()
    with pytest.raises(StagingError, match=r"cannot upload customers to @raw\.landing"):
        load(shop, batch)
    assert everything(shop) == before


def test_an_entity_that_fails_leaves_those_before_it_and_the_next_load_continues(
    shop, tmp_path: Path
) -> None:
    broken = staged(tmp_path, "first")
    truncated(parquet_file(broken, "orders"))
    with pytest.raises(LoadError):
        load(shop, broken)
    counts = {entity: shop.value(f"select count(*) from raw.{entity}") for entity in ENTITIES}
    rows = broken.rows()
    assert counts == {
        "customers": rows["customers"],
        "products": rows["products"],
        "orders": 0,
        "deliveries": 0,
    }
    assert missing_days(shop.connection, DAYS[-1], 3).missing == DAYS

    results = load(shop, staged(tmp_path, "second"))
    assert {entity: result.skipped_days for entity, result in results.items()} == {
        "customers": 3,
        "products": 3,
        "orders": 0,
        "deliveries": 0,
    }
    assert missing_days(shop.connection, DAYS[-1], 3).missing == []
    assert {entity: shop.value(f"select count(*) from raw.{entity}") for entity in ENTITIES} == rows


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
def test_the_data_directory_may_have_any_name(shop, tmp_path: Path, name: str) -> None:
    batch = staged(tmp_path / name, "first", entities=("products",))
    results = load(shop, batch)
    assert results["products"].rows == batch.rows()["products"] > 0
    assert shop.value("select count(*) from raw.products") == batch.rows()["products"]
    assert stage_is_empty(shop)


def test_more_days_than_one_statement_deletes_are_loaded_and_replaced(
    shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_module, "_DAYS_PER_STATEMENT", 3)
    days = [date(2020, 1, 1) + timedelta(days=number) for number in range(10)]
    for name in ("old", "new"):
        with BatchWriter(name, tmp_path, origin="simulated") as writer:
            writer.write(
                "products", pl.DataFrame({"product_id": "P", "name": name, "_batch_day": days}), days
            )
        load(shop, writer.batch)
    assert shop.rows("select name, count(*), count(distinct _batch_day) from raw.products group by 1") == [
        ("new", 10, 10)
    ]
    assert shop.value("select count(*) from ops.load_manifest") == 10


def test_rows_without_their_manifest_are_not_kept(shop, tmp_path: Path) -> None:
    batch = staged(tmp_path, "first", entities=("products",))
    manifest = read_manifest(shop.connection, DAYS[0], DAYS[-1])
    shop.connection.cursor().execute("drop table ops.load_manifest")
    with pytest.raises(LoadError, match=r"refused to load products: .*LOAD_MANIFEST"):
        load_batch(shop.connection, batch, manifest, lambda line: None)
    assert shop.value("select count(*) from raw.products") == 0


def test_a_load_is_refused_while_another_run_is_between_delete_and_commit(shop, tmp_path: Path) -> None:
    other = SnowflakeSettings(port=shop.connection.port, database=shop.connection.database).to_block()
    batch = staged(tmp_path, "second", entities=("orders",))
    with connect(other) as connection, connection.cursor() as holder:
        holder.execute("begin")
        holder.execute("update ops.load_lock set batch_id = 'first'")
        with pytest.raises(LoadError, match="refused to load orders"):
            load(shop, batch)
        holder.execute("rollback")
    assert shop.value("select count(*) from raw.orders") == 0
    load(shop, batch)
    assert shop.value("select count(*) from raw.orders") == batch.rows()["orders"]


def test_rows_of_another_batch_on_the_same_day_are_seen_when_rows_are_compared(shop, tmp_path: Path) -> None:
    batch = staged(tmp_path, "first", entities=("products",))
    days = next(iter(batch.days.values()))
    load(shop, batch)
    shop.rows(
        f"insert into raw.products (product_id, _batch_id, _batch_day) values ('P', 'other', '{DAYS[0]}')"
    )
    with (
        shop.connection.cursor() as cursor,
        pytest.raises(ReconciliationError, match=f"products of {DAYS[0]}"),
    ):
        load_module._reconcile(cursor, batch, "products", days, batch.rows()["products"])


def test_a_session_lost_during_a_load_is_a_load_error(connector, tmp_path: Path) -> None:
    with BatchWriter("first", tmp_path, origin="simulated") as writer:
        writer.write("orders", pl.DataFrame(schema={**SCHEMAS["orders"], "_batch_day": pl.Date}), DAYS)
    with (
        connect(connector) as connection,
        pytest.raises(LoadError, match=r"refused to load orders: .*closed"),
    ):
        load_batch(connection, writer.batch, {}, lambda line: connection.close())


@pytest.mark.parametrize(
    ("as_of", "days", "missing"),
    [
        (DAYS[-1], 3, []),
        (DAYS[-1], 1, []),
        (DAYS[-1] + timedelta(days=1), 1, [date(2026, 1, 8)]),
        (DAYS[-1] + timedelta(days=2), 5, [date(2026, 1, 8), date(2026, 1, 9)]),
        (DAYS[0], 3, [date(2026, 1, 3), date(2026, 1, 4)]),
        (date(2026, 1, 4), 2, [date(2026, 1, 3), date(2026, 1, 4)]),
    ],
)
def test_the_window_ends_with_the_as_of_day_and_lists_what_lacks_oldest_first(
    loaded_once, as_of: date, days: int, missing: list[date]
) -> None:
    found = missing_days(loaded_once, as_of, days)
    assert found.missing == missing
    assert found.present == dict.fromkeys(ENTITIES, days - len(missing))


def test_a_day_one_entity_lacks_is_missing(shop, loaded: StagedBatch) -> None:
    shop.connection.cursor().execute(
        f"delete from ops.load_manifest where entity = 'deliveries' and batch_day = '{DAYS[1]}'"
    )
    assert missing_days(shop.connection, DAYS[-1], 3).missing == [DAYS[1]]


def test_the_landing_zone_is_created_once_and_kept(shop, loaded: StagedBatch) -> None:
    before = everything(shop)
    create_landing(shop.connection)
    assert everything(shop) == before
    assert origins(shop.connection) == ["simulated"]


def test_the_index_names_what_the_files_hold(loaded: StagedBatch) -> None:
    index = json.loads((loaded.directory / "batch.json").read_text())
    assert {entity: sum(day["rows"] for day in days.values()) for entity, days in index["days"].items()} == {
        entity: pl.read_parquet(parquet_file(loaded, entity)).height for entity in ENTITIES
    }
