"""What goes wrong, and when: the incidents a shop lists and those drawn from its seed."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from flows.generate.days import day_of, number_of
from flows.generate.defaults import LONGEST_INCIDENT_DAYS
from flows.generate.parts import Incident
from flows.generate.randomness import bits_of
from flows.generate.shop import Shop

# kind → (fewest days, most days, share of the scope that is hit)
DRAWN = {"outage": (2, 6, 1.0), "backlog": (2, 5, 0.7), "strike": (1, 4, 1.0)}


def between(shop: Shop, first: int, last: int) -> list[Incident]:
    """Incidents whose time touches [first, last] (day numbers), by their first day."""
    years = range(day_of(first - max(most for _, most, _ in DRAWN.values())).year, day_of(last).year + 1)
    found = [*shop.incidents.listed, *(incident for year in years for incident in _drawn(shop, year))]
    return sorted(
        (
            incident
            for incident in found
            if number_of(incident.first) <= last and number_of(incident.last) >= first
        ),
        key=identity,
    )


def identity(incident: Incident) -> tuple[str, ...]:
    """All that tells one incident from another, as texts, by its days first."""
    days = (incident.first.isoformat(), incident.last.isoformat())
    scope = (incident.carrier, incident.country, incident.region, incident.tier)
    return (*days, incident.kind, *(name or "" for name in scope), repr(incident.share))


def longest_hold(met: Sequence[Incident]) -> int:
    """By how many days these incidents, in the order of `between`, can put off one event after another.

    An incident puts an event off to less than half its length after its end, or to the Monday after;
    what lies within the reach of one may fall into the next.
    """
    total, reached = 0, None
    for incident in met:
        if incident.kind not in DRAWN:
            continue
        first = number_of(incident.first)
        last = number_of(incident.last) + _aftermath(incident.days)
        start = first if reached is None else max(first, reached + 1)
        total += max(0, last - start + 1)
        reached = last if reached is None else max(last, reached)
    return total


def _aftermath(days: int) -> int:
    """Days after an incident of this length by which all that it held up is done, on a Monday at worst."""
    return days // 2 + 2


LONGEST_AFTERMATH = _aftermath(LONGEST_INCIDENT_DAYS)


@lru_cache(maxsize=256)
def _drawn(shop: Shop, year: int) -> tuple[Incident, ...]:
    """Incidents that start in a year, each day deciding for itself."""
    start = number_of(day_of(0).replace(year=year))
    return tuple(
        _one(shop, kind, day)
        for day in range(start, number_of(day_of(0).replace(year=year + 1)))
        for kind in DRAWN
        if bits_of(day, shop.seed, f"incident.{kind}") < round(_per_year(shop, kind) / 365 * 2**64)
    )


def _per_year(shop: Shop, kind: str) -> float:
    return float(getattr(shop.incidents, f"{kind}s_per_year"))


def _one(shop: Shop, kind: str, day: int) -> Incident:
    def draw(what: str) -> float:
        return (bits_of(day, shop.seed, f"incident.{kind}.{what}") >> 11) / 2**53

    fewest, most, share = DRAWN[kind]
    days = fewest + int(draw("days") * (most - fewest + 1))
    scope: dict[str, str] = {}
    if kind == "outage":
        scope["carrier"] = _weighted(shop.carriers, draw("carrier")).name
        scope["region"] = _weighted(shop.regions, draw("region")).name
    if kind == "strike":
        scope["country"] = _weighted(shop.regions, draw("region")).country
    span = {"first": day_of(day), "last": day_of(day + days - 1)}
    return Incident.model_validate({"kind": kind, **span, "share": share, **scope})


def _weighted(parts: Sequence[Any], draw: float) -> Any:
    reached = draw * math.fsum(part.share for part in parts)
    for part in parts:
        reached -= part.share
        if reached < 0:
            return part
    return parts[-1]
