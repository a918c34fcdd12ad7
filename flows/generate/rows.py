"""Changes as rows of the raw tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from flows.generate import ids
from flows.generate.changes import Changes, States
from flows.generate.moments import (
    DAY_SECONDS,
    Choices,
    Moments,
    Seconds,
    choices,
    happened,
    moments,
    order_keys,
)
from flows.generate.pools import chosen
from flows.generate.products import catalogue
from flows.generate.shop import Shop
from flows.tables import DELIVERY_STATUSES, STATUSES


@dataclass(frozen=True)
class Rows:
    """Orders and deliveries of some changes, with the customers and products they name.

    `customers` and `products` are pairs of (day number, customer or product number), each as one
    integer `day << 32 | number`; products ascending and once each, customers in no order.
    """

    orders: pl.DataFrame
    deliveries: pl.DataFrame
    customers: NDArray[np.uint64]
    products: NDArray[np.uint64]


def rows(shop: Shop, changes: Changes) -> Rows:
    """The rows of the raw tables for these changes, in their order, with `_batch_day`."""
    keys = order_keys(changes)
    picked = choices(shop, changes, keys)
    when = moments(shop, changes, keys)
    seen = (changes.states.seen.astype(np.uint64) << np.uint64(32))[changes.state]
    return Rows(
        orders=_orders(shop, changes, picked, when),
        deliveries=_deliveries(shop, changes, when),
        customers=seen | picked.customer.view(np.uint64),
        products=_products_seen(shop, changes, picked),
    )


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """The values, ascending and once each; sorts them in place (`np.unique` is slower for these)."""
    values.sort()
    first = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return values[first]


def _products_seen(shop: Shop, changes: Changes, picked: Choices) -> NDArray[np.uint64]:
    days, position = np.unique(changes.states.seen, return_inverse=True)
    pairs = np.zeros(len(days) * shop.products, dtype=bool)
    pairs[position[changes.state] * shop.products + picked.product] = True
    found = np.flatnonzero(pairs)
    day = days[found // shop.products].astype(np.uint64)
    return day << np.uint64(32) | (found % shop.products).astype(np.uint64)


def status_codes(states: States) -> NDArray[np.int64]:
    """The position of each state's status in `STATUSES`."""
    code = np.full(len(states), STATUSES.index("pending"))
    for status in ("shipped", "delivered", "returned", "cancelled"):
        code[happened(getattr(states, status))] = STATUSES.index(status)
    return code


def names(parts: Sequence[Any], positions: NDArray[Any]) -> pl.Series:
    """The names of the tiers, carriers or regions at these positions."""
    return chosen(pl.Series([part.name for part in parts]), positions)


def promised_days(shop: Shop, states: States) -> NDArray[np.int32]:
    """The number of the day by which the tier promises delivery."""
    return states.placed + np.array([tier.promised_days for tier in shop.tiers], dtype=np.int32)[states.tier]


def timestamps(seconds: Seconds, known: NDArray[np.bool_] | None = None) -> pl.Series:
    """Moments as timestamps, null where not known."""
    series = pl.Series(seconds * 1_000_000).cast(pl.Datetime("us"))
    if known is None:
        return series
    return series.zip_with(pl.Series(known), pl.Series([None], dtype=series.dtype))


def _orders(shop: Shop, changes: Changes, picked: Choices, when: Moments) -> pl.DataFrame:
    states, state = changes.states, changes.state
    products = catalogue(shop)
    promised = promised_days(shop, states)
    delivered = _delivered(states, state, when)
    return pl.DataFrame(
        {
            "order_id": ids.dated("O-", ids.calendar(states.placed)[state], changes.number),
            "customer_id": ids.numbered("C-", picked.customer, 9),
            "product_id": chosen(products["product_id"], picked.product),
            "order_date": timestamps(when.placed),
            "status": chosen(pl.Series(STATUSES), status_codes(states)[state]),
            "delivery_date": timestamps(delivered, happened(states.delivered)[state]),
            "quantity": picked.quantity,
            "unit_price": chosen(products["unit_price"], picked.product),
            "shipping_tier": names(shop.tiers, states.tier[state]),
            "promised_date": pl.Series(promised[state]).cast(pl.Date),
            "updated_at": timestamps(_updated(states, state, when, delivered)),
            "_batch_day": pl.Series(states.seen[state]).cast(pl.Date),
        }
    )


def _delivered(states: States, state: NDArray[np.int64], when: Moments) -> Seconds:
    return np.where(happened(states.retried)[state], when.retried, when.attempted)


def _updated(states: States, state: NDArray[np.int64], when: Moments, delivered: Seconds) -> Seconds:
    updated = when.placed.copy()
    for moment, days in (
        (when.shipped, states.shipped),
        (when.attempted, states.attempted),
        (when.retried, states.retried),
        (when.returned, states.returned),
        (when.cancelled, states.cancelled),
    ):
        np.copyto(updated, moment, where=happened(days)[state])
    return updated


def _deliveries(shop: Shop, changes: Changes, when: Moments) -> pl.DataFrame:
    """Each attempt is a delivery of its own; the second begins when the first has failed."""
    states = changes.states
    seen, retries = states.seen, happened(states.attempted) & ~(states.delivered == states.attempted)
    first = (states.shipped == seen) | (states.attempted == seen)
    second = retries & ((states.attempted == seen) | (states.retried == seen))
    counts = (first.astype(np.int64) + second)[changes.state]
    row = np.repeat(np.arange(len(changes)), counts)
    state = changes.state[row]
    again = np.concatenate([[False], row[1:] == row[:-1]]) if len(row) else np.zeros(0, dtype=bool)
    again |= ~first[state]

    status = np.full((2, len(states)), DELIVERY_STATUSES.index("in_transit"))
    status[0][happened(states.attempted)] = DELIVERY_STATUSES.index("delivered")
    status[0][retries] = DELIVERY_STATUSES.index("failed")
    status[1][happened(states.retried)] = DELIVERY_STATUSES.index("delivered")
    code = status[again.astype(np.int64), state]
    promised = promised_days(shop, states)
    placed, number = ids.calendar(states.placed)[state], changes.number[row]
    return pl.DataFrame(
        {
            "delivery_id": ids.dated("D-", placed, number, 1 + again),
            "order_id": ids.dated("O-", placed, number),
            "carrier": names(shop.carriers, states.carrier[state]),
            "region": names(shop.regions, states.region[state]),
            "status": chosen(pl.Series(DELIVERY_STATUSES), code),
            # a second attempt leaves the depot when the first has failed
            "shipped_at": timestamps(np.where(again, when.attempted[row], when.shipped[row])),
            # the promise is kept until the day ends
            "promised_at": timestamps(((promised.astype(np.int64) + 1) * DAY_SECONDS - 1)[state]),
            "delivered_at": timestamps(
                np.where(again, when.retried[row], when.attempted[row]),
                code == DELIVERY_STATUSES.index("delivered"),
            ),
            "_batch_day": pl.Series(seen[state]).cast(pl.Date),
        }
    )
