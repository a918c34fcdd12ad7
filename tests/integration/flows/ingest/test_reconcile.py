from datetime import date
from pathlib import Path

import polars as pl
import pytest

from flows.errors import LoadError, ReconciliationError
from flows.ingest.reconcile import check_copied, check_staged
from flows.ingest.staging import StagedDay
from tests.integration.flows.ingest.batches import (
    DAYS,
    content,
    parquet_file,
    stage_is_empty,
    staged,
    staged_products,
)


def truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def without_a_row(file: Path) -> None:
    pl.read_parquet(file)[1:].write_parquet(file)


def with_a_row_twice(file: Path) -> None:
    frame = pl.read_parquet(file)
    pl.concat([frame, frame[:1]]).write_parquet(file)


def moved_to(day: date):
    def with_a_row_on_another_day(file: Path) -> None:
        frame = pl.read_parquet(file).with_row_index("row")
        moved = pl.when(pl.col("row") == 0).then(pl.lit(day)).otherwise("_batch_day")
        frame.with_columns(_batch_day=moved).drop("row").write_parquet(file)

    return with_a_row_on_another_day


def without_a_required_value(file: Path) -> None:
    pl.read_parquet(file).with_columns(status=pl.lit(None, dtype=pl.String)).write_parquet(file)


@pytest.mark.parametrize(
    ("tamper", "error", "complaint"),
    [
        (truncated, LoadError, r"the warehouse refused to load orders: "),
        (without_a_required_value, LoadError, r"raw\.orders is as it was before"),
        (
            without_a_row,
            ReconciliationError,
            r"orders of 2026-01-05: 66 rows staged, but 65 in raw\.orders; ",
        ),
        (without_a_row, ReconciliationError, r"; orders: 159 rows staged, but 158 copied; rolled back"),
        (with_a_row_twice, ReconciliationError, r"orders of 2026-01-05: 66 rows staged, but 67 in raw"),
        (moved_to(DAYS[2]), ReconciliationError, r"2026-01-05: 66 .* 65 .*2026-01-07: 53 .* 54 in raw"),
        (moved_to(date(2025, 1, 1)), ReconciliationError, r"orders of 2026-01-05: 66 rows .* 65 in raw"),
    ],
)
def test_a_file_that_is_not_what_was_written_changes_nothing(
    shop, load, tmp_path: Path, tamper, error: type[LoadError], complaint: str
) -> None:
    load(staged(tmp_path, "first", DAYS[:1], entities=("orders",)))
    before = content(shop, "orders")
    batch = staged(tmp_path, "second", seed=2, entities=("orders",))
    tamper(parquet_file(batch, "orders"))
    with pytest.raises(error, match=complaint):
        load(batch)
    assert content(shop, "orders") == before
    assert stage_is_empty(shop)


def test_rows_of_another_batch_on_the_same_day_are_seen(shop, load, tmp_path: Path) -> None:
    batch = staged_products(tmp_path, "first", dict.fromkeys(DAYS, "P"))
    load(batch)
    with shop.connection.cursor() as cursor:
        check_copied(cursor, "products", batch.days["products"], 3, 0)
        shop.rows(
            f"insert into raw.products (product_id, _batch_id, _batch_day) values ('P', 'other', '{DAYS[0]}')"
        )
        with pytest.raises(ReconciliationError, match=f"products of {DAYS[0]}: 1 rows staged, but 2 in raw"):
            check_copied(cursor, "products", batch.days["products"], 3, 0)


def test_rows_set_aside_are_compared_by_day_and_in_all(shop) -> None:
    days = {DAYS[0]: StagedDay(0, "h", 2, rejected=2, ignored=0)}
    with shop.connection.cursor() as cursor:
        for day, entity in ((DAYS[0], "products"), (DAYS[0], "orders"), (DAYS[1], "products")):
            shop.rows(
                "insert into raw.rejected_rows (entity, reason, _batch_id, _batch_day) "
                f"values ('{entity}', 'r', 'first', '{day}')"
            )
        with pytest.raises(
            ReconciliationError, match=f"products of {DAYS[0]}: 2 rejected rows staged, but 1 in raw.rej"
        ):
            check_copied(cursor, "products", days, 0, 2)
        shop.rows(f"update raw.rejected_rows set entity = 'products' where _batch_day = '{DAYS[0]}'")
        check_copied(cursor, "products", days, 0, 2)
        with pytest.raises(ReconciliationError, match="2 rejected rows staged, but 3 copied"):
            check_copied(cursor, "products", days, 0, 3)


def test_many_differences_are_counted_and_the_first_ones_named(shop) -> None:
    days = {date(2026, 2, day): StagedDay(1, "h", 1, 0, 0) for day in range(1, 11)}
    with (
        shop.connection.cursor() as cursor,
        pytest.raises(
            ReconciliationError, match=r"2026-02-01.*2026-02-02.*2026-02-03[^;]* and 8 more; rolled"
        ),
    ):
        check_copied(cursor, "orders", days, 0, 0)


@pytest.mark.parametrize(("rows", "rejected", "ignored"), [(4, 3, 2), (6, 3, 2), (5, 2, 2), (5, 3, 3)])
def test_a_row_that_ended_nowhere_or_twice_is_seen_before_anything_is_touched(
    rows: int, rejected: int, ignored: int
) -> None:
    check_staged("orders", {DAYS[0]: StagedDay(5, "h", 10, 3, 2)})
    with pytest.raises(
        ReconciliationError,
        match=f"orders of {DAYS[1]}: 10 rows read, but {rows} staged, {rejected} rejected and {ignored} ign",
    ):
        check_staged(
            "orders",
            {DAYS[0]: StagedDay(5, "h", 10, 3, 2), DAYS[1]: StagedDay(rows, "h", 10, rejected, ignored)},
        )
