"""The time of the day of everything that happens, and who orders what."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.generate import demand
from flows.generate.changes import NO_DAY, Changes
from flows.generate.products import popularity
from flows.generate.randomness import Words, bits, field
from flows.generate.shop import Shop

DAY_SECONDS = 86_400
# The hours in which parcels are collected (on the day of the order: until midnight), delivered and sent
# back, UTC.
COLLECTED = (8 * 3600, 18 * 3600)
DELIVERED = (8 * 3600, 20 * 3600)
SENT_BACK = (9 * 3600, 21 * 3600)

# Orders per account fall with its rank r as (r + q)^(-2/3): the cube of a uniform draw between
# these bounds, less q = 0.001 of all accounts. The busiest order about 37 times the average.
_MOST_BUSY, _LEAST_BUSY = 0.1, 1.0003332222839094
QUANTITIES = np.repeat(
    np.array([1, 2, 3, 4, 5, 6, 10, 12]), [166, 48, 18, 10, 6, 4, 3, 1]
)  # 256 equally likely

Seconds = NDArray[np.int64]


@dataclass(frozen=True)
class Moments:
    """Seconds since 1970-01-01 UTC, one row an order; of what has not happened the number means nothing."""

    placed: Seconds
    shipped: Seconds
    attempted: Seconds
    retried: Seconds
    cancelled: Seconds
    returned: Seconds


@dataclass(frozen=True)
class Choices:
    """Who ordered, what, and how many."""

    customer: NDArray[np.int64]
    product: NDArray[np.uint32]
    quantity: NDArray[np.int64]


def order_keys(changes: Changes) -> Words:
    """A number for each order that no other order has."""
    placed = changes.states.placed.astype(np.uint64) << np.uint64(32)
    return placed[changes.state] | changes.number


def choices(shop: Shop, changes: Changes, keys: Words) -> Choices:
    """What every order asks for: the same on every day on which it is looked at."""
    words = bits(keys, shop.seed, "order.choice")
    states, state = changes.states, changes.state
    uniform = field(words, 32, 32).astype(np.float64)
    uniform *= (_LEAST_BUSY - _MOST_BUSY) / 2**32
    uniform += _MOST_BUSY
    rank = uniform * uniform
    rank *= uniform
    rank -= _MOST_BUSY**3
    rank *= states.accounts.astype(np.float64)[state]
    customer = rank.astype(np.int64)
    np.clip(customer, 0, states.accounts[state] - 1, out=customer)
    customer *= len(shop.regions)
    customer += states.region.astype(np.int64)[state]
    return Choices(
        customer=customer,
        product=popularity(shop)[field(words, 12, 20)],
        quantity=QUANTITIES[field(words, 0, 8)],
    )


def moments(shop: Shop, changes: Changes, keys: Words) -> Moments:
    """When everything happens: the same on every day on which it is looked at."""
    words = bits(keys, shop.seed, "order.time")
    states, state = changes.states, changes.state
    position = field(words, 48, 16).astype(np.float64)
    position *= 1 / 2**16
    position += changes.number
    position *= (demand.CLOCK_STEPS / np.maximum(states.orders, 1))[state]
    step = np.minimum(position.astype(np.int64), demand.CLOCK_STEPS - 1)
    placed = demand.clock(shop.demand.hours)[step]

    def on(days: NDArray[np.int32], hours: tuple[int, int], low_bit: int) -> Seconds:
        opens, closes = hours
        start = days.astype(np.int64) * DAY_SECONDS + opens
        seconds = field(words, low_bit, 16).view(np.int64) * (closes - opens)
        seconds >>= 16
        seconds += start[state]
        return seconds

    def on_or_after_order(days: NDArray[np.int32], low_bit: int) -> Seconds:
        seconds = on(days, COLLECTED, low_bit)
        same_day = np.flatnonzero((days == states.placed)[state])
        rest = DAY_SECONDS - 1 - placed[same_day]
        later = 1 + ((field(words[same_day], low_bit, 16).view(np.int64) * (rest - 1)) >> 16)
        day = states.placed.astype(np.int64)[state[same_day]] * DAY_SECONDS
        seconds[same_day] = day + placed[same_day] + later
        return seconds

    return Moments(
        placed=placed + (states.placed.astype(np.int64) * DAY_SECONDS)[state],
        shipped=on_or_after_order(states.shipped, 0),
        attempted=on(states.attempted, DELIVERED, 16),
        retried=on(states.retried, DELIVERED, 32),
        cancelled=on_or_after_order(states.cancelled, 0),
        returned=on(states.returned, SENT_BACK, 32),
    )


def happened(days: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether each of these days has come."""
    return days != NO_DAY
