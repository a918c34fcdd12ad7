"""What most new breaches have in common, said once.

After Adtributor (Bhagwan et al., "Adtributor: Revenue Debugging in Advertising Systems", NSDI 2014): a good
explanation has explanatory power, here the share of the new breaches it covers, and surprise, here how
over-represented it is among them. The score of a combination of values is coverage × ln(coverage / base
share), its part of the Kullback-Leibler divergence of what is new from its base. It falls when one more
dimension only makes the combination smaller, so what is found is no narrower than it has to be.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

import polars as pl

from flows.alert.base_rates import RULE, SHIPPING, Base, Values, all_are, base_of
from flows.alert.digest import NEW, OPEN_STATES
from flows.alert.wording import one_line, short_day

FEWEST = 5
LEAST_COVERAGE = 0.5
LEAST_LIFT, LEAST_LIFT_OF_UNKNOWN = 1.5, 4.0
MOST_CHANCE = 0.001
"""How likely chance alone may bring about what is said, over all combinations that are looked at."""

_DIMENSIONS = (*SHIPPING, RULE)
_MOST_DIMENSIONS = 3
_AS_GOOD = 0.95
_SHARED = 0.8


@dataclass(frozen=True)
class _Combination:
    values: Values
    covered: int
    base: float
    score: float


def explain(alerts: pl.DataFrame, population: pl.DataFrame) -> tuple[str, ...]:
    """At most two sentences on what at least half of the new breaches share; none where that is no news.

    `alerts` has `ALERTS`; `population` counts the `orders` on their way by carrier, country and shipping
    tier, and may be empty. What is shared has to be over-represented against its base, clearly more than
    chance would make it. A missing value, like the carrier of an order not shipped yet, explains nothing.
    """
    breaches = alerts.filter(pl.col("state").is_in(OPEN_STATES))
    is_new = pl.col("section").eq_missing(pl.lit(NEW))
    new = breaches.filter(is_new)
    if new.height < FEWEST:
        return ()
    base = base_of(breaches, breaches.filter(~is_new & (pl.col("state") != NEW)), population)
    found = _best(list(_candidates(new, base)))
    if not found:
        return ()
    said = f"{found.covered:,} of {new.height:,} new breaches are {_named(found.values, breaches)}"
    if population.height and RULE not in found.values:
        said += f" ({_percent(found.base)} of the orders on their way)"
    since = _since(breaches, found.values)
    if since:
        said += f", at least half on every day since {since:%A} {short_day(since)}"
    return (f"{said}.", *_shared_rule(breaches, new, found))


def _candidates(new: pl.DataFrame, base: Base) -> Iterator[_Combination]:
    """What covers half of the new breaches, and is over-represented by more than chance."""
    groups = new.group_by(_DIMENSIONS).agg(pl.len().alias("covered"))
    counted = [
        groups.drop_nulls(dimensions).group_by(dimensions).agg(pl.col("covered").sum())
        for size in range(1, _MOST_DIMENSIONS + 1)
        for dimensions in combinations(_DIMENSIONS, size)
    ]
    least_bits = math.log(max(sum(frame.height for frame in counted), 1) / MOST_CHANCE)
    least_lift = LEAST_LIFT if base.is_known else LEAST_LIFT_OF_UNKNOWN
    for frame in counted:
        for row in frame.filter(pl.col("covered") >= LEAST_COVERAGE * new.height).to_dicts():
            covered = row.pop("covered")
            coverage, share = covered / new.height, base.share(row)
            if share is None or coverage < least_lift * share:
                continue
            # Chernoff's bound on how often chance alone covers as much
            if new.height * _divergence(coverage, share) >= least_bits:
                yield _Combination(row, covered, share, coverage * math.log(coverage / share))


def _divergence(coverage: float, share: float) -> float:
    rest = (1 - coverage) * math.log((1 - coverage) / (1 - share)) if coverage < 1 else 0.0
    return coverage * math.log(coverage / share) + rest


def _best(found: list[_Combination]) -> _Combination | None:
    """The highest score; of those almost as high, the one with the fewest dimensions."""
    if not found:
        return None
    bar = _AS_GOOD * max(one.score for one in found)

    def order(one: _Combination) -> tuple[object, ...]:
        names = [_DIMENSIONS.index(name) for name in one.values]
        return len(names), -one.score, names, list(one.values.values())

    return min((one for one in found if one.score >= bar), key=order)


def _since(breaches: pl.DataFrame, values: Values) -> date | None:
    """The first day of the run of days, up to the latest one, on each of which half of what broke has these
    values; None if that run is no longer than a day.
    """
    days = breaches.group_by("breaks_on").agg(all_are(values).mean().alias("share"))
    had_half = set(days.filter(pl.col("share") >= LEAST_COVERAGE)["breaks_on"])
    latest = first = days.select(pl.col("breaks_on").max()).item()
    while first in had_half and first - timedelta(days=1) in had_half:
        first -= timedelta(days=1)
    return first if first != latest else None


def _shared_rule(breaches: pl.DataFrame, new: pl.DataFrame, found: _Combination) -> tuple[str, ...]:
    """The rule most of what was found breaks, where there are others to break."""
    if RULE in found.values or breaches[RULE].n_unique() < 2:
        return ()
    rules = new.filter(all_are(found.values)).group_by(RULE).agg(pl.len().alias("alerts"))
    rule, alerts = rules.sort("alerts", RULE, descending=[True, False]).row(0)
    if alerts < _SHARED * found.covered:
        return ()
    who = "All of these" if alerts == found.covered else f"{alerts:,} of these {found.covered:,}"
    return (f"{who} are of the rule {_described(rule, breaches)}.",)


def _named(values: Values, breaches: pl.DataFrame) -> str:
    """`express NordPost to FI`, `express orders`, `orders to FI of the rule “…”`."""
    named = {name: one_line(value) for name, value in values.items()}
    words = [named["shipping_tier"]] if "shipping_tier" in named else []
    if "carrier" in named:
        words.append(named["carrier"])
    elif set(named) & set(SHIPPING):
        words.append("orders")
    words += [f"to {named['country']}"] if "country" in named else []
    words += [f"of the rule {_described(values[RULE], breaches)}"] if RULE in values else []
    return " ".join(words)


def _described(rule: str, breaches: pl.DataFrame) -> str:
    description = breaches.filter(pl.col(RULE) == rule)["rule_description"].min()
    return f"“{one_line(description or rule)}”"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else "less than 1%"
