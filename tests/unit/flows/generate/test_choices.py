from datetime import date
from itertools import product

import polars as pl
import pytest

from flows.generate import truth
from flows.generate.days import number_of
from flows.generate.partitions import Partitions
from flows.generate.people import pool_sizes
from flows.generate.products import catalogue, expected_shares
from flows.generate.shop import Shop
from tests.unit.flows.generate.shops import collected, fits, is_share

SHOP = Shop(seed=3, orders_per_day=15_000, customers=40_000)
DAY = date(2026, 9, 7)


@pytest.fixture(scope="module")
def partitions() -> Partitions:
    return collected(SHOP, [DAY])


@pytest.fixture(scope="module")
def placed(partitions: Partitions) -> pl.DataFrame:
    """Some fifteen thousand orders of one day."""
    return partitions["orders"].filter(pl.col("order_date").dt.date() == DAY)


@pytest.fixture(scope="module")
def lives() -> pl.DataFrame:
    return truth.lives(SHOP, DAY, DAY)


def counted(values: pl.Series, among: list[str] | list[int]) -> list[int]:
    found = dict(values.value_counts().rows())
    assert set(found) <= set(among)
    return [found.get(value, 0) for value in among]


def test_products_sell_by_category_and_zipfs_law(placed: pl.DataFrame) -> None:
    ids = catalogue(SHOP)["product_id"].to_list()
    counts = counted(placed["product_id"], ids)
    assert fits(counts, expected_shares(SHOP).tolist())
    assert not fits(counts, [1] * len(ids))


def test_the_nth_product_of_a_category_sells_one_nth_as_often_as_the_first(placed: pl.DataFrame) -> None:
    """The law itself, without the generator's own table: ranks are taken from what was sold."""
    products = catalogue(SHOP).select("product_id", "category")
    for category in SHOP.categories:
        shelf = products.filter(category=category.name)
        sold = placed.join(shelf, on="product_id")["product_id"].value_counts(sort=True)["count"].to_list()
        harmonic = sum(1 / rank for rank in range(1, shelf.height + 1))
        total = sum(sold)
        # sorting by what was sold favours the first ranks a little, the less the more is sold
        assert all(is_share(sold[rank - 1], total, 1 / rank / harmonic) for rank in (1, 2, 3, 5))
        assert not is_share(sold[0], total, 2 / harmonic)
        assert not is_share(sold[0], total, 0.5 / harmonic)


def test_categories_have_their_shares(placed: pl.DataFrame) -> None:
    category = placed.join(catalogue(SHOP), on="product_id")["category"]
    counts = counted(category, [part.name for part in SHOP.categories])
    assert fits(counts, [part.share for part in SHOP.categories])
    assert not fits(counts, [1] * len(SHOP.categories))


@pytest.mark.parametrize(
    ("column", "parts"),
    [("shipping_tier", SHOP.tiers), ("carrier", SHOP.carriers), ("region", SHOP.regions)],
    ids=["tiers", "carriers", "regions"],
)
def test_tiers_carriers_and_regions_have_their_shares(lives: pl.DataFrame, column: str, parts: tuple) -> None:
    counts = counted(lives[column], [part.name for part in parts])
    assert fits(counts, [part.share for part in parts])
    assert not fits(counts, [1] * len(parts))


def test_a_tier_says_nothing_about_the_carrier_or_the_region(lives: pl.DataFrame) -> None:
    cells = list(product(SHOP.tiers, SHOP.carriers, SHOP.regions))
    found = {
        key: len_
        for *key_, len_ in lives.group_by("shipping_tier", "carrier", "region").len().rows()
        for key in [tuple(key_)]
    }
    counts = [found.get((tier.name, carrier.name, region.name), 0) for tier, carrier, region in cells]
    assert sum(counts) == lives.height
    assert fits(counts, [tier.share * carrier.share * region.share for tier, carrier, region in cells])


def test_orders_are_for_as_many_pieces_as_the_law_says(placed: pl.DataFrame) -> None:
    quantities, weights = [1, 2, 3, 4, 5, 6, 10, 12], [166, 48, 18, 10, 6, 4, 3, 1]
    counts = counted(placed["quantity"], quantities)
    assert fits(counts, weights)
    assert not fits(counts, [150, 64, 18, 10, 6, 4, 3, 1])


def share_of_orders(accounts: float, offset: float = 0.001) -> float:
    """The share of the busiest accounts, where orders fall with the rank r as (r + offset)^(-2/3)."""
    low, high, upper = offset ** (1 / 3), (accounts + offset) ** (1 / 3), (1 + offset) ** (1 / 3)
    return (high - low) / (upper - low)


def test_few_customers_place_many_of_the_orders(placed: pl.DataFrame) -> None:
    pools = pool_sizes(SHOP, number_of(DAY)).tolist()
    number = placed["customer_id"].str.slice(2).cast(pl.Int64)
    region, place = number % len(pools), number // len(pools)
    rank = place / region.replace_strict(dict(enumerate(pools)))
    assert rank.max() < 1
    for top in (0.01, 0.05, 0.2, 0.5):
        count = (rank < top).sum()
        assert is_share(count, placed.height, share_of_orders(top))
        assert not is_share(count, placed.height, share_of_orders(top, offset=0.01))
        assert not is_share(count, placed.height, top)
    assert 0.12 < share_of_orders(0.01) < 0.15
    assert 0.5 < share_of_orders(0.2) < 0.6


def test_what_is_ordered_does_not_depend_on_how_it_is_shipped(placed: pl.DataFrame) -> None:
    for tier in SHOP.tiers:
        of_tier = placed.filter(shipping_tier=tier.name)
        assert is_share((of_tier["quantity"] == 1).sum(), of_tier.height, 166 / 256)
        kitchen = of_tier.join(catalogue(SHOP), on="product_id").filter(category="kitchen").height
        assert is_share(kitchen, of_tier.height, 0.26)


def test_busy_customers_order_the_same_things_as_others(placed: pl.DataFrame) -> None:
    ids = catalogue(SHOP)["product_id"].to_list()
    number = placed["customer_id"].str.slice(2).cast(pl.Int64)
    for orders in (placed.filter(number < number.median()), placed.filter(number >= number.median())):
        assert fits(counted(orders["product_id"], ids), expected_shares(SHOP).tolist())
        assert is_share((orders["quantity"] == 1).sum(), orders.height, 166 / 256)
