"""A cohort: the orders placed on one day, and on which days each of them changes.

Orders are numbered in the order they come in. Behind the numbers lie slots, dealt to the
itineraries in proportion to their weights (systematic sampling with a random start) and shuffled:
an itinerary owns a range of slots. So the orders that change on a given day are found by reading a
table of itineraries, without looking at the orders that do not.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flows.generate import demand, incidents
from flows.generate.days import number_of
from flows.generate.itineraries import MOST_RETURN_DAYS, NEVER, SCALE, Itineraries, Offsets, itineraries
from flows.generate.parts import Incident
from flows.generate.randomness import Words, bits_of, shuffled
from flows.generate.shop import Shop
from flows.generate.timeline import Hold, timeline

_WHOLE_BITS = 16
_WHOLE = 2**_WHOLE_BITS
_AT_ONCE = 250_000

EVENTS = ("cancelled", "shipped", "attempted", "retried", "delivered", "returned")

Slots = NDArray[np.int32]


@dataclass(frozen=True)
class Cohort:
    """One entry an itinerary that at least one order takes; days are offsets from `day`, NEVER if never.

    Entry i owns the slots [first[i], last[i]).
    """

    shop: Shop
    day: int
    size: int
    first: Slots
    last: Slots
    tier: NDArray[np.int8]
    carrier: NDArray[np.int8]
    region: NDArray[np.int8]
    days: Offsets  # one row an event, in the order of EVENTS

    def changing_on(self, day: int) -> NDArray[np.int64]:
        """Rows with at least one event on the day with this number."""
        offset = day - self.day
        if offset == 0:
            return np.arange(len(self.first))
        return np.flatnonzero((self.days == offset).any(axis=0))

    def orders(self, rows: NDArray[np.int64]) -> Words:
        """The orders that take the itineraries in `rows`, ascending.

        Returns:
            For each order its number, and the position of its itinerary in `rows`, as one integer:
            `number << 32 | position`.
        """
        key = bits_of(self.day, self.shop.seed, "cohort.order")
        first = self.first[rows].astype(np.int64)
        lengths = self.last[rows] - first
        ends = np.cumsum(lengths)
        orders = np.empty(int(ends[-1]) if len(ends) else 0, dtype=np.uint64)
        done = 0
        while done < len(rows):
            # so many at once that the intermediate results stay small
            stop = max(done + 1, int(np.searchsorted(ends, ends[done] - lengths[done] + _AT_ONCE)))
            some = slice(done, stop)
            begins = ends[some] - lengths[some]
            position = np.repeat(np.arange(done, stop, dtype=np.uint64), lengths[some])
            slots = np.arange(begins[0], ends[stop - 1]) + np.repeat(first[some] - begins, lengths[some])
            number = shuffled(slots.view(np.uint64), self.size, key)
            number <<= np.uint64(32)
            np.bitwise_or(number, position, out=orders[begins[0] : ends[stop - 1]])
            done = stop
        orders.sort()
        return orders


class Cohorts:
    """The cohorts of a shop, made when asked for and kept while a sweep over days may need them."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._known: dict[int, Cohort] = {}

    def changing_on(self, day: int) -> Iterator[Cohort]:
        """Cohorts that may have changes on the day with this number, oldest first."""
        oldest = max(number_of(self.shop.opened), day - _longest_life(self.shop, day))
        self._known = {placed: known for placed, known in self._known.items() if placed >= oldest}
        for placed in range(oldest, day + 1):
            if placed == day or last_change(self.shop, placed)[0] >= day:
                if placed not in self._known:
                    self._known[placed] = cohort(self.shop, placed)[0]
                yield self._known[placed]


def cohort(shop: Shop, day: int) -> tuple[Cohort, tuple[Hold, ...]]:
    """The orders placed on the day with this number, and what incidents do to them."""
    size = demand.orders_on(shop, day)
    met = last_change(shop, day)[1]
    ways = itineraries(shop)
    start = bits_of(day, shop.seed, "cohort.start") % SCALE
    bounds = (ways.reached * size + start) // SCALE
    edges, way, exposed = _cut(shop, ways, np.flatnonzero(bounds[1:] > bounds[:-1]), met)
    first, last = (edges * size + start) // SCALE
    some = np.flatnonzero(last > first)
    ways = ways.take(way[some])
    days = timeline(day, ways, met, exposed[:, some], shop.incidents.given_up_days)
    return Cohort(
        shop=shop,
        day=day,
        size=size,
        first=first[some].astype(np.int32),
        last=last[some].astype(np.int32),
        tier=ways.tier,
        carrier=ways.carrier,
        region=ways.region,
        days=np.array([getattr(days, event) for event in EVENTS]),
    ), days.holds


