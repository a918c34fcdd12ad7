from datetime import date
from pathlib import Path

import pytest

from flows.errors import ReconciliationError
from flows.transform.replaced import ReplacedDay, forget, in_words, replaced_days
from tests.integration.flows.ingest.batches import DAYS, staged_products
from tests.integration.flows.ingest.test_reconcile import without_a_row


def pending(shop) -> list[tuple[str, str, date]]:
    return [(day.entity, day.batch_id, day.day) for day in replaced_days(shop.connection)]


def test_only_a_day_that_had_other_content_is_noted(shop, load, tmp_path: Path) -> None:
    load(staged_products(tmp_path, "first", {DAYS[0]: "same", DAYS[1]: "old"}))
    assert pending(shop) == []
    load(staged_products(tmp_path, "second", {DAYS[0]: "same", DAYS[1]: "new", DAYS[2]: "new"}))
    assert pending(shop) == [("products", "second", DAYS[1])]
    loaded_at = shop.value(f"select loaded_at from ops.load_manifest where batch_day = '{DAYS[1]}'")
    assert [day.replaced_at for day in replaced_days(shop.connection)] == [loaded_at]


def test_what_is_rolled_back_was_not_replaced(shop, load, tmp_path: Path) -> None:
    load(staged_products(tmp_path, "first", dict.fromkeys(DAYS, "old")))
    batch = staged_products(tmp_path, "second", dict.fromkeys(DAYS, "new"))
    (file,) = (batch.directory / "products").iterdir()
    without_a_row(file)
    with pytest.raises(ReconciliationError):
        load(batch)
    assert pending(shop) == []


def test_exactly_what_was_read_is_forgotten(shop, load, tmp_path: Path) -> None:
    load(staged_products(tmp_path, "first", dict.fromkeys(DAYS, "old")))
    load(staged_products(tmp_path / "1", "again", {DAYS[0]: "new", DAYS[1]: "new"}))
    read = replaced_days(shop.connection)
    load(staged_products(tmp_path / "2", "again", {DAYS[0]: "newer"}))  # while the models are being built
    for _ in range(2):
        forget(shop.connection, read)
        assert pending(shop) == [("products", "again", DAYS[0])]
    forget(shop.connection, replaced_days(shop.connection))
    assert pending(shop) == []
    forget(shop.connection, [])


def test_the_days_are_told_by_entity() -> None:
    def replaced(entity: str, *days: date) -> list[ReplacedDay]:
        return [ReplacedDay(entity, "b", None, day) for day in days]

    days = replaced("products", DAYS[1]) + replaced("orders", DAYS[2], DAYS[0], DAYS[0])
    assert in_words(days) == "orders of 2026-01-05 to 2026-01-07 (2 days), products of 2026-01-06"
