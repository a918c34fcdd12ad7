"""How new breaches would spread over carriers, countries, tiers and rules if nothing were the matter."""

from dataclasses import dataclass
from typing import Protocol

import polars as pl

SHIPPING = ("carrier", "country", "shipping_tier")
RULE = "rule_id"
FEWEST_ALERTS = 20

Values = dict[str, str]


class Base(Protocol):
    """Shares to expect."""

    @property
    def is_known(self) -> bool:
        """Whether the shares come from data."""

    def share(self, values: Values) -> float | None:
        """The share to expect of what has all these values, more than 0 and at most 1; None if unknown."""


def base_of(breaches: pl.DataFrame, earlier: pl.DataFrame, population: pl.DataFrame) -> Base:
    """The best base there is.

    The orders on their way, for what they have columns of. Rules have no such base: theirs is the open
    breaches that are not new, if there are `FEWEST_ALERTS`. Those are the base of everything where there is
    no population; and where they are too few as well, all values of a dimension count as equally likely.
    """
    alerts = _Counted(_weighted(earlier)) if earlier.height >= FEWEST_ALERTS else None
    if population["orders"].sum():
        return _Orders(_Counted(population), alerts)
    return alerts or _Uniform({name: max(breaches[name].n_unique(), 1) for name in (*SHIPPING, RULE)})


def all_are(values: Values) -> pl.Expr:
    """Whether a row has all these values."""
    return pl.all_horizontal(pl.col(name).eq_missing(pl.lit(value)) for name, value in values.items())


def _weighted(alerts: pl.DataFrame) -> pl.DataFrame:
    return alerts.group_by(*SHIPPING, RULE).agg(pl.len().cast(pl.Int64).alias("orders"))


@dataclass(frozen=True)
class _Counted:
    """Shares as counted. What was never seen counts as one, so that surprise stays finite."""

    groups: pl.DataFrame
    is_known: bool = True

    def share(self, values: Values) -> float:
        matching, everything = (
            int(groups["orders"].sum()) for groups in (self.groups.filter(all_are(values)), self.groups)
        )
        return max(matching, 1) / everything


@dataclass(frozen=True)
class _Orders:
    """Orders on their way and, for rules, earlier alerts.

    What has values of both is taken to be as likely as the less likely of the two: the most it can be. So a
    rule that is about express orders anyway makes them no more surprising.
    """

    orders: _Counted
    alerts: _Counted | None
    is_known: bool = True

    def share(self, values: Values) -> float | None:
        if RULE not in values:
            return self.orders.share(values)
        if not self.alerts:
            return None
        shipping = {name: value for name, value in values.items() if name != RULE}
        by_rule = self.alerts.share({RULE: values[RULE]})
        return min(by_rule, self.orders.share(shipping)) if shipping else by_rule


@dataclass(frozen=True)
class _Uniform:
    """All values equally likely, and independent of each other."""

    distinct: dict[str, int]
    is_known: bool = False

    def share(self, values: Values) -> float:
        product = 1.0
        for name in values:
            product /= self.distinct[name]
        return product
