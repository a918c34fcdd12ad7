"""An order export such as a shop's system writes it, with dirt; a script.

    DIRECTORY MILLIONS    writes orders.csv and its source.toml, prints rows and bytes

Ten columns, one line for each day on which an order changed. One row in a hundred cannot be used, for each
of the reasons in `DIRT` alike.
"""

import json
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import polars as pl

from flows.generate.partitions import clean_partitions
from flows.generate.shop import Shop

AS_OF = date(2026, 11, 21)
DAYS = 26
ORDERS_PER_DAY = 12_500  # for a little more than a million changes in so many days
SEED = 7
TIMESTAMP = "%Y-%m-%dT%H:%M:%S"

# What Polars would be told to read the file to the same types.
TYPES = pl.Schema(
    {
        "order_id": pl.String(),
        "customer_id": pl.String(),
        "product_id": pl.String(),
        "order_date": pl.Datetime("us"),
        "status": pl.String(),
        "delivery_date": pl.Datetime("us"),
        "quantity": pl.Int64(),
        "unit_price": pl.Decimal(12, 2),
        "promised_date": pl.Date(),
        "updated_at": pl.Datetime("us"),
    }
)
# Column and text, one of them in each bad row. A key that is None is that of the row before.
DIRT: tuple[tuple[str, str | None], ...] = (
    ("order_id", None),
    ("order_id", ""),
    ("customer_id", " "),
    ("order_date", "31/02/2026"),
    ("order_date", "1899-12-30T00:00:00"),
    ("status", "on the moon"),
    ("delivery_date", "2026-01-01T00:00:00"),
    ("quantity", "three"),
    ("quantity", "-1"),
    ("unit_price", "9.999"),
    ("promised_date", "2999-12-31"),
    ("updated_at", ""),
)
EVERY = 100
SOURCE = """[orders]
path = "orders.csv"
change_day = "updated_at"
"""


def write(directory: Path, millions: int) -> dict[str, int]:
    """The export and its description; returns rows and bytes."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "source.toml").write_text(SOURCE, encoding="utf-8")
    rows = 0
    with (directory / "orders.csv").open("wb") as file:
        for frame in frames(millions):
            _spoiled(frame, rows).write_csv(file, include_header=rows == 0)
            rows += frame.height
        return {"rows": rows, "bytes": file.tell()}


def frames(millions: int) -> Iterator[pl.DataFrame]:
    """Exactly so many millions of changes of orders, all columns and `_batch_day`, day by day."""
    shop = Shop(seed=SEED, orders_per_day=ORDERS_PER_DAY * millions)
    days = [AS_OF - timedelta(days=back) for back in reversed(range(DAYS))]
    left = millions * 1_000_000
    for _, partitions in clean_partitions(shop, days):
        orders = partitions["orders"].head(left)
        left -= orders.height
        yield orders
        if not left:
            return
    raise RuntimeError(f"the shop makes {left:,} rows too few; raise ORDERS_PER_DAY")


def _spoiled(frame: pl.DataFrame, first: int) -> pl.DataFrame:
    """The rows as text, of which `first` is the number of the first."""
    texts = frame.select(
        pl.col(name).dt.strftime(TIMESTAMP) if kind == pl.Datetime("us") else pl.col(name).cast(pl.String)
        for name, kind in TYPES.items()
    )
    number = pl.int_range(first, first + frame.height)
    kind = pl.when(number % EVERY == EVERY // 2).then(number // EVERY % len(DIRT))
    spoiled = {name: pl.col(name) for name in TYPES}
    for code, (name, text) in enumerate(DIRT):
        names = [name] if text is not None else ["order_id", "updated_at"]
        for each in names:
            value = pl.col(each).shift(1, fill_value=pl.col(each).first()) if text is None else pl.lit(text)
            spoiled[each] = pl.when(kind == code).then(value).otherwise(spoiled[each]).alias(each)
    return texts.select(spoiled.values())


if __name__ == "__main__":
    print(json.dumps(write(Path(sys.argv[1]), int(sys.argv[2]))))
