"""Change partitions: what a day leaves behind in each entity's table.

A day's partition holds every order placed or changed that day, as it stands at the day's end, and
the customers, products and deliveries those changes touched. A partition depends on the seed, the
shop and the day alone: days may be produced one by one, in any order, or in one sweep.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import polars as pl

from flows.errors import InputError
from flows.generate.lifecycle import lives
from flows.generate.people import catalogue, customers
from flows.generate.shop import FIRST_DAY, LOOK_BACK_DAYS, Shop
from flows.tables import SCHEMAS

# Bounds on memory: orders placed in one run of days, and lives decided at once.
ORDERS_PER_RUN = 200_000
LIVES_AT_ONCE = 100_000
# Each moment of a life and what follows it.
_MOMENTS = {
    "placed_at": pl.coalesce("shipped_at", "cancelled_at"),
    "shipped_at": pl.col("delivered_at"),
    "delivered_at": pl.col("returned_at"),
    "cancelled_at": pl.lit(None, dtype=pl.Datetime("us")),
    "returned_at": pl.lit(None, dtype=pl.Datetime("us")),
}

Partitions = dict[str, pl.DataFrame]


def change_partitions(shop: Shop, days: Sequence[date]) -> Iterator[tuple[list[date], Partitions]]:
    """Partitions of `days` in bounded memory.

    Yields runs of consecutive days with one frame per entity: the columns of `SCHEMAS` plus
    `_batch_day`, sorted by day and key.

    Raises:
        InputError: a day lies before `FIRST_DAY`.
    """
    if days and min(days) < FIRST_DAY:
        raise InputError(f"the simulated shop opened on {FIRST_DAY}; it has no orders of {min(days)}")
    for run in _consecutive_runs(sorted(set(days)), _days_at_once(shop)):
        yield run, _sweep(shop, run[0], run[-1])


def _days_at_once(shop: Shop) -> int:
    return max(1, ORDERS_PER_RUN // shop.orders_per_day)


def _consecutive_runs(days: Sequence[date], longest: int) -> Iterator[list[date]]:
    run: list[date] = []
    for day in days:
        if run and (day - run[-1] > timedelta(days=1) or len(run) >= longest):
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _sweep(shop: Shop, first: date, last: date) -> Partitions:
    cohorts = _consecutive_runs(
        pl.date_range(first - timedelta(days=LOOK_BACK_DAYS), last, eager=True).to_list(),
        max(1, LIVES_AT_ONCE // shop.orders_per_day),
    )
    changes = pl.concat(
        [_states_at_day_end(lives(shop, cohort[0], cohort[-1]), first, last) for cohort in cohorts]
    ).sort("_batch_day", "order_id")
    return {
        "customers": _touched_customers(shop, changes),
        "products": _touched_products(shop, changes),
        "orders": _partition("orders", changes, _ORDER_COLUMNS),
        "deliveries": _partition("deliveries", changes.filter("delivery_changed"), _DELIVERY_COLUMNS),
    }


def _states_at_day_end(orders: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """One row per order and day of [first, last] on which it changed, with the future hidden."""
    states = [
        orders.filter(
            pl.col(moment).dt.date().is_between(first, last),
            # the last thing that happens on a day speaks for the day
            following.is_null() | (following.dt.date() != pl.col(moment).dt.date()),
        ).with_columns(_batch_day=pl.col(moment).dt.date())
        for moment, following in _MOMENTS.items()
    ]
    day_end = (pl.col("_batch_day") + pl.duration(days=1)).cast(pl.Datetime("us"))
    known = [pl.when(pl.col(moment) < day_end).then(pl.col(moment)).alias(moment) for moment in _MOMENTS]
    return (
        pl.concat(states)
        .with_columns(known)
        .with_columns(
            status=_status(),
            updated_at=pl.max_horizontal(*_MOMENTS),
            delivery_changed=pl.any_horizontal(
                pl.col("shipped_at", "delivered_at").dt.date() == pl.col("_batch_day")
            ),
        )
    )


def _status() -> pl.Expr:
    return (
        pl.when(pl.col("cancelled_at").is_not_null())
        .then(pl.lit("cancelled"))
        .when(pl.col("returned_at").is_not_null())
        .then(pl.lit("returned"))
        .when(pl.col("delivered_at").is_not_null())
        .then(pl.lit("delivered"))
        .when(pl.col("shipped_at").is_not_null())
        .then(pl.lit("shipped"))
        .otherwise(pl.lit("pending"))
    )


_ORDER_COLUMNS = {"order_date": pl.col("placed_at"), "delivery_date": pl.col("delivered_at")}
_DELIVERY_COLUMNS = {
    "delivery_id": pl.col("order_id").str.replace("O-", "D-", literal=True),
    "region": pl.col("product_id")
    .str.slice(-1)
    .replace_strict(
        {str(digit): ("north", "south", "east", "west", "islands")[digit % 5] for digit in range(10)}
    ),
    "promised_at": pl.col("promised_date").cast(pl.Datetime("us")),
    "status": pl.when(pl.col("delivered_at").is_null())
    .then(pl.lit("in_transit"))
    .otherwise(pl.lit("delivered")),
}


def _partition(entity: str, changes: pl.DataFrame, renamed: dict[str, pl.Expr]) -> pl.DataFrame:
    columns = [renamed.get(name, pl.col(name)).alias(name) for name in SCHEMAS[entity]]
    return changes.select(*columns, "_batch_day").cast(SCHEMAS[entity])


def _touched_customers(shop: Shop, changes: pl.DataFrame) -> pl.DataFrame:
    touched = changes.select("_batch_day", "customer", "customer_id").unique().sort("_batch_day", "customer")
    known = customers(shop, touched["customer"].unique().sort())
    return (
        touched.select("_batch_day", "customer_id")
        .join(known, on="customer_id", how="left", maintain_order="left")
        .select(*SCHEMAS["customers"], "_batch_day")
    )


def _touched_products(shop: Shop, changes: pl.DataFrame) -> pl.DataFrame:
    touched = changes.select("_batch_day", "product_id").unique().sort("_batch_day", "product_id")
    return touched.join(catalogue(shop), on="product_id", how="left", maintain_order="left").select(
        *SCHEMAS["products"], "_batch_day"
    )
