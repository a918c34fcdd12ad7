"""Where to kill whom: points drawn from a seed, so that every boundary of a load has at least one."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from tests.integration.kill.wire import AFTER, BEFORE, Boundary, Hold

CLIENT = "the client"
WAREHOUSE = "the warehouse"
BOTH = "both"
# How often a lane is loaded while each of them dies; the first time, there is nothing in it yet.
ROUNDS = {CLIENT: 3, WAREHOUSE: 3, BOTH: 2}


@dataclass(frozen=True)
class Point:
    """Who is killed before the warehouse hears of a request, or after its answer, which nobody hears then."""

    victim: str
    when: str
    boundary: Boundary

    def hold(self) -> Hold:
        """What keeps the client there."""
        return Hold(self.boundary, self.when)

    def __str__(self) -> str:
        return f"{self.victim} killed {self.when} {self.boundary}"


def plan(seed: int, first: Sequence[Boundary], later: Sequence[Boundary]) -> dict[str, list[list[Point]]]:
    """For each victim rounds of points, one for each of as many lanes as it takes.

    A load of an empty database is killed between the statements before the first file is staged, and
    somewhere behind; a later load at each of its other boundaries. Around a COMMIT all kinds are killed.

    Args:
        first: the boundaries of a load of an empty database.
        later: those of a later one.
    """
    rng = random.Random(seed)
    covered_first, covered_later = first[: _landing(first)], later[_landing(later) :]
    commits = [boundary for boundary in covered_later if boundary.label == "commit"]
    around = [(when, rng.choice(commits)) for when in (BEFORE, AFTER)]
    others = [boundary for boundary in covered_later if boundary not in {commit for _, commit in around}]
    lanes = ceil((len(others) + len(ROUNDS) * len(around)) / (sum(ROUNDS.values()) - len(ROUNDS)))
    open_first = _drawn(rng, covered_first, first)
    open_later = _drawn(rng, others, covered_later)

    def draw(victim: str, boundaries: Iterator[Boundary], count: int) -> list[Point]:
        return [Point(victim, rng.choice((BEFORE, AFTER)), next(boundaries)) for _ in range(count)]

    planned = {}
    for victim, rounds in ROUNDS.items():
        points = [Point(victim, when, commit) for when, commit in around]
        points += draw(victim, open_later, lanes * (rounds - 1) - len(points))
        rng.shuffle(points)
        planned[victim] = [draw(victim, open_first, lanes)]
        planned[victim] += [points[start : start + lanes] for start in range(0, len(points), lanes)]
    return planned


def _landing(boundaries: Sequence[Boundary]) -> int:
    """How many come before the first file is staged; in a later load these change nothing."""
    return next(n for n, boundary in enumerate(boundaries) if boundary.label.startswith("put "))


def _drawn(
    rng: random.Random, covered: Sequence[Boundary], further: Sequence[Boundary]
) -> Iterator[Boundary]:
    """All that are to be covered, in some order, then any."""
    yield from rng.sample(covered, len(covered))
    while True:
        yield rng.choice(further)
