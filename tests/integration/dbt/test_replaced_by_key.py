"""What a build makes anew where tables were tampered with, and which rows are tested."""

from datetime import timedelta

import pytest

from tests.integration.dbt.shop_days import FIRST, ShopDays
from tests.integration.dbt.test_increments import (
    WITHOUT_TESTS,
    after_a_whole_build,
    assert_same,
    reload,
)

MANIFEST = (
    "insert into ops.load_manifest (entity, batch_day, batch_id, row_count, content_hash, origin, loaded_at)"
    " values ('orders', '{day}', 'said so', {rows}, 'h', 'o', '2024-03-01 00:00:00')"
)


class Growing:
    """A shop that gets one more day at a time, built after each."""

    def __init__(self, open_shop, seed: int) -> None:
        self.open_shop = open_shop
        self.days, self.shop = ShopDays(seed), open_shop()
        self.last = FIRST

    def next_day(self) -> None:
        self.last += timedelta(days=1)
        reload(self.shop, self.days, self.days.day(self.last))

    def build(self, *arguments: str):
        return self.shop.build(None, *(arguments or WITHOUT_TESTS))

    def assert_whole(self) -> None:
        assert_same(self.shop.results(), after_a_whole_build(self.open_shop, self.days), f"as of {self.last}")


@pytest.fixture
def growing(open_shop) -> Growing:
    shop = Growing(open_shop, seed=9)
    for _ in range(6):
        shop.next_day()
    assert shop.build().success
    return shop


def statuses(result) -> dict[str, str]:
    return {node.node.name: str(node.status) for node in result.result}


def test_where_a_table_is_missing_everything_is_made_as_a_whole(growing):
    growing.shop.execute("drop table marts.fct_orders")
    growing.next_day()
    assert growing.build().success
    [build] = growing.shop.rows("select rebuilds_everything from staging.current_build")
    assert build["rebuilds_everything"]
    growing.assert_whole()


def test_a_table_that_lacks_a_column_is_made_as_a_whole_and_the_others_are_not(growing):
    growing.shop.execute("alter table staging.stg_orders drop column promised_date")
    growing.next_day()
    assert growing.build().success
    [build] = growing.shop.rows("select rebuilds_everything from staging.current_build")
    assert not build["rebuilds_everything"]
    growing.assert_whole()


def test_a_build_tests_the_rows_it_made_and_dbt_test_all_of_them(growing):
    growing.next_day()
    assert growing.build().success  # from here on there are rows that were made last
    made = {row["order_id"] for row in growing.shop.rows("select order_id from staging.made_fct_orders")}
    every = {row["order_id"] for row in growing.shop.rows("select order_id from marts.fct_orders")}
    assert made and every - made
    untouched = min(every - made)
    growing.shop.execute(f"update marts.fct_orders set attempts = null where order_id = '{untouched}'")
    name = "never_null_fct_orders"
    tests = ["--select", "test_type:generic,fct_orders"]
    assert all(
        status == "pass"
        for test, status in statuses(growing.shop.dbt("build", *tests)).items()
        if test.startswith(name)
    )
    failed = growing.shop.dbt("test", *tests)
    assert any(test.startswith(name) for test, status in statuses(failed).items() if status == "fail")


def test_with_nothing_new_no_row_is_made(growing):
    assert growing.build().success
    messages = {
        node.node.name: node.message
        for node in growing.build().result
        if getattr(node.node.config, "materialized", "") == "replaced_by_key"
    }
    assert messages == dict.fromkeys(messages, "NOTHING PENDING")
    assert len(messages) == 6


def test_old_days_are_those_of_the_manifest_as_long_as_it_knows_every_row(open_shop):
    shop = open_shop()
    order = {"order_id": "o", "customer_id": "c", "product_id": "p", "status": "pending", "order_date": FIRST}
    recent = FIRST + timedelta(days=100)
    for day in (FIRST, recent):
        shop.load("orders", [order | {"_batch_day": day}])
        shop.execute(MANIFEST.format(day=day, rows=1))
    only_days = ["--select", "current_build", "+loaded_days", "--exclude-resource-type", "test", "unit_test"]
    loaded = "select batch_day, batch_id, row_count from staging.loaded_days order by batch_day"
    assert shop.build(None, *only_days).success
    old, new = shop.rows(loaded)
    assert (old["batch_day"], old["batch_id"], old["row_count"]) == (FIRST, "said so", 1)
    assert (new["batch_day"], new["row_count"]) == (recent, 1)
    assert new["batch_id"] != "said so"

    shop.load("orders", [order | {"order_id": "by other means", "_batch_day": FIRST + timedelta(days=1)}])
    assert shop.build(None, *only_days).success
    counted = shop.rows(loaded)
    assert [row["batch_day"] for row in counted] == [FIRST, FIRST + timedelta(days=1), recent]
    assert "said so" not in {row["batch_id"] for row in counted}
