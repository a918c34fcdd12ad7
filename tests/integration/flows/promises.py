"""Which orders break which rule, from whole lives and the rules file alone: an oracle without SQL."""

import csv
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

import polars as pl

from flows import paths

Row = dict[str, Any]
STARTS = {"ordered": "placed_at", "shipped": "shipped_at", "promised": "promised_date"}
STOPS = {"shipped": "shipped_at", "delivered": "delivered_at"}
ENDS = ("delivered_at", "cancelled_at", "returned_at")


class Promise(NamedTuple):
    """A rule of the shop, as its row says it."""

    rule_id: str
    start: str
    stop: str
    limit: timedelta
    by_days: bool
    warning: timedelta
    tier: str


def promises() -> list[Promise]:
    """The rules in seeds/sla_rules.csv.

    Raises:
        ValueError: a rule applies to something that lives do not tell.
    """
    with (paths.DBT_PROJECT / "seeds" / "sla_rules.csv").open(newline="") as file:
        return [_promise(row) for row in csv.DictReader(file)]


def _promise(row: dict[str, str]) -> Promise:
    if any(row[name] for name in ("country", "carrier", "segment", "valid_from", "valid_to")):
        raise ValueError(f"{row['rule_id']} applies to something else than a tier")
    unit = timedelta(days=1) if row["unit"] == "day" else timedelta(hours=1)
    return Promise(
        row["rule_id"],
        STARTS[row["clock_start"]],
        STOPS[row["clock_stop"]],
        int(row["threshold"]) * unit,
        row["unit"] == "day",
        int(row["at_risk_before"] or 0) * unit,
        row["tier"],
    )


class Verdicts(NamedTuple):
    """The orders that break a promise, and those that are about to."""

    broken: set[str]
    at_risk: set[str]


def judge(promise: Promise, lives: pl.DataFrame, as_of: date) -> Verdicts:
    """What is known of a promise at the end of a day.

    Args:
        lives: whole lives, as `flows.generate.truth.lives` tells them.
    """
    end = datetime.combine(as_of + timedelta(days=1), time())
    broken, at_risk = set(), set()
    for life in lives.iter_rows(named=True):
        if promise.tier not in ("", life["shipping_tier"]):
            continue
        due = _due(promise, life, end)
        if due is None:
            continue
        if due < end:
            broken.add(life["order_id"])
        elif due - promise.warning < end:
            at_risk.add(life["order_id"])
    return Verdicts(broken, at_risk)


def _due(promise: Promise, life: Row, end: datetime) -> datetime | None:
    """The moment from whose day on the promise is broken; None if no clock runs."""

    def by_now(event: str) -> bool:
        return life[event] is not None and life[event] < end

    if life["placed_at"] >= end or any(by_now(event) for event in (*ENDS, promise.stop)):
        return None
    started = life[promise.start]
    if started is None or (promise.start == "shipped_at" and not by_now("shipped_at")):
        return None
    if not promise.by_days:
        return started + promise.limit
    day = started.date() if isinstance(started, datetime) else started
    return datetime.combine(day + promise.limit + timedelta(days=1), time())
