"""Small batches, and what a warehouse holds of them."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import polars as pl

from flows.generate.partitions import change_partitions
from flows.generate.shop import Shop as SimulatedShop
from flows.ingest.staging import BatchWriter, StagedBatch
from flows.tables import ENTITIES, SCHEMAS

DAYS = [date(2026, 1, day) for day in (5, 6, 7)]


def staged(
    root: Path,
    batch_id: str,
    days: Iterable[date] = DAYS,
    seed: int = 1,
    entities: tuple[str, ...] = ENTITIES,
) -> StagedBatch:
    """Some days of a small simulated shop."""
    with BatchWriter(batch_id, root, origin="simulated") as writer:
        for run, partitions in change_partitions(SimulatedShop(seed=seed, orders_per_day=20), list(days)):
            for entity in entities:
                writer.write(entity, partitions[entity], run)
    return writer.batch


def staged_products(root: Path, batch_id: str, names: Mapping[date, str]) -> StagedBatch:
    """One product a day, whose name is all that can differ; days with an empty name have no row."""
    frame = pl.DataFrame(
        {
            "product_id": [f"P-{day}" for day, name in names.items() if name],
            "name": [name for name in names.values() if name],
            "_batch_day": [day for day, name in names.items() if name],
        },
        schema_overrides={"_batch_day": pl.Date},
    )
    schema = {**SCHEMAS["products"], "_batch_day": pl.Date}
    missing = [
        pl.lit(None).cast(kind).alias(name) for name, kind in schema.items() if name not in frame.columns
    ]
    with BatchWriter(batch_id, root, origin="simulated") as writer:
        writer.write("products", frame.with_columns(missing).select(*schema), names)
    return writer.batch


def content(shop, entity: str) -> list[str]:
    """All rows of a table and of its part of the manifest, in an order that depends on them alone."""
    rows = shop.rows(f"select * from raw.{entity}")
    rows += shop.rows(f"select * from ops.load_manifest where entity = '{entity}'")
    return sorted(map(repr, rows))


def everything(shop) -> dict[str, list[str]]:
    return {entity: content(shop, entity) for entity in ENTITIES}


def names(shop) -> dict[date, tuple[str, str]]:
    """Name and batch of each day's product."""
    found = shop.rows("select _batch_day, name, _batch_id from raw.products order by 1")
    assert len(found) == len({row[0] for row in found}), "a day holds more than its one product"
    return {day: (name, batch_id) for day, name, batch_id in found}


def stage_is_empty(shop) -> bool:
    return shop.rows("list @raw.landing") == []


def parquet_file(batch: StagedBatch, entity: str) -> Path:
    (file,) = (batch.directory / entity).iterdir()
    return file


def outcomes(loaded) -> dict[str, list[str]]:
    """What became of each day, by entity."""
    return {entity: [day.outcome for day in load.by_day] for entity, load in loaded.items()}