def _cut(
    shop: Shop, ways: Itineraries, taken: NDArray[np.int64], met: Sequence[Incident]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """The itineraries in `taken`, cut where an incident hits only a share of them.

    An incident hits the first or the last part of an itinerary, as its own draw says.

    Returns:
        Shares at which the pieces begin and end (two rows), the itinerary of each, and whether each
        incident (first axis) hits it.
    """
    hits = np.array([_in_scope(shop, ways, incident)[taken] for incident in met]).reshape(
        len(met), len(taken)
    )
    spans = [_span(shop, incident) for incident in met]
    cuts = sorted({0, _WHOLE, *(edge for span in spans for edge in span)})
    partly = np.array([span != (0, _WHOLE) for span in spans], dtype=bool)
    pieces = np.where(hits[partly].any(axis=0), len(cuts) - 1, 1)
    way = np.repeat(np.arange(len(taken)), pieces)
    nth = np.arange(len(way)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    whole = (pieces == 1)[way]
    begin = np.array(cuts)[nth]
    end = np.where(whole, _WHOLE, np.array(cuts)[nth + 1])
    first, length = ways.reached[taken][way], (ways.reached[taken + 1] - ways.reached[taken])[way]
    exposed = hits[:, way]
    for number, (start, stop) in enumerate(spans):
        exposed[number] &= whole | ((begin >= start) & (end <= stop))
    edges = np.array([first + (length * begin >> _WHOLE_BITS), first + (length * end >> _WHOLE_BITS)])
    return edges, taken[way], exposed


def _span(shop: Shop, incident: Incident) -> tuple[int, int]:
    """Which part of every itinerary in its scope an incident hits, of `_WHOLE`."""
    share = round(incident.share * _WHOLE)
    said = zlib.crc32(repr(incidents.identity(incident)).encode())
    at_the_end = bits_of(said, shop.seed, "incident.span") & 1
    return (_WHOLE - share, _WHOLE) if at_the_end else (0, share)


def _in_scope(shop: Shop, ways: Itineraries, incident: Incident) -> NDArray[np.bool_]:
    scope = np.ones(len(ways), dtype=bool)
    for named, parts, column, attribute in (
        (incident.tier, shop.tiers, ways.tier, "name"),
        (incident.carrier, shop.carriers, ways.carrier, "name"),
        (incident.region, shop.regions, ways.region, "name"),
        (incident.country, shop.regions, ways.region, "country"),
    ):
        if named is not None:
            scope &= np.array([getattr(part, attribute) == named for part in parts])[column]
    return scope


@lru_cache(maxsize=4096)
def last_change(shop: Shop, day: int) -> tuple[int, tuple[Incident, ...]]:
    """The last day on which an order placed on `day` may change, and the incidents it may meet."""
    reach = day + _ordinary_life(shop)
    while True:
        met = incidents.between(shop, day, reach)
        further = day + _ordinary_life(shop) + incidents.longest_hold(met)
        if further <= reach:
            return reach, tuple(met)
        reach = further


@lru_cache(maxsize=8)
def _ordinary_life(shop: Shop) -> int:
    """Days from an order to its last possible change when no incident holds it up."""
    ways = itineraries(shop)
    longest = 0
    for days in (ways.cancelled, ways.handover, ways.transit):
        known = days[days != NEVER]
        longest += int(known.max()) if known.size else 0
    # a Sunday after each of hand-over, attempt and second attempt; then sent back, or given up
    return longest + 4 + max(MOST_RETURN_DAYS, shop.incidents.given_up_days)


def _longest_life(shop: Shop, day: int) -> int:
    """No order placed longer ago than this changes on `day`.

    Going back, the days on which nothing is held up are counted until they are a whole life.
    """
    span = _ordinary_life(shop)
    while True:
        met = incidents.between(shop, day - span - incidents.LONGEST_AFTERMATH, day)
        further = _ordinary_life(shop) + incidents.longest_hold(met)
        if further <= span:
            return span
        span = further
