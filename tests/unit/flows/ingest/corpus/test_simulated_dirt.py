from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from prefect.logging import disable_run_logger

from flows.errors import RejectedError
from flows.generate import truth
from flows.generate.dirt import KEYS
from flows.generate.flow import generate_orders
from flows.generate.partitions import change_partitions
from flows.generate.shop import Shop, described_shop
from flows.ingest.staging import StagedBatch
from flows.paths import staging_dir
from flows.tables import ENTITIES, SCHEMAS
from tests.unit.flows.ingest.corpus import reasons

AS_OF = date(2026, 3, 4)
DAYS = [AS_OF - timedelta(days=number) for number in (2, 1, 0)]
SHOP = """
orders_per_day = 150
[dirt]
duplicates = 0.05
nulls = 0.05
impossible_dates = 0.05
unknown_statuses = 0.05
broken_encodings = 0.05
"""
START = {"delivery_date": reasons.BEFORE_ORDER, "delivered_at": reasons.BEFORE_SHIPMENT}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, Path, StagedBatch]]:
    """What the `generate-orders` step makes of a shop with dirt."""
    directory = tmp_path_factory.mktemp("simulated")
    description = directory / "shop.toml"
    description.write_text(SHOP)
    with pytest.MonkeyPatch.context() as patch, disable_run_logger():
        patch.setenv("ORDERS_DATA_DIR", str(directory / "data"))
        generate_orders.fn(AS_OF, DAYS, "batch", shop=str(description), max_reject_rate=1.0)
        batch = StagedBatch.open(staging_dir() / "batch")
    yield described_shop(description, None, None), directory / "data", batch


def fault(entity: str, kinds: dict[str, str]) -> tuple[str, str] | None:
    """What is to be said of a row with these kinds of damage by column: what is missing comes first."""
    for column in sorted(kinds, key=SCHEMAS[entity].names().index):
        if kinds[column] == "null":
            return column, reasons.MISSING
    for column in sorted(kinds, key=SCHEMAS[entity].names().index):
        if kinds[column] == "unknown_status":
            return column, reasons.NO_STATUS if entity == "orders" else reasons.NO_DELIVERY_STATUS
        return column, START.get(column, reasons.OUT_OF_REACH)
    return None


@pytest.mark.parametrize("entity", ENTITIES)
def test_exactly_the_rows_that_were_spoiled_are_set_aside_for_what_was_done_to_them(
    simulated: tuple[Shop, Path, StagedBatch], entity: str
) -> None:
    shop, _, batch = simulated
    key = KEYS[entity]
    clean = Shop(orders_per_day=shop.orders_per_day, seed=shop.seed)
    damage: dict[tuple[object, ...], dict[str, str]] = {}
    copies = set()
    for _, day, row_key, kind, column in truth.damage(shop, DAYS).filter(entity=entity).iter_rows():
        if kind == "duplicate":
            copies.add((row_key, day))
        elif kind != "broken_encoding":
            damage.setdefault((row_key, day), {})[column] = kind
    expected: list[tuple[int, str, str, date]] = []
    loaded = []
    for _, partitions in change_partitions(clean, DAYS):
        for day, rows in partitions[entity].group_by("_batch_day", maintain_order=True):
            line = 0
            for row in rows.iter_rows(named=True):
                name = (row[key], day[0])
                found = fault(entity, damage.get(name, {}))
                for copy in range(2 if name in copies else 1):
                    line += 1
                    if found:
                        expected.append((line, *found, day[0]))
                    elif copy:
                        expected.append((line, key, reasons.TWICE, day[0]))
                    else:
                        loaded.append(name)
    rejects = read_all(batch.directory / "rejected_rows" / entity)
    assert rejects.select("line", "column_name", "reason", "_batch_day").rows() == expected
    assert read_all(batch.directory / entity).select(key, "_batch_day").rows() == loaded
    assert len(expected) > 10
    for day, staged in batch.days[entity].items():
        assert staged.rejected == sum(row[-1] == day for row in expected)
        assert staged.read == staged.rows + staged.rejected


def test_what_was_spoiled_is_published_whole(simulated: tuple[Shop, Path, StagedBatch]) -> None:
    _, data, batch = simulated
    for entity in ENTITIES:
        published = pl.read_parquet(data / "rejects" / str(AS_OF) / f"{entity}.parquet")
        assert published.equals(read_all(batch.directory / "rejected_rows" / entity))


def test_more_dirt_than_allowed_stops_the_step(
    simulated: tuple[Shop, Path, StagedBatch], data_dir: Path
) -> None:
    _, data, batch = simulated
    with (
        disable_run_logger(),
        pytest.raises(RejectedError, match=r"of \d[\d,]* rows rejected \(.* at most 5 %\)"),
    ):
        generate_orders.fn(AS_OF, DAYS, "batch", shop=str(data.parent / "shop.toml"))
    assert list(staging_dir().iterdir()) == []
    published = pl.read_parquet(data_dir / "rejects" / str(AS_OF) / "orders.parquet")
    assert published.equals(read_all(batch.directory / "rejected_rows" / "orders"))


def read_all(directory: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(file) for file in sorted(directory.glob("*.parquet"))]).drop(
        "_batch_id"
    )
