import zlib
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from flows.generate import defaults
from flows.generate.parts import Category
from flows.generate.products import ENDINGS, SLOTS, catalogue, expected_shares, popularity
from flows.generate.shop import Shop
from flows.tables import SCHEMAS

SHOPS = [Shop(), Shop(seed=8, products=5_000), Shop(seed=9, products=1), Shop(seed=10, products=7)]


def category(name: str, share: float = 1, **fields: object) -> Category:
    given = {"price_cents": (100, 5_000), "weight_grams": (10, 900), "things": ("Lamp",), **fields}
    return Category(name=name, share=share, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("shop", SHOPS)
def test_the_catalogue_has_one_row_a_product_by_its_number(shop: Shop) -> None:
    frame = catalogue(shop)
    assert frame.schema == SCHEMAS["products"]
    assert frame["product_id"].to_list() == [f"P-{index:05d}" for index in range(shop.products)]
    assert frame.null_count().sum_horizontal().item() == 0


def test_the_same_shop_has_the_same_catalogue_and_another_seed_another() -> None:
    first, popular = catalogue(Shop()), popularity(Shop())
    catalogue.cache_clear()
    popularity.cache_clear()
    assert catalogue(Shop()).equals(first)
    assert np.array_equal(popularity(Shop()), popular)
    for column in ("name", "category", "unit_price", "weight_kg"):
        assert not catalogue(Shop(seed=8))[column].equals(first[column]), column
    assert not np.array_equal(popularity(Shop(seed=8)), popular)


def test_the_default_catalogue_is_the_one_every_machine_has() -> None:
    frame = catalogue(Shop())
    assert zlib.crc32(frame.write_csv().encode()) == 3983264248
    assert zlib.crc32(popularity(Shop()).astype("<u4").tobytes()) == 2422400808


@pytest.mark.parametrize("products", [1, 400, 50_000])
def test_no_two_products_have_the_same_name(products: int) -> None:
    assert catalogue(Shop(products=products))["name"].is_unique().all()


def test_names_stay_unique_where_two_categories_share_a_thing_and_a_thing_looks_numbered() -> None:
    shop = Shop(
        products=6_000,
        categories=(
            category("office", things=("Lamp", "Lamp")),
            category("home", things=("Lamp", "Lamp No. 2", "Lamp, blue")),
        ),
    )
    assert catalogue(shop)["name"].is_unique().all()


def test_only_a_category_that_has_run_out_of_brands_and_things_sells_variants_and_numbers() -> None:
    few, many = catalogue(Shop())["name"], catalogue(Shop(products=50_000))["name"]
    things = [thing for part in Shop().categories for thing in part.things]
    assert (
        few.str.contains_any([f"{thing}, {variant}" for thing in things for variant in ("oak", "blue")]).sum()
        == 0
    )
    assert few.str.contains(r" No\. \d+$").sum() == 0
    assert many.str.contains(", oak").sum() > 100
    assert many.str.contains(r" No\. 2$").sum() > 100


@pytest.mark.parametrize("seed", range(5))
def test_names_hold_accents_apostrophes_commas_and_ampersands(seed: int) -> None:
    names = catalogue(Shop(seed=seed))["name"]
    for mark in ("[^\x00-\x7f]", "'", ",", "&"):
        assert names.str.contains(mark).any(), mark


def test_every_product_is_named_after_a_thing_of_its_category() -> None:
    things = {part.name: part.things for part in Shop().categories}
    for row in catalogue(Shop(products=3_000)).iter_rows(named=True):
        assert any(thing in row["name"] for thing in things[row["category"]])


def test_products_are_dealt_to_categories_by_their_shares() -> None:
    counts = dict(catalogue(Shop(products=1_000))["category"].value_counts().iter_rows())
    assert counts == {"kitchen": 260, "outdoor": 160, "office": 200, "toys": 220, "textiles": 160}


def test_the_smallest_category_has_a_product_where_there_are_enough() -> None:
    categories = (category("big", 1_000_000), category("small", 0.001), category("closed", 0))
    for products, expected in ((1, {"big": 1}), (2, {"big": 1, "small": 1}), (50, {"big": 49, "small": 1})):
        frame = catalogue(Shop(products=products, categories=categories))
        assert dict(frame["category"].value_counts().iter_rows()) == expected


@pytest.mark.parametrize("seed", range(5))
def test_prices_and_weights_are_exact_and_within_the_bounds_of_the_category(seed: int) -> None:
    frame = catalogue(Shop(seed=seed, products=3_000))
    bounds = {part.name: (*part.price_cents, *part.weight_grams) for part in Shop().categories}
    for row in frame.iter_rows(named=True):
        low, high, light, heavy = bounds[row["category"]]
        cents, grams = row["unit_price"] * 100, row["weight_kg"] * 1_000
        assert cents == int(cents) and low <= cents <= high
        assert grams == int(grams) and light <= grams <= heavy
        assert int(cents) % 100 in ENDINGS


@pytest.mark.parametrize(
    ("bounds", "allowed"),
    [
        ((1, 1), {1}),
        ((37, 40), {37, 38, 39, 40}),
        ((101, 149), set(range(101, 150))),
        ((960, 1_020), set(range(960, 1_021))),
        ((99, 99), {99}),
    ],
)
def test_narrow_bounds_hold_even_where_no_usual_ending_fits(
    bounds: tuple[int, int], allowed: set[int]
) -> None:
    shop = Shop(products=300, categories=(category("narrow", price_cents=bounds, weight_grams=(5, 5)),))
    frame = catalogue(shop)
    assert {int(price * 100) for price in frame["unit_price"]} <= allowed
    assert set(frame["weight_kg"]) == {Decimal("0.005")}


def test_the_dearest_and_heaviest_that_can_be_described_fit_their_columns() -> None:
    largest = (900_000_000, 900_000_000)
    shop = Shop(products=3, categories=(category("large", price_cents=largest, weight_grams=largest),))
    assert set(catalogue(shop)["unit_price"]) == {Decimal("9000000.00")}
    assert set(catalogue(shop)["weight_kg"]) == {Decimal("900000.000")}


def test_prices_lie_at_the_low_end_of_their_range_and_reach_the_high_one() -> None:
    shop = Shop(products=20_000, categories=(category("one", price_cents=(1_000, 101_000)),))
    prices = catalogue(shop)["unit_price"].cast(pl.Float64)
    assert 150 < prices.median() < 240  # type: ignore[operator]
    assert prices.max() > 900  # type: ignore[operator]


def test_expected_shares_follow_the_categories_and_zipf_within_each() -> None:
    shares = pl.DataFrame({"share": expected_shares(Shop()), "category": catalogue(Shop())["category"]})
    assert shares["share"].sum() == pytest.approx(1, abs=1e-12)
    for part in defaults.CATEGORIES:
        own = shares.filter(category=part["name"])["share"].sort(descending=True).to_numpy()
        assert own.sum() == pytest.approx(part["share"], abs=1e-12)
        assert own * np.arange(1, own.size + 1) == pytest.approx(np.full(own.size, own[0]))


def test_the_index_does_not_tell_how_popular_a_product_is() -> None:
    shares = expected_shares(Shop(products=5_000))
    assert abs(np.corrcoef(np.arange(5_000), np.argsort(np.argsort(shares)))[0, 1]) < 0.05


@pytest.mark.parametrize("shop", [*SHOPS, Shop(products=50_000)])
def test_popularity_is_the_expected_share_of_a_million_slots_with_one_at_least(shop: Shop) -> None:
    table = popularity(shop)
    slots = np.bincount(table, minlength=shop.products)
    assert (table.dtype, table.size, slots.size) == (np.uint32, SLOTS, shop.products)
    assert slots.min() >= 1
    assert np.abs(slots - expected_shares(shop) * SLOTS).max() < 1


def test_a_product_too_rare_for_a_slot_still_has_one() -> None:
    shop = Shop(products=2_000, categories=(category("big", 1_000_000), category("small", 0.001)))
    slots = np.bincount(popularity(shop))
    small = (catalogue(shop)["category"] == "small").to_numpy()
    assert expected_shares(shop)[small].max() * SLOTS < 0.01
    assert set(slots[small]) == {1}
    assert slots.sum() == SLOTS


@pytest.mark.parametrize("cached", [popularity, expected_shares])
def test_what_is_shared_cannot_be_overwritten(cached) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="read-only"):
        cached(Shop())[0] = 1
