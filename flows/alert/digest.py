"""One digest before it is addressed: what is said to one audience about one as-of day, on any channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property

import polars as pl

from flows.alert.wording import short_day

NEW, ESCALATED, REMINDED, AT_RISK, RESOLVED = "new", "escalated", "reminded", "at_risk", "resolved"
SECTIONS = (NEW, ESCALATED, REMINDED, AT_RISK, RESOLVED)
OPEN_STATES = ("new", "open", "escalated", "acknowledged", "snoozed")
BREACHES, UPDATE, DATA, ALL_CLEAR = "breaches", "update", "data-health", "all-clear"

ALERTS = pl.Schema(
    {
        "section": pl.String(),  # one of SECTIONS, or null: open, and nothing to say about it today
        "state": pl.String(),  # new, open, escalated, acknowledged, snoozed, at_risk, resolved
        "rule_id": pl.String(),
        "rule_description": pl.String(),
        "severity": pl.String(),
        "owner": pl.String(),
        "order_id": pl.String(),
        "customer_id": pl.String(),
        "customer_name": pl.String(),
        "product_id": pl.String(),
        "product_name": pl.String(),
        "carrier": pl.String(),
        "country": pl.String(),
        "shipping_tier": pl.String(),
        "order_date": pl.Datetime("us"),
        "status": pl.String(),
        "breaks_on": pl.Date(),  # the first day at whose end the rule is broken
        "opened_on": pl.Date(),
        "days_elapsed": pl.Int64(),
        "days_over": pl.Int64(),
        "days_left": pl.Int64(),
        "amount_at_stake": pl.Decimal(38, 2),
        "escalated_to": pl.String(),
        "acknowledged_by": pl.String(),
        "snoozed_until": pl.Date(),
        "resolution": pl.String(),
    }
)
"""One row an alert, worst first: severity, days over, amount at stake. Text comes from data: escape it."""

HISTORY = pl.Schema({"as_of": pl.Date(), "carrier": pl.String(), "open_breaches": pl.Int64()})
"""Open breaches at the end of each of the last 28 days, by carrier (null: not shipped yet).

Days without any are missing.
"""


@dataclass(frozen=True)
class Answers:
    """How to answer a digest: commands, complete but for a name, and a link where a Prefect UI is known."""

    acknowledge: str
    snooze: str
    link: str | None = None


@dataclass(frozen=True)
class Counts:
    """How many alerts a digest is about. New, escalated, reminded and resolved are what it tells of.

    `at_risk` counts all that are, of which `newly_at_risk` are told of; `resolved` counts by reason, the
    commonest first. What is at stake is the exact sum over open alerts; an unknown amount counts as none.
    """

    new: int
    escalated: int
    reminded: int
    newly_at_risk: int
    at_risk: int
    resolved: Mapping[str, int]
    open: int
    acknowledged: int
    snoozed: int
    at_stake: Decimal

    @property
    def all_resolved(self) -> int:
        """Alerts resolved, for whatever reason."""
        return sum(self.resolved.values())

    @property
    def summary(self) -> str:
        """`12 new · 3 escalated · 9 resolved · 140 open`: what there is, and always how many are open."""
        parts = {
            "new": self.new,
            "escalated": self.escalated,
            "reminded": self.reminded,
            "at risk": self.at_risk,
            "resolved": self.all_resolved,
        }
        counted = [f"{count:,} {name}" for name, count in parts.items() if count]
        return " · ".join([*counted, f"{self.open:,} open"])


def count(alerts: pl.DataFrame) -> Counts:
    """Count a frame of `ALERTS` in one pass."""
    groups = alerts.group_by("section", "state", "resolution").agg(
        pl.len().alias("alerts"), pl.col("amount_at_stake").sum()
    )

    is_open = pl.col("state").is_in(OPEN_STATES)

    def alerts_in(column: str, *values: str) -> int:
        return int(groups.filter(pl.col(column).is_in(values))["alerts"].sum())

    reasons = (
        groups.filter(pl.col("section") == RESOLVED)
        .group_by(pl.col("resolution").fill_null("no longer broken"))
        .agg(pl.col("alerts").sum())
        .sort("alerts", "resolution", descending=[True, False])
    )
    return Counts(
        new=alerts_in("section", NEW),
        escalated=alerts_in("section", ESCALATED),
        reminded=alerts_in("section", REMINDED),
        newly_at_risk=alerts_in("section", AT_RISK),
        at_risk=alerts_in("state", "at_risk"),
        resolved=dict(reasons.iter_rows()),
        open=alerts_in("state", *OPEN_STATES),
        acknowledged=alerts_in("state", "acknowledged"),
        snoozed=alerts_in("state", "snoozed"),
        at_stake=groups.select(pl.col("amount_at_stake").filter(is_open).sum()).item(),
    )


@dataclass(frozen=True)
class Digest:
    """What one audience is told about the breaches of one as-of day.

    `alerts` has `ALERTS`, `history` has `HISTORY`. `explanation` says in whole sentences what is shared by
    most of the new breaches. An update tells what has changed since the day's digest, and nothing else.
    """

    digest_id: str
    as_of: date
    audience: str
    alerts: pl.DataFrame
    history: pl.DataFrame
    answers: Answers
    explanation: tuple[str, ...] = ()
    is_update: bool = False

    @cached_property
    def counts(self) -> Counts:
        """How many alerts of each kind there are."""
        return count(self.alerts)

    @property
    def subject(self) -> str:
        """`[SLA] 12 new · 140 open, 21 Nov`; of an update, `[SLA] Update: …`."""
        kind = "Update: " if self.is_update else ""
        return f"[SLA] {kind}{self.counts.summary}, {short_day(self.as_of)}"

    def section(self, name: str) -> pl.DataFrame:
        """The alerts told of under one of `SECTIONS`, worst first."""
        return self.alerts.filter(pl.col("section") == name)


@dataclass(frozen=True)
class Notice:
    """A short message without a list of alerts: odd data, all clear, or a run that failed.

    `dateline` and `reference` take the place of "End of" the day and the digest's id, where there are none.
    """

    digest_id: str
    as_of: date
    audience: str
    subject: str
    title: str
    paragraphs: tuple[str, ...]
    reasons: tuple[str, ...] = field(default=())
    dateline: str = ""
    reference: str = ""
