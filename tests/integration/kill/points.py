"""Where to kill whom: points drawn from a seed, so that every statement of a load has at least one."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil

from tests.integration.kill.wire import AFTER, AGAIN, BEFORE, DURING, Boundary, Hold, Request

CLIENT = "the client"
WAREHOUSE = "the warehouse"
BOTH = "both"
# Who dies in which load of the lanes; before the first of them there is nothing in a lane.
ROUNDS = (CLIENT, WAREHOUSE, CLIENT, BOTH, WAREHOUSE, CLIENT)


@dataclass(frozen=True)
class Point:
    """Who is killed before the warehouse hears of a request, or after its answer, which nobody hears then.

    Or during its work on it, `seconds` after it was asked.
    """

    victim: str
    when: str
    boundary: Boundary
    seconds: float = 0.0

    def hold(self) -> Hold:
        """What keeps the client there."""
        return Hold(self.boundary, self.when)

    def __str__(self) -> str:
        moment = f"{self.seconds:.4f} s into" if self.when == DURING else self.when
        return f"{self.victim} killed {moment} {self.boundary}"


def plan(seed: int, first: Sequence[Request], later: Sequence[Request]) -> list[list[Point]]:
    """Rounds of points, one point for each of as many lanes as it takes.

    In the first load of a lane that is between the statements that make the schema, which are not sent
    later; then at each of the other statements. Around a COMMIT and in the middle of a COPY everybody is
    killed.

    Args:
        first: what the first load of a lane asks.
        later: what a later one asks.
    """
    rng = random.Random(seed)
    landing, others = _landing(first), later[len(_landing(later)) :]
    commits, copies = (
        [one for one in others if one.boundary.label.startswith(to)] for to in ("commit", "copy ")
    )
    always = [(BEFORE, rng.choice(commits)), (AFTER, rng.choice(commits)), (DURING, rng.choice(copies))]
    done = {request.boundary for _when, request in always}
    once = [one for one in others if one.boundary not in done and not one.boundary.label.startswith(AGAIN)]
    victims, later_rounds = list(dict.fromkeys(ROUNDS)), ROUNDS[1:]
    places = len(once) + len(always) * len(victims)
    lanes = max(ceil((len(landing) + places) / len(ROUNDS)), ceil(places / len(later_rounds)))
    rng.shuffle(landing)
    rng.shuffle(once)
    at_first = chain(landing[:lanes], iter(lambda: rng.choice(first), None))
    asked_later = {request.boundary for request in later}
    left = [request for request in landing[lanes:] if request.boundary in asked_later]
    at_later = chain(once, left, iter(lambda: rng.choice(later), None))

    def point(victim: str, when: str, request: Request) -> Point:
        seconds = rng.random() * request.seconds if when == DURING else 0.0
        return Point(victim, when, request.boundary, seconds)

    def drawn(victim: str, requests: chain[Request], count: int) -> list[Point]:
        return [point(victim, rng.choice((BEFORE, AFTER)), next(requests)) for _ in range(count)]

    planned = [drawn(ROUNDS[0], at_first, lanes)]
    waiting = {}
    for victim in victims:
        points = [point(victim, when, request) for when, request in always]
        points += drawn(victim, at_later, lanes * later_rounds.count(victim) - len(points))
        waiting[victim] = rng.sample(points, len(points))
    return planned + [[waiting[victim].pop() for _ in range(lanes)] for victim in later_rounds]


def _landing(requests: Sequence[Request]) -> list[Request]:
    """What comes before the first file is staged."""
    end = next(n for n, request in enumerate(requests) if request.boundary.label.startswith("put "))
    return list(requests[:end])
