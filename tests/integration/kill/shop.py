"""The shop whose loads are killed: what each of its batches brings, and what must be there after each.

Batch 0 brings the first three days. Every later batch speaks of three days: one as it is there already,
one with other content, and one more. Contents are functions of entity, day and version.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from flows.ingest.quarantine import REJECTS
from flows.tables import SCHEMAS
from tests.integration.kill.victim import Batch

FIRST = date(2026, 1, 1)
ENTITIES = ("products", "orders")
# Rows of one day, about.
ROWS = {"products": 7, "orders": 45}


@dataclass(frozen=True)
class Day:
    """One day's content: the number of the day and the version of what it says."""

    number: int
    version: int

    @property
    def date(self) -> date:
        return FIRST + timedelta(days=self.number)


def batch_days(number: int) -> list[Day]:
    """What the `number`-th batch speaks of; day 1 is the first."""
    if number == 0:
        return [Day(1, 1), Day(2, 1), Day(3, 1)]
    return [Day(number, 1 if number == 1 else 2), Day(number + 1, 2), Day(number + 3, 1)]


def days_after(number: int) -> list[Day]:
    """What is there when the batches up to this one were loaded."""
    newest: dict[int, Day] = {}
    for batch in range(number + 1):
        newest |= {day.number: day for day in batch_days(batch)}
    return [newest[day] for day in sorted(newest)]


def brought_by(number: int) -> list[Day]:
    """Days of the batch that are not there already as they are."""
    before = days_after(number - 1)
    return [day for day in batch_days(number) if day not in before]


def rows(entity: str, day: Day, copies: int = 1) -> pl.DataFrame:
    """The entity's rows of one day, with `_batch_day`; orders in so many copies, under ids of their own."""
    frame = _rows(entity, day)
    if entity != "orders" or copies == 1:
        return frame
    numbered = frame.join(pl.DataFrame({"copy": range(copies)}), how="cross")
    return numbered.with_columns(order_id=pl.format("{}-{}", "order_id", "copy")).select(frame.columns)


@cache
def _rows(entity: str, day: Day) -> pl.DataFrame:
    """One copy. A product's first version never has rows."""
    count = 0 if entity == "products" and day.version == 1 else ROWS[entity] + day.number % 3
    # some keys stay from version to version, some go and some come
    keys = range(day.version * 2, day.version * 2 + count)
    values = {
        column: [_value(entity, column, dtype, day, key) for key in keys]
        for column, dtype in SCHEMAS[entity].items()
    }
    frame = pl.DataFrame(values, schema=SCHEMAS[entity])
    return frame.with_columns(_batch_day=pl.lit(day.date, dtype=pl.Date))


@cache
def rejects(entity: str, day: Day) -> pl.DataFrame:
    """Rows of that day that were set aside: of orders always, of products where nothing else is there."""
    count = {"orders": 1 + day.version, "products": 2 - day.version}.get(entity, 0)
    said = [
        {
            "entity": entity,
            "file": f"{entity}.csv",
            "line": 100 * day.number + line,
            "column_name": "Bestelldatum" if line % 2 else None,
            "value": f"{day.date} v{day.version} #{line}",
            "reason": "is no date",
            "source_row": f'{{"id": "{line}", "note": "it\'s; \\\\ ünïcødé"}}',
            "_batch_day": day.date,
        }
        for line in range(count)
    ]
    return pl.DataFrame(said, schema=REJECTS)


def write_batch(number: int, directory: Path, copies: int = 1) -> Batch:
    """The batch as files below `directory`, for a process to stage, its orders in several files."""
    days, home = batch_days(number), directory / f"batch-{number}"
    home.mkdir(parents=True)
    files = {entity: home / f"{entity}.parquet" for entity in ENTITIES}
    for entity, file in files.items():
        pl.concat(rows(entity, day, copies) for day in days).write_parquet(file)
    set_aside = home / "rejects.parquet"
    pl.concat(rejects(entity, day) for entity in ENTITIES for day in days).write_parquet(set_aside)
    return Batch(files, set_aside, tuple(day.date for day in days), ROWS["orders"] * copies * 3 // 2)


def _value(entity: str, column: str, dtype: Any, day: Day, key: int) -> Any:
    required = column.endswith("_id") or column in ("order_date", "status")
    if not required and (key + len(column)) % 5 == 0:
        return None
    salt = key * 37 + day.number * 11 + day.version * 5 + len(column)
    if dtype == pl.String():
        if column.endswith("_id"):
            return f"{column[0].upper()}-{day.number % 2}-{key}"
        return f"{column} {salt} 'ünïcødé' \\ \"{day.version}\""
    if dtype == pl.Int64():
        return salt
    if dtype == pl.Date():
        return day.date + timedelta(days=salt % 40)
    if isinstance(dtype, pl.Decimal):
        return Decimal(salt * 101).scaleb(-dtype.scale)
    return datetime(2026, 1, 1) + timedelta(days=day.number, microseconds=salt * 1_000_003)
