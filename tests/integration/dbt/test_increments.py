"""Building day by day gives, table by table, what building everything at once gives."""

import random
from datetime import timedelta

import pytest

from tests.integration.dbt.shop_days import ENTITIES, FIRST, Partition, ShopDays

WITHOUT_TESTS = ["--exclude-resource-type", "unit_test", "test"]
STEPS = 8
SEEDS = [1, 2]


def reload(shop, days: ShopDays, changed: set[Partition]) -> None:
    """Give the partitions the content they have now, each under a batch of its own."""
    for entity, day in sorted(changed):
        shop.execute(f"delete from raw.{entity} where _batch_day = '{day}'")
        if rows := days.partitions[entity, day]:
            shop.load(entity, [row | {"_batch_day": day} for row in rows])


def after_a_whole_build(open_shop, days: ShopDays) -> dict[str, list[str]]:
    """The tables of another shop with the same landing zone, built once."""
    other = open_shop()
    for entity in ENTITIES:
        rows = [
            row | {"_batch_day": day}
            for (found, day), content in sorted(days.partitions.items())
            if found == entity
            for row in content
        ]
        if rows:
            other.load(entity, rows)
    assert other.build(None, *WITHOUT_TESTS).success
    return other.results()


def assert_same(found: dict[str, list[str]], expected: dict[str, list[str]], when: str) -> None:
    """Equal tables; says which rows of which table are not."""
    differences = {
        table: {
            "only here": sorted(set(rows) - set(expected[table])),
            "missing": sorted(set(expected[table]) - set(rows)),
        }
        for table, rows in found.items()
        if rows != expected[table]
    }
    assert not differences, when


@pytest.mark.parametrize("seed", SEEDS)
def test_days_built_one_by_one_equal_days_built_at_once(open_shop, seed):
    rng = random.Random(seed)
    days, shop = ShopDays(seed), open_shop()
    last = FIRST
    reload(shop, days, days.day(last))
    assert shop.build(None, *WITHOUT_TESTS).success
    for step in range(STEPS):
        changed: set[Partition] = set()
        for _ in range(rng.choice([0, 1, 1, 1, 3])):
            last += timedelta(days=1)
            changed |= days.day(last)
        for _ in range(rng.choice([0, 0, 1, 2])):
            changed |= days.replaced_day(FIRST + timedelta(days=rng.randrange((last - FIRST).days + 1)))
        reload(shop, days, changed)
        result = shop.build(None, *([] if step % 4 == 3 else WITHOUT_TESTS))
        assert result.success, (step, last, result.exception)
        if step % 4 == 3:
            assert_same(shop.results(), after_a_whole_build(open_shop, days), f"step {step}, as of {last}")
