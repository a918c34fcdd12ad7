"""Customers and products: small pools of Faker's words, sampled in Polars by id."""

from functools import lru_cache

import polars as pl
from faker import Faker

from flows.generate.randomness import bits, draw, pick
from flows.generate.shop import Shop
from flows.tables import SCHEMAS

# country → Faker locale; a country is listed as often as it weighs
COUNTRIES = {"FI": "fi_FI", "DE": "de_DE", "FR": "fr_FR", "GB": "en_GB"}
COUNTRY_WEIGHTS = pl.Series(["FI", "FI", "FI", "DE", "DE", "FR", "GB", "GB"])
POOL_SIZE = 250

SEGMENTS = pl.Series(["consumer"] * 7 + ["business"] * 2 + ["vip"])
# category → (cheapest, dearest price in cents, lightest, heaviest in grams, nouns)
CATEGORIES: dict[str, tuple[int, int, int, int, tuple[str, ...]]] = {
    "kitchen": (790, 14_900, 200, 4_000, ("Kettle", "Frying Pan", "Bread Knife", "Cutting Board", "Teapot")),
    "outdoor": (1_490, 34_900, 300, 9_000, ("Rucksack", "Tent", "Head Torch", "Camping Stove", "Hammock")),
    "office": (290, 24_900, 50, 6_000, ("Desk Lamp", "Notebook", "Keyboard Stand", "File Box", "Chair Mat")),
    "toys": (490, 7_900, 100, 2_000, ("Puzzle", "Wooden Train", "Kite", "Board Game", "Building Set")),
    "textiles": (990, 12_900, 150, 2_500, ("Wool Blanket", "Linen Sheet", "Towel Set", "Cushion", "Scarf")),
}
ADJECTIVES = (
    "Alder",
    "Birch",
    "Copper",
    "Harbour",
    "Juniper",
    "Linden",
    "Meadow",
    "Northern",
    "Quiet",
    "Rowan",
)


def customers(shop: Shop, indexes: pl.Series) -> pl.DataFrame:
    """One row per customer index (UInt64), always the same for the same seed."""
    key = pl.col("index")
    country = pick(key, shop.seed, "customer.country", COUNTRY_WEIGHTS)
    frame = pl.DataFrame({"index": indexes}).with_columns(
        country=country,
        slot=draw(key, shop.seed, "customer.first", POOL_SIZE).cast(pl.Int64),
        last_slot=draw(key, shop.seed, "customer.last", POOL_SIZE).cast(pl.Int64),
        city_slot=draw(key, shop.seed, "customer.city", POOL_SIZE).cast(pl.Int64),
    )
    pools = _name_pools(shop.seed)
    return (
        frame.join(pools.select("country", "slot", "first"), on=["country", "slot"], how="left")
        .join(pools.select("country", last_slot="slot", last="last"), on=["country", "last_slot"], how="left")
        .join(pools.select("country", city_slot="slot", city="city"), on=["country", "city_slot"], how="left")
        .sort("index")
        .select(
            customer_id=customer_id(key),
            name=pl.format("{} {}", "first", "last"),
            email=pl.format("customer.{}@example.com", key),
            city="city",
            country="country",
            segment=pick(key, shop.seed, "customer.segment", SEGMENTS),
            created_at=pl.datetime(2021, 1, 1)
            + pl.duration(minutes=draw(key, shop.seed, "customer.created", 3 * 365 * 24 * 60).cast(pl.Int64)),
        )
        .cast(SCHEMAS["customers"])
    )


def customer_id(index: pl.Expr) -> pl.Expr:
    """The public id of a customer index."""
    return pl.format("C-{}", index.cast(pl.String).str.zfill(8))


def product_id(index: pl.Expr) -> pl.Expr:
    """The public id of a product index."""
    return pl.format("P-{}", index.cast(pl.String).str.zfill(5))


@lru_cache(maxsize=4)
def catalogue(shop: Shop) -> pl.DataFrame:
    """All products of the shop plus `index` (UInt64), one row a product."""
    names = list(CATEGORIES)
    rows = []
    for index in range(shop.products):
        category = names[index % len(names)]
        low, high, light, heavy, nouns = CATEGORIES[category]
        rows.append((index, category, low, high - low, light, heavy - light, nouns[index // 5 % len(nouns)]))
    key = pl.col("index")
    schema = ["index", "category", "low", "spread", "light", "weight_spread", "noun"]
    return (
        pl.DataFrame(rows, schema=schema, orient="row")
        .with_columns(index=key.cast(pl.UInt64))
        .select(
            "index",
            product_id=product_id(key),
            name=pl.format(
                "{} {} {}",
                pick(key, shop.seed, "product.adjective", pl.Series(ADJECTIVES)),
                "noun",
                key + 100,
            ),
            category="category",
            # cents-exact: integers over one hundred, never a float
            unit_price=_scaled(
                "low", "spread", bits(key, shop.seed, "product.price"), 100, pl.Decimal(12, 2)
            ),
            weight_kg=_scaled(
                "light", "weight_spread", bits(key, shop.seed, "product.weight"), 1000, pl.Decimal(9, 3)
            ),
        )
    )


def _scaled(low: str, spread: str, random_bits: pl.Expr, divisor: int, kind: pl.Decimal) -> pl.Expr:
    units = pl.col(low) + (random_bits % pl.col(spread).cast(pl.UInt64)).cast(pl.Int64)
    digits = len(str(divisor)) - 1
    text = pl.format("{}.{}", units // divisor, (units % divisor).cast(pl.String).str.zfill(digits))
    return text.cast(kind)


@lru_cache(maxsize=4)
def _name_pools(seed: int) -> pl.DataFrame:
    """`country, slot, first, last, city`: POOL_SIZE rows a country."""
    rows = []
    for country, locale in COUNTRIES.items():
        fake = Faker(locale, use_weighting=False)
        fake.seed_instance(seed)
        rows += [
            (country, slot, fake.first_name(), fake.last_name(), fake.city()) for slot in range(POOL_SIZE)
        ]
    return pl.DataFrame(rows, schema=["country", "slot", "first", "last", "city"], orient="row")
