"""Digests as a mid-sized shop has them, for what is shown and attached, and mails as they arrive."""

import email
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from email import policy
from email.message import EmailMessage
from typing import Any

import polars as pl

from flows.alert.channels.message import compose
from flows.alert.digest import ALERTS, HISTORY, Digest, Notice
from tests.unit.flows.alert.short_messages import ALERT, DAY, KINDS, digest

MESSAGE_ID = "<sla.20261121.0123456789abcdef0123@example.com>"
RICH = {
    "new": 40,
    "escalated": 3,
    "reminded": 7,
    "at_risk": 4,
    "was_at_risk": 26,
    "delivered": 7,
    "cancelled": 2,
    "acknowledged": 12,
    "snoozed": 8,
}
EXPLANATION = (
    "31 of 40 new breaches are NordPost to FI (9% of the orders on their way), at least half on every day "
    "since Tuesday 17 Nov.",
    "28 of these 31 are of the rule “Not delivered by the day promised to the customer”.",
)
CARRIERS = ("NordPost", "Baltic Express", "Kurier 24", "Maison Colis", None)
_PEOPLE = ("Päivi Hyvönen", "Åsa Ängmark", "Jürgen Weiß", "Zoé D'Aubigné", "Seán O'Brien", "Łukasz Żak")
_THINGS = ("Crème Brûlée Set", "Two-Person Tent", "Fountain Pen", "Notebook, A5", "Camping Stove")
_RULES = (
    ("delivery_7d", "Not delivered within 7 days of the order", "warning"),
    ("promise_missed", "Not delivered by the day promised to the customer", "warning"),
    ("in_transit_14d", "With the carrier for more than 14 days: lost?", "critical"),
)


def rich(counts: dict[str, int] | None = None, **text: Any) -> Digest:
    """A digest whose alerts all differ, with four weeks of history and an explanation."""
    rows = []
    for kind, count in (counts or RICH).items():
        for number in range(count):
            at = len(rows)
            rule, description, severity = _RULES[at % 3 if kind != "escalated" else 2]
            row = ALERT | KINDS[kind]
            days = 3 + (count - number) % 37
            row |= {
                "rule_id": rule,
                "rule_description": description,
                "severity": severity,
                "order_id": f"O-202611{1 + at % 20:02d}-{at * 7919 % 100_000:08d}",
                "customer_id": f"C-{at * 104_729 % 1_000_000:09d}",
                "customer_name": _PEOPLE[at % 6],
                "product_id": f"P-{at % 900:05d}",
                "product_name": _THINGS[at % 5],
                "carrier": CARRIERS[0] if number % 4 else CARRIERS[at % 5],
                "country": "FI" if number % 4 else "SE",
                "opened_on": DAY if kind == "new" else DAY - timedelta(days=days % 17),
                "days_over": days if kind not in ("at_risk", "was_at_risk") else None,
                "amount_at_stake": Decimal(1999 + at * 7_331 % 90_000) / 100,
            }
            if kind == "acknowledged" or (kind == "reminded" and not number % 3):
                row["acknowledged_by"] = "Maija"
            rows.append(row | text)
    return replace(
        digest({}),
        alerts=pl.DataFrame(rows, schema=ALERTS),
        history=history(CARRIERS),
        explanation=EXPLANATION,
    )


def history(carriers: tuple[str | None, ...], as_of: date = DAY, days: int = 28) -> pl.DataFrame:
    """Open breaches over the days to `as_of`, in which the first carrier has an outage in the end."""
    rows = [
        (as_of - timedelta(days=back), carrier, 24 // (at + 1) + (back * (at + 3)) % 5 + outage)
        for back in range(days)
        for at, carrier in enumerate(carriers)
        for outage in [max(0, 5 - back) * 12 if at == 0 else 0]
    ]
    return pl.DataFrame(rows, schema=HISTORY, orient="row")


def sent(message: Digest | Notice, *recipients: str) -> EmailMessage:
    """The mail as it is composed."""
    return compose(message, "shop@example.com", recipients or ("ops@example.com",), MESSAGE_ID)


def received(message: Digest | Notice, *recipients: str) -> EmailMessage:
    """The mail as its bytes read on the other side; a defect raises."""
    raw = sent(message, *recipients).as_bytes(policy=policy.SMTP)
    read = email.message_from_bytes(raw, policy=policy.strict)
    assert isinstance(read, EmailMessage)
    for part in read.walk():
        assert part.defects == []
        for value in part.values():
            assert value.defects == ()
        if not part.is_multipart():
            part.get_content()
    return read
