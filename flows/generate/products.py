"""The catalogue: what is sold, for how much, and how often compared with the rest."""

import math
import sys
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from flows.generate import ids
from flows.generate.pools import chosen
from flows.generate.randomness import below, bits, field, shuffled, stream_key
from flows.generate.shop import Shop
from flows.tables import SCHEMAS

Integers = NDArray[np.int64]

SLOTS = 2**20

# fmt: off
BRANDS = (
    "Sörbo", "D'Aubrac", "Käthe & Söhne", "Łucznik", "Nordhamn", "Tähtikuja", "O'Malley", "Brasserie Noé",
    "Havgård", "Linnéa", "Żubrówek", "Kestrel & Pike", "Mühlbach", "L'Atelier Rouge", "Vuorela", "Casa d'Oro",
    "Pikkuhalli", "Åkerlund", "Bröderna Ek", "Wren's", "Château Mireval", "Schönwald", "Jäkälä", "Fjällnäs",
    "Marchetti", "Grünspan", "Świerk", "Oakhurst", "Hollow & Hare", "Élan", "Kivi", "Rosenlöf", "Tern Bay",
    "Bąk i Syn", "Petit Forêt", "Järn", "Ostrava Works", "Hüttner", "Maison d'Été", "Copper Lane",
)
VARIANTS = (
    "blue", "oak", "small", "steel", "forest green", "large", "birch", "off-white", "graphite", "copper",
    "crème", "recycled", "extra large", "walnut", "rust red", "café au lait", "set of two", "matt black",
    "sand", "ash", "ochre", "travel size", "lilac", "left-handed",
)
# fmt: on
ENDINGS = np.array([99, 95, 90, 50, 0], np.int64)
_ENDING_OF_16 = np.array([0] * 8 + [1] * 3 + [2] * 3 + [3, 4])


@lru_cache(maxsize=4)
def catalogue(shop: Shop) -> pl.DataFrame:
    """All products of the shop by their number, one row each, columns of the products' schema."""
    category = _categories(shop)
    return pl.DataFrame(
        {
            "product_id": ids.numbered("P-", np.arange(shop.products), 5),
            "name": _names(shop, category),
            "category": chosen(pl.Series([part.name for part in shop.categories]), category),
            "unit_price": _decimal(_price_cents(shop, category), SCHEMAS["products"]["unit_price"]),
            "weight_kg": _decimal(_weight_grams(shop, category), SCHEMAS["products"]["weight_kg"]),
        },
        schema=SCHEMAS["products"],
    )


@lru_cache(maxsize=4)
def expected_shares(shop: Shop) -> NDArray[np.float64]:
    """The probability that an order is for each product, float64 in the order of the catalogue.

    The share of its category times Zipf's law within it: the product of rank k sells 1/k as often
    as the first. Only sums and quotients, so all machines agree on the last bit.
    """
    category = _categories(shop)
    sold = np.bincount(category, minlength=len(shop.categories)) > 0
    total = math.fsum(part.share for part, any_sold in zip(shop.categories, sold, strict=True) if any_sold)
    shares = np.zeros(shop.products)
    for number, part in enumerate(shop.categories):
        members = np.flatnonzero(category == number)
        if members.size:
            weights = 1 / (_shuffle(shop, f"product.rank.{number}", members.size) + 1)
            shares[members] = part.share / total * (weights / math.fsum(weights))
    shares.flags.writeable = False
    return shares


@lru_cache(maxsize=4)
def popularity(shop: Shop) -> NDArray[np.uint32]:
    """2^20 numbers of products, each equally likely to be the next one ordered.

    `expected_shares` rounded by largest remainder; a product too rare for that has one place.
    """
    slots = _apportioned(expected_shares(shop), SLOTS)
    table = np.repeat(np.arange(shop.products, dtype=np.uint32), slots)
    table.flags.writeable = False
    return table


def _categories(shop: Shop) -> Integers:
    """The number of each product's category, dealt by share; a category with no share has no products."""
    shares = np.array([part.share for part in shop.categories], np.float64)
    offered = np.flatnonzero(shares)
    if shop.products < offered.size:
        offered = np.sort(offered[np.argsort(-shares[offered], kind="stable")][: shop.products])
    counts = _apportioned(shares[offered], shop.products)
    return np.repeat(offered, counts)[_shuffle(shop, "product.category", shop.products)]


