"""The alerts a mail shows: the worst of each section, in the same few words in HTML and in plain text."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flows.alert.digest import AT_RISK, ESCALATED, NEW, REMINDED, RESOLVED, SECTIONS, Digest
from flows.alert.wording import one_line, plural, short_day

WORST = 20
NAME_CHARACTERS, SENTENCE_CHARACTERS = 40, 80

_COLOURS = {
    NEW: "#C0392B",
    ESCALATED: "#8E44AD",
    REMINDED: "#B9770E",
    AT_RISK: "#2471A3",
    RESOLVED: "#1E8449",
}
_TITLES = {
    NEW: "New",
    ESCALATED: "Escalated",
    REMINDED: "Still open, to remind you",
    AT_RISK: "Newly at risk",
    RESOLVED: "Resolved",
}


@dataclass(frozen=True)
class Entry:
    """One alert: which order, which promise, what matters most of it, what is at stake, and the rest."""

    order: str
    is_critical: bool
    promise: str
    matter: str
    stake: str
    facts: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """One kind of alerts: how many, and the worst of them."""

    title: str
    colour: str
    count: int
    remark: str
    entries: tuple[Entry, ...]

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.count - len(self.entries)


def sections(digest: Digest, worst: int = WORST) -> Iterator[Section]:
    """The sections that hold anything, in their order."""
    counts = digest.counts
    reasons = ", ".join(f"{number:,} {one_line(reason)}" for reason, number in counts.resolved.items())
    remarks = {AT_RISK: f"{counts.at_risk:,} at risk in all", RESOLVED: reasons}
    for name in SECTIONS:
        alerts = digest.section(name)
        if alerts.height:
            entries = tuple(
                _entry(name, alert, digest.as_of) for alert in alerts.head(worst).iter_rows(named=True)
            )
            yield Section(_TITLES[name], _COLOURS[name], alerts.height, remarks.get(name, ""), entries)


def _entry(section: str, alert: dict[str, Any], as_of: date) -> Entry:
    facts = [*_life(section, alert, as_of), *_order(alert)]
    return Entry(
        order=_name(alert["order_id"]),
        is_critical=alert["severity"] == "critical" and section != RESOLVED,
        promise=one_line(alert["rule_description"] or alert["rule_id"], SENTENCE_CHARACTERS),
        matter=_name(_matter(section, alert)),
        stake=_amount(alert["amount_at_stake"]),
        facts=tuple(fact for fact in facts if fact),
    )


def _matter(section: str, alert: dict[str, Any]) -> str:
    if section == RESOLVED:
        return alert["resolution"] or "no longer broken"
    if section == AT_RISK:
        left = alert["days_left"]
        return "" if left is None else f"{plural(left, 'day')} left"
    over = alert["days_over"]
    return "" if over is None else f"{plural(over, 'day')} over"


def _life(section: str, alert: dict[str, Any], as_of: date) -> Iterator[str]:
    """What the ledger knows of an open alert."""
    opened = alert["opened_on"]
    if section == ESCALATED and alert["escalated_to"]:
        yield f"escalated to {_name(alert['escalated_to'])}"
    if section in (ESCALATED, REMINDED) and opened:
        yield f"open for {plural((as_of - opened).days, 'day')}, since {short_day(opened)}"
    if alert["acknowledged_by"] and section not in (AT_RISK, RESOLVED):
        yield f"acknowledged by {_name(alert['acknowledged_by'])}"
    if alert["snoozed_until"] and section not in (AT_RISK, RESOLVED):
        yield f"snoozed until {short_day(alert['snoozed_until'])}"


def _order(alert: dict[str, Any]) -> Iterator[str]:
    """What the shop knows of the order."""
    carrier, country, tier = (_name(alert[name] or "") for name in ("carrier", "country", "shipping_tier"))
    yield " ".join([*([carrier] if carrier else []), *([f"to {country}"] if country else [])])
    yield tier
    yield _name(alert["status"] or "")
    if alert["order_date"]:
        yield f"ordered {short_day(alert['order_date'])} {alert['order_date'].year}"
    yield _name(f"{alert['customer_id'] or ''} {alert['customer_name'] or ''}")


def _amount(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:,.2f}"


def _name(text: str) -> str:
    return one_line(text, NAME_CHARACTERS)
