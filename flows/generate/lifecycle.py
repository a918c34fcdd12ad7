"""The life of every order placed on some days, decided once and for all when it is placed."""

from datetime import date

import polars as pl

from flows.generate.people import catalogue, customer_id
from flows.generate.randomness import draw, pick
from flows.generate.shop import (
    CARRIERS,
    HANDOVER_MINUTES,
    HOURS,
    MAX_CANCEL_MINUTES,
    MAX_RETURN_DAYS,
    QUANTITIES,
    TIER_NAMES,
    TIERS,
    TRANSIT_MINUTES,
    Shop,
)

_ORDERS_PER_DAY_LIMIT = 2**32
_EPOCH = date(1970, 1, 1)


def lives(shop: Shop, first: date, last: date) -> pl.DataFrame:
    """Whole lives of the orders placed in [first, last], one row an order.

    Columns: `order_id, customer (index), customer_id, product_id, unit_price, quantity,
    shipping_tier, carrier, promised_date, placed_at` and the moments of its life, null where
    it never happens: `shipped_at, delivered_at, cancelled_at, returned_at`. Times are UTC.
    """
    days = pl.DataFrame({"day": pl.date_range(first, last, eager=True)})
    numbers = pl.DataFrame({"number": pl.int_range(shop.orders_per_day, dtype=pl.UInt64, eager=True)})
    key = pl.col("key")
    day_number = (pl.col("day") - pl.lit(_EPOCH)).dt.total_days().cast(pl.UInt64)
    orders = days.join(numbers, how="cross").with_columns(
        key=day_number * pl.lit(_ORDERS_PER_DAY_LIMIT, dtype=pl.UInt64) + pl.col("number")
    )

    def random(stream: str, upper: int) -> pl.Expr:
        return draw(key, shop.seed, stream, upper).cast(pl.Int64)

    def minutes(expression: pl.Expr) -> pl.Expr:
        return pl.duration(minutes=expression)

    # the square of a uniform draw: few customers and products take many of the orders
    skewed_customer = random("order.customer", 1 << 20) * random("order.customer.again", 1 << 20)
    skewed_product = random("order.product", 1 << 20) * random("order.product.again", 1 << 20)
    orders = orders.with_columns(
        customer=(skewed_customer * shop.customers // (1 << 40)).cast(pl.UInt64),
        product=(skewed_product * shop.products // (1 << 40)).cast(pl.UInt64),
        quantity=pick(key, shop.seed, "order.quantity", pl.Series(QUANTITIES, dtype=pl.Int64)),
        shipping_tier=pick(key, shop.seed, "order.tier", TIER_NAMES),
        carrier=pick(key, shop.seed, "order.carrier", pl.Series(CARRIERS)),
        fate=random("order.fate", 1000),
        returned=random("order.return", 1000) < shop.returned_permille,
        placed_at=pl.col("day").cast(pl.Datetime("us"))
        + minutes(pick(key, shop.seed, "order.hour", HOURS) * 60 + random("order.minute", 60)),
    )

    cancelled = pl.col("fate") < shop.cancelled_permille
    stuck = pl.col("fate").is_between(
        shop.cancelled_permille, shop.cancelled_permille + shop.stuck_permille, closed="left"
    )
    lost = pl.col("fate") >= 1000 - shop.lost_permille
    orders = orders.with_columns(
        cancelled_at=pl.when(cancelled).then(
            pl.col("placed_at") + minutes(random("order.cancel", MAX_CANCEL_MINUTES) + 1)
        ),
        shipped_at=pl.when(~cancelled & ~stuck).then(
            pl.col("placed_at") + minutes(pick(key, shop.seed, "order.handover", HANDOVER_MINUTES))
        ),
    )
    orders = orders.with_columns(
        delivered_at=pl.when(~lost).then(pl.col("shipped_at") + minutes(_transit(shop))),
    ).with_columns(
        returned_at=pl.when("returned").then(
            pl.col("delivered_at")
            + minutes(random("order.returned", (MAX_RETURN_DAYS - 2) * 1440) + 2 * 1440)
        ),
    )
    promised_days = pl.col("shipping_tier").replace_strict({tier.name: tier.promised_days for tier in TIERS})
    prices = catalogue(shop).select(product="index", product_id="product_id", unit_price="unit_price")
    return orders.join(prices, on="product", how="left", maintain_order="left").select(
        order_id=pl.format("O-{}-{}", pl.col("day").dt.strftime("%Y%m%d"), _padded("number", 7)),
        customer="customer",
        customer_id=customer_id(pl.col("customer")),
        product_id="product_id",
        unit_price="unit_price",
        quantity="quantity",
        shipping_tier="shipping_tier",
        carrier="carrier",
        promised_date=pl.col("day") + pl.duration(days=promised_days),
        placed_at="placed_at",
        shipped_at="shipped_at",
        delivered_at="delivered_at",
        cancelled_at="cancelled_at",
        returned_at="returned_at",
    )


def _transit(shop: Shop) -> pl.Expr:
    """Minutes from hand-over to the door, by tier."""
    expression = pl.lit(None, dtype=pl.Int64)
    for tier in TIERS:
        drawn = pick(pl.col("key"), shop.seed, "order.transit", TRANSIT_MINUTES[tier.name])
        expression = pl.when(pl.col("shipping_tier") == tier.name).then(drawn).otherwise(expression)
    return expression


def _padded(column: str, width: int) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.zfill(width)