def _apportioned(weights: NDArray[np.float64], total: int) -> Integers:
    """Whole numbers in proportion to positive weights that add up to `total`, none below one.

    Largest remainders; the earlier of two equal ones wins. `total` is at least the number of weights
    and at most 2^20.
    """
    # Integers from here on: what is compared below must not depend on the order of a sum.
    whole = np.rint(weights / math.fsum(weights) * 2**40).astype(np.int64)
    parts = np.ones(whole.size, np.int64)
    rest = np.arange(whole.size)
    while rest.size:
        places = total - (whole.size - rest.size)
        enough = whole[rest] * places >= int(whole[rest].sum())
        if enough.all():
            break
        rest = rest[enough]
    if rest.size:
        parts[rest], remainders = np.divmod(whole[rest] * places, int(whole[rest].sum()))
        missing = total - int(parts.sum())
        parts[rest[np.argsort(-remainders, kind="stable")[:missing]]] += 1
    return parts


def _names(shop: Shop, category: Integers) -> pl.Series:
    """Brand and thing, with a variant once a category has run out of those, with a number after that."""
    things = [part.things for part in shop.categories]
    brand, thing, variant = (np.zeros(category.size, np.int64) for _ in range(3))
    for number, kinds in enumerate(things):
        members = np.flatnonzero(category == number)
        plain = len(BRANDS) * len(kinds)
        place = np.arange(members.size)
        varied = (place - plain) % (plain * len(VARIANTS))
        combination = np.where(
            place < plain,
            _shuffle(shop, f"product.name.{number}", plain)[place % plain],
            _shuffle(shop, f"product.variant.{number}", plain * len(VARIANTS))[varied],
        )
        brand[members] = combination % len(BRANDS)
        thing[members] = sum(map(len, things[:number])) + combination // len(BRANDS) % len(kinds)
        variant[members] = np.where(place < plain, 0, 1 + combination // plain)
    words = pl.DataFrame(
        {
            "brand": chosen(pl.Series(BRANDS), brand),
            "thing": chosen(pl.Series([thing for kinds in things for thing in kinds]), thing),
            "variant": chosen(pl.Series(["", *(f", {variant}" for variant in VARIANTS)]), variant),
        }
    )
    return _told_apart(words.select(pl.concat_str("brand", pl.lit(" "), "thing", "variant")).to_series())


def _told_apart(names: pl.Series) -> pl.Series:
    """Each name once: the second of a kind gets `No. 2`, and so on."""
    frame = names.to_frame("name")
    while frame["name"].n_unique() < frame.height:
        number = pl.int_range(1, pl.len() + 1).over("name")
        frame = frame.with_columns(
            name=pl.when(number > 1).then(pl.format("{} No. {}", "name", number)).otherwise("name")
        )
    return frame["name"]


def _price_cents(shop: Shop, category: Integers) -> Integers:
    low, high = _bounds([part.price_cents for part in shop.categories], category)
    raw = low + _low_end(shop, "product.price", high - low)
    ending = ENDINGS[_ENDING_OF_16[below(_counter(shop.products), shop.seed, "product.ending", 16)]]
    price = raw // 100 * 100 + ending
    price = np.where(price > high, price - 100, price)
    price = np.where(price < low, price + 100, price)
    return np.where(price > high, raw, price)


def _weight_grams(shop: Shop, category: Integers) -> Integers:
    low, high = _bounds([part.weight_grams for part in shop.categories], category)
    return low + _low_end(shop, "product.weight", high - low)


def _bounds(bounds: Sequence[tuple[int, int]], category: Integers) -> tuple[Integers, Integers]:
    low, high = np.array(bounds, np.int64)[category].T
    return low, high


def _low_end(shop: Shop, stream: str, spread: Integers) -> Integers:
    """Integers in [0, spread], skewed to the low end like a product of two uniform numbers."""
    words = bits(_counter(shop.products), shop.seed, stream)
    below_one = field(words, 0, 16) * field(words, 16, 16)  # in units of 2^-32
    return ((spread + 1).astype(np.uint64) * below_one >> np.uint64(32)).astype(np.int64)


def _decimal(units: Integers, kind: pl.DataType) -> pl.Series:
    """Units of the last decimal place (none negative) as exact decimals: Arrow keeps them as that integer."""
    assert isinstance(kind, pl.Decimal)
    words = np.zeros((units.size, 2), np.int64)
    words[:, 0 if sys.byteorder == "little" else 1] = units
    exact = pa.decimal128(kind.precision, kind.scale)
    return pl.Series(pa.Array.from_buffers(exact, units.size, [None, pa.py_buffer(words)]))


def _shuffle(shop: Shop, stream: str, size: int) -> Integers:
    return shuffled(_counter(size), size, stream_key(shop.seed, stream)).astype(np.int64)


def _counter(size: int) -> NDArray[np.uint64]:
    return np.arange(size, dtype=np.uint64)
