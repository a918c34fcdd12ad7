from datetime import date, timedelta

import polars as pl
import pytest

from flows.errors import InputError
from flows.generate.days import number_of
from flows.generate.demand import orders_on
from flows.generate.partitions import Partitions, change_partitions
from flows.generate.shop import Shop
from flows.tables import ENTITIES, STATUSES
from tests.unit.flows.generate.shops import KEYS, collected

REFERENCES = [
    ("orders", "customers", "customer_id"),
    ("orders", "products", "product_id"),
    ("deliveries", "orders", "order_id"),
]
UNUSUAL_DAYS = [date(2024, 2, 29), date(2025, 12, 31), date(2026, 1, 1), date(2000, 2, 29), date(2100, 3, 1)]


@pytest.mark.parametrize(("child", "parent", "key"), REFERENCES)
def test_a_day_brings_along_what_its_rows_refer_to(
    sweep: Partitions, child: str, parent: str, key: str
) -> None:
    assert not sweep[child].is_empty()
    assert sweep[child].join(sweep[parent], on=["_batch_day", key], how="anti").is_empty()


@pytest.mark.parametrize(("child", "parent", "key"), REFERENCES[:2])
def test_a_day_brings_along_nothing_that_none_of_its_orders_names(
    sweep: Partitions, child: str, parent: str, key: str
) -> None:
    assert sweep[parent].join(sweep[child], on=["_batch_day", key], how="anti").is_empty()


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_key_stands_once_in_a_day(sweep: Partitions, entity: str) -> None:
    keys = sweep[entity].select("_batch_day", KEYS[entity])
    assert keys.null_count().sum_horizontal().item() == 0
    assert not keys.is_duplicated().any()


@pytest.mark.parametrize("entity", ["customers", "products"])
def test_a_customer_or_product_is_the_same_on_every_day(sweep: Partitions, entity: str) -> None:
    frame = sweep[entity]
    assert frame[KEYS[entity]].n_unique() < frame.height
    assert frame.drop("_batch_day").unique()[KEYS[entity]].is_unique().all()


@pytest.mark.parametrize(
    "column", ["customer_id", "product_id", "order_date", "quantity", "unit_price", "shipping_tier"]
)
def test_what_was_ordered_never_changes(sweep: Partitions, column: str) -> None:
    versions = sweep["orders"].group_by("order_id").agg(pl.len(), pl.col(column).n_unique())
    assert versions["len"].max() > 2
    assert versions[column].max() == 1


def test_orders_and_deliveries_of_a_day_are_sorted_by_their_ids(sweep: Partitions) -> None:
    for entity in ("orders", "deliveries"):
        assert sweep[entity].select("_batch_day", KEYS[entity]).rows() == sorted(
            sweep[entity].select("_batch_day", KEYS[entity]).rows()
        )


def test_ids_tell_the_day_of_the_order_and_number_them_as_they_come_in(sweep: Partitions) -> None:
    placed = sweep["orders"].filter(pl.col("order_date").dt.date() == pl.col("_batch_day"))
    for day, orders in placed.group_by("_batch_day"):
        expected = [f"O-{day[0]:%Y%m%d}-{number:08d}" for number in range(orders.height)]
        assert orders["order_id"].to_list() == expected
        assert orders["order_date"].is_sorted()


def test_each_day_places_exactly_the_orders_that_came_in(
    sweep: Partitions, swept_shop: Shop, swept_days: list[date]
) -> None:
    placed = sweep["orders"].filter(pl.col("order_date").dt.date() == pl.col("_batch_day"))
    expected = [orders_on(swept_shop, number_of(day)) for day in swept_days]
    assert placed.group_by("_batch_day", maintain_order=True).len()["len"].to_list() == expected


def test_an_order_is_sold_at_its_products_price(sweep: Partitions) -> None:
    both = sweep["orders"].join(sweep["products"], on=["_batch_day", "product_id"], suffix="_listed")
    assert both.height == sweep["orders"].height
    assert both["unit_price"].equals(both["unit_price_listed"])
    assert both["unit_price"].min() > 0
    assert both["unit_price"].n_unique() > 50


def test_a_parcel_goes_where_its_customer_lives(sweep: Partitions, swept_shop: Shop) -> None:
    country = {region.name: region.country for region in swept_shop.regions}
    both = (
        sweep["deliveries"]
        .join(sweep["orders"].select("_batch_day", "order_id", "customer_id"), on=["_batch_day", "order_id"])
        .join(
            sweep["customers"].select("_batch_day", "customer_id", "country"),
            on=["_batch_day", "customer_id"],
        )
    )
    assert both.height == sweep["deliveries"].height
    assert both["country"].n_unique() > 3
    assert both["region"].replace_strict(country).equals(both["country"])


def test_nobody_orders_before_they_have_an_account(sweep: Partitions) -> None:
    both = sweep["orders"].join(sweep["customers"], on=["_batch_day", "customer_id"])
    assert both.filter(pl.col("created_at") >= pl.col("order_date")).is_empty()


@pytest.mark.parametrize("entity", ENTITIES)
def test_only_what_has_not_happened_is_empty(sweep: Partitions, entity: str) -> None:
    may_be_empty = ["delivery_date", "delivered_at"]
    nulls = sweep[entity].drop(may_be_empty, strict=False).null_count()
    assert nulls.sum_horizontal().item() == 0


def test_statuses_are_those_of_the_contract(sweep: Partitions) -> None:
    assert set(sweep["orders"]["status"]) == set(STATUSES)
    assert set(sweep["deliveries"]["status"]) == {"in_transit", "delivered", "failed"}


@pytest.mark.parametrize("day", UNUSUAL_DAYS)
def test_unusual_days_are_days_like_any_other(day: date) -> None:
    shop = Shop(seed=1, orders_per_day=40, opened=date(1999, 1, 1))
    found = collected(shop, [day, day + timedelta(days=1)])
    for child, parent, key in REFERENCES:
        assert found[child].join(found[parent], on=["_batch_day", key], how="anti").is_empty()
    placed = found["orders"].filter(pl.col("order_date").dt.date() == day)
    assert set(placed.group_by("_batch_day").len()["_batch_day"]) >= {day}
    assert placed.filter(pl.col("_batch_day") == day).height == orders_on(shop, number_of(day))


def test_on_its_first_day_a_shop_has_the_orders_of_that_day_only() -> None:
    shop = Shop(orders_per_day=60, opened=date(2026, 5, 4))
    found = collected(shop, [shop.opened])
    assert found["orders"].height > 30
    assert set(found["orders"]["order_date"].dt.date()) == {shop.opened}
    assert found["orders"].join(found["customers"], on="customer_id", how="anti").is_empty()


@pytest.mark.parametrize("day", [date(2026, 5, 3), date(1, 1, 1), date(1969, 12, 31)])
def test_a_day_before_the_shop_opened_is_refused(day: date) -> None:
    shop = Shop(orders_per_day=60, opened=date(2026, 5, 4))
    with pytest.raises(InputError, match=rf"opened on 2026-05-04; it has no orders of {day}"):
        list(change_partitions(shop, [date(2026, 5, 6), day]))


def test_the_last_day_of_the_calendar_is_simulated_or_refused() -> None:
    try:
        found = collected(Shop(orders_per_day=10), [date.max])
    except InputError as refused:
        assert "9999-12-31" in str(refused)
    else:
        assert not found["orders"].is_empty()
