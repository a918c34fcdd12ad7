"""A shop with years of history, written into the local warehouse's database file without the warehouse."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl

from flows.generate.partitions import change_partitions
from flows.generate.parts import Demand, Dirt
from flows.generate.shop import Shop
from flows.tables import ENTITIES

LAST_DAY = date(2026, 11, 21)
DAY_ORDERS = 10_000
ORDERS_PER_CUSTOMER = 10
# Fewer at a time take DuckDB several times as long.
INSERTED_ROWS = 1_000_000
# Every day brings the same number of orders, so that one round is as good as another.
EVEN = Demand(anchor=LAST_DAY, growth_per_year=0, noise=0, weekdays=(1,) * 7, season=(("01-01", 1),))


def shop_of(orders: int) -> Shop:
    """A shop that has had so many orders at the end of `LAST_DAY`, `DAY_ORDERS` on each day it was open."""
    days = max(1, orders // DAY_ORDERS)
    return Shop(
        orders_per_day=DAY_ORDERS,
        opened=LAST_DAY - timedelta(days=days - 1),
        customers=max(1, orders // ORDERS_PER_CUSTOMER),
        products=2_000,
        demand=EVEN,
    )


def odd_shop() -> Shop:
    """A small one of sixty days with seasons, incidents of every kind and rows that stand twice."""
    return Shop(orders_per_day=500, opened=LAST_DAY - timedelta(days=59), dirt=Dirt(duplicates=0.01))


def days_of(shop: Shop) -> list[date]:
    """Its days up to `LAST_DAY`."""
    return [shop.opened + timedelta(days=later) for later in range((LAST_DAY - shop.opened).days + 1)]


def write_raw(database: Path, shop: Shop, days: Iterable[date]) -> dict[str, int]:
    """Write the change partitions of `days` into an empty landing zone, a batch a day, with their manifest.

    No warehouse has the database open. Returns the rows of each entity.
    """
    rows = dict.fromkeys(ENTITIES, 0)
    waiting: dict[str, list[pl.DataFrame]] = {entity: [] for entity in ENTITIES}
    connection = duckdb.connect(str(database))
    connection.execute("begin")

    def insert(entity: str) -> None:
        frame = pl.concat(waiting[entity])
        waiting[entity].clear()
        rows[entity] += frame.height
        connection.register("partitions", frame.to_arrow())
        connection.execute(
            f"insert into raw.{entity} by name "
            "select *, 'day-' || cast(_batch_day as varchar) as _batch_id from partitions"
        )
        connection.unregister("partitions")

    for _, partitions in change_partitions(shop, days):
        for entity, frame in partitions.items():
            waiting[entity].append(frame)
            if sum(part.height for part in waiting[entity]) >= INSERTED_ROWS:
                insert(entity)
    for entity in ENTITIES:
        if waiting[entity]:
            insert(entity)
    for entity in ENTITIES:
        connection.execute(
            "insert into ops.load_manifest "
            "(entity, batch_day, batch_id, row_count, content_hash, origin, loaded_at) "
            f"select '{entity}', _batch_day, _batch_id, count(*), '', ?, _batch_day + 1 from raw.{entity} "
            "group by _batch_day, _batch_id",
            [shop.origin],
        )
    connection.execute("commit")
    connection.close()
    return rows
