"""On which day each event of an itinerary falls: closed Sundays, and what incidents hold up or stop."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.generate.days import SUNDAY, number_of, weekday
from flows.generate.itineraries import NEVER, Itineraries, Offsets
from flows.generate.parts import INCIDENT_KINDS, Incident

HOLDS_HANDOVER = ("backlog", "strike")
HOLDS_DELIVERY = ("outage", "strike")

# A set of kinds: bit i stands for `INCIDENT_KINDS[i]`.
Kinds = NDArray[np.int8]


@dataclass(frozen=True)
class Hold:
    """What incidents did to one event: their kinds, the day it was due, the day it came."""

    kinds: Kinds
    due: Offsets
    came: Offsets


@dataclass(frozen=True)
class Timeline:
    """Days after the order on which the events of some itineraries fall, NEVER if they do not."""

    cancelled: Offsets
    shipped: Offsets
    attempted: Offsets
    retried: Offsets
    delivered: Offsets
    returned: Offsets
    holds: tuple[Hold, ...]


def timeline(
    day: int,
    ways: Itineraries,
    met: Sequence[Incident],
    exposed: NDArray[np.bool_],
    given_up_days: int,
) -> Timeline:
    """The days of orders placed on `day`.

    Args:
        day: a day number.
        ways: the itineraries they take.
        met: the incidents they may meet.
        exposed: for each incident (first axis), which itineraries are in its scope.
        given_up_days: how long after they went wrong lost and stuck orders are cancelled; 0: never.
    """
    return _Calendar(day, met, exposed, given_up_days).timeline(ways)


class _Calendar:
    """The incidents as orders of one day meet them."""

    def __init__(
        self, day: int, met: Sequence[Incident], exposed: NDArray[np.bool_], given_up_days: int
    ) -> None:
        self.day = day
        self.given_up = np.int16(given_up_days) if given_up_days else NEVER
        # each incident as (kind, first offset, last offset, what it hits)
        self.met = [
            (incident.kind, number_of(incident.first) - day, number_of(incident.last) - day, hit)
            for incident, hit in zip(met, exposed, strict=True)
        ]

    def timeline(self, ways: Itineraries) -> Timeline:
        start, never = np.zeros(len(ways), dtype=np.int16), np.full(len(ways), NEVER)
        stuck = self._struck("stuck", start) | (ways.handover == NEVER)
        stuck &= ways.cancelled == NEVER
        shipped, handover = self._held(np.where(stuck, NEVER, ways.handover), HOLDS_HANDOVER)
        lost = self._struck("lost", shipped) | ((shipped != NEVER) & (ways.transit == NEVER))
        attempted, attempt = self._held(_after(shipped, np.where(lost, NEVER, ways.transit)), HOLDS_DELIVERY)
        retried, retry = self._held(_after(attempted, np.where(ways.fails, 1, NEVER)), HOLDS_DELIVERY)
        delivered = np.where(ways.fails, retried, attempted)
        given_up = np.where(stuck, start, np.where(lost, shipped, NEVER)).astype(np.int16)
        return Timeline(
            cancelled=np.minimum(ways.cancelled, _after(given_up, self.given_up)),
            shipped=shipped,
            attempted=attempted,
            retried=retried,
            delivered=delivered,
            returned=_after(delivered, ways.returned),
            holds=(
                handover,
                attempt,
                retry,
                Hold(_kinds("stuck", stuck), start, never),
                Hold(_kinds("lost", lost), shipped, never),
            ),
        )

    def _struck(self, kind: str, happens: Offsets) -> NDArray[np.bool_]:
        """Where an incident of this kind hits an event that happens in its time."""
        struck = np.zeros(len(happens), dtype=bool)
        for name, first, last, hit in self.met:
            if name == kind:
                struck |= hit & (happens >= first) & (happens <= last)
        return struck

    def _held(self, due: Offsets, kinds: Sequence[str]) -> tuple[Offsets, Hold]:
        """Events put off by incidents: what piles up is worked off twice as fast as it came in."""
        due = self._open(due)
        came, kinds_met = due.copy(), np.zeros(len(due), dtype=np.int8)
        held = True
        while held:
            held = False
            for kind, first, last, hit in self.met:
                if kind not in kinds:
                    continue
                rows = np.flatnonzero(hit & (came >= first) & (came <= last))
                if rows.size:
                    held = True
                    came[rows] = self._open(last + 1 + (came[rows] - first) // 2)
                    kinds_met[rows] |= 1 << INCIDENT_KINDS.index(kind)
        return came, Hold(kinds_met, due, came)

    def _open(self, offsets: NDArray[np.int64] | Offsets) -> Offsets:
        """Nobody collects or delivers on a Sunday; it is done on the Monday after."""
        sunday = (weekday(self.day + offsets.astype(np.int32)) == SUNDAY) & (offsets != NEVER)
        return (offsets + sunday).astype(np.int16)


def _kinds(kind: str, struck: NDArray[np.bool_]) -> Kinds:
    return np.where(struck, 1 << INCIDENT_KINDS.index(kind), 0).astype(np.int8)


def _after(start: Offsets, days: NDArray[np.int64] | Offsets | np.int16) -> Offsets:
    return np.where((start == NEVER) | (days == NEVER), NEVER, start + days).astype(np.int16)
