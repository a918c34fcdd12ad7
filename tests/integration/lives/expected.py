"""What is to happen to every alert, from whole lives, the rules and the policies: no SQL, no mart."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

import polars as pl

from flows import paths
from tests.integration.flows.promises import judge, promises

SEVERITIES = ("info", "warning", "critical")
Alert = tuple[str, str]


class Event(NamedTuple):
    """Something that happens to an alert on a day; `to` is the audience that is told, or ''."""

    order_id: str
    rule_id: str
    event: str
    as_of: date
    to: str = ""


class Policy(NamedTuple):
    """How often people are told about a rule; None: never."""

    remind_every: int | None
    escalate_after: int | None
    escalate_at: str | None
    escalate_to: str


@dataclass
class Life:
    """One alert as an audience knows it."""

    opened: date
    escalated: bool = False
    told: dict[str, date] = field(default_factory=dict)


@dataclass
class Day:
    """What an as-of day brings: events, and per audience the section each alert is told in."""

    events: set[Event]
    sections: dict[str, dict[Alert, str]]
    open: set[Alert]


def days(lives: pl.DataFrame, as_of_days: Sequence[date], audiences: Sequence[str]) -> Iterator[Day]:
    """What each day is to bring, in order.

    Args:
        lives: whole lives, as `flows.generate.truth.lives` tells them.
        as_of_days: one after another.
        audiences: who is told: `default` everything, others the rules they own.
    """
    rules = {row["rule_id"]: row for row in _rows("sla_rules.csv")}
    policies = _policies(rules)
    known: dict[Alert, Life] = {}
    warned: dict[str, set[Alert]] = {audience: set() for audience in audiences}
    ended: set[Alert] = set()
    for day in as_of_days:
        verdicts = {promise.rule_id: judge(promise, lives, day) for promise in promises()}
        broken = {(order, rule) for rule, verdict in verdicts.items() for order in verdict.broken}
        risky = {(order, rule) for rule, verdict in verdicts.items() for order in verdict.at_risk}
        found = Day(set(), {audience: {} for audience in audiences}, broken)
        for alert in known.keys() - broken:
            _resolve(alert, known.pop(alert), day, found)
            ended.add(alert)
            for told in warned.values():
                told.discard(alert)
        for alert in broken:
            _carry_on(alert, day, known, ended, rules[alert[1]], policies[alert[1]], found)
        for audience in audiences:
            theirs = {one for one in risky if audience in ("default", rules[one[1]]["owner"])}
            found.sections[audience] |= dict.fromkeys(theirs - warned[audience], "at_risk")
            warned[audience] |= risky
        yield found


def _resolve(alert: Alert, life: Life, day: date, found: Day) -> None:
    found.events.add(Event(*alert, "resolved", day))
    for audience in life.told:
        found.sections[audience][alert] = "resolved"


def _carry_on(
    alert: Alert,
    day: date,
    known: dict[Alert, Life],
    ended: set[Alert],
    rule: dict[str, str],
    policy: Policy,
    found: Day,
) -> None:
    if alert not in known:
        known[alert] = Life(day)
        found.events.add(Event(*alert, "reopened" if alert in ended else "opened", day))
    life = known[alert]
    at_severity = policy.escalate_at and SEVERITIES.index(rule["severity"]) >= SEVERITIES.index(
        policy.escalate_at
    )
    after_days = policy.escalate_after is not None and day - life.opened >= timedelta(policy.escalate_after)
    escalates = not life.escalated and bool(at_severity or after_days)
    if escalates:
        life.escalated = True
        found.events.add(Event(*alert, "escalated", day, policy.escalate_to))
    for audience, sections in found.sections.items():
        if audience not in ("default", rule["owner"]):
            continue
        last = life.told.get(audience)
        if last is None:
            sections[alert] = "new"
            found.events.add(Event(*alert, "notified", day, audience))
        elif escalates:
            sections[alert] = "escalated"
        elif policy.remind_every and day - last >= timedelta(policy.remind_every):
            sections[alert] = "reminded"
            found.events.add(Event(*alert, "reminded", day, audience))
        else:
            continue
        life.told[audience] = day


def _policies(rules: dict[str, dict[str, str]]) -> dict[str, Policy]:
    written = {row["rule_id"]: row for row in _rows("alert_policies.csv")}
    return {rule: _policy(written.get(rule, written["*"])) for rule in rules}


def _policy(row: dict[str, str]) -> Policy:
    if row["quiet_days"] or row["warn_at_risk"] == "no":
        raise ValueError(f"{row['rule_id']}: quiet days and warnings that are off are not told here")
    remind, after = row["remind_every_days"], row["escalate_after_days"]
    return Policy(
        int(remind) if remind else None,
        int(after) if after else None,
        row["escalate_at_severity"] or None,
        row["escalate_to"],
    )


def _rows(seed: str) -> list[dict[str, str]]:
    with (paths.DBT_PROJECT / "seeds" / seed).open(newline="") as file:
        return list(csv.DictReader(file))
