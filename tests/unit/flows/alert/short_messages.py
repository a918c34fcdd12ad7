"""Digests and notices for channels that say little, and what hostile data looks like in them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from flows.alert.digest import ALERTS, HISTORY, Answers, Digest, Notice

DAY = date(2026, 11, 21)
ALERT: dict[str, Any] = {
    "section": "new",
    "state": "new",
    "rule_id": "delivery_7d",
    "rule_description": "Not delivered within 7 days of the order",
    "severity": "warning",
    "owner": "order-team",
    "order_id": "A-1001",
    "customer_id": "C-1",
    "customer_name": "Åsa Öberg",
    "product_id": "P-1",
    "product_name": "Teapot",
    "carrier": "NordPost",
    "country": "FI",
    "shipping_tier": "express",
    "order_date": datetime(2026, 11, 1, 10, 30),
    "status": "shipped",
    "breaks_on": date(2026, 11, 9),
    "opened_on": DAY,
    "days_elapsed": 20,
    "days_over": 13,
    "days_left": None,
    "amount_at_stake": Decimal("1234.50"),
}
KINDS: dict[str, dict[str, Any]] = {
    "new": {},
    "escalated": {"section": "escalated", "state": "escalated", "escalated_to": "lead-team"},
    "reminded": {"section": "reminded", "state": "open"},
    "at_risk": {"section": "at_risk", "state": "at_risk", "days_over": None, "days_left": 2},
    "was_at_risk": {"section": None, "state": "at_risk"},
    "delivered": {"section": "resolved", "state": "resolved", "resolution": "delivered"},
    "cancelled": {"section": "resolved", "state": "resolved", "resolution": "cancelled"},
    "acknowledged": {"section": None, "state": "acknowledged"},
    "snoozed": {"section": None, "state": "snoozed"},
}
ANSWERS = Answers(
    "python -m flows.alert ack --digest 2026-11-21/default/slack --by NAME",
    "python -m flows.alert snooze --order ORDER --rule RULE --until YYYY-MM-DD --by NAME",
    "https://prefect.example.com/deployments/deployment/1?a=1&b=2",
)
SOME = {
    "new": 7,
    "escalated": 11,
    "reminded": 13,
    "at_risk": 17,
    "was_at_risk": 2,
    "delivered": 23,
    "cancelled": 29,
    "acknowledged": 31,
    "snoozed": 37,
}
NUMBERS = ["7", "11", "13", "17", "19", "23", "29", "52", "31", "37", "99", "122,215.50"]
"""Every count of a digest of `SOME`: at risk 17 + 2, resolved 23 + 29, open 7 + 11 + 13 + 31 + 37."""
HOSTILE = [
    "<!channel> & <https://evil.example.com|click>",
    "@here #general https://evil.example.com",
    "**bold** _it_ [click](https://evil.example.com) `code`",
    "{{DATE(2026-01-01T00:00:00Z, SHORT)}} {{token}} <at>Boss</at>",
    "line\r\nbreak\u2028and\x00\x1b[31m \u202ereversed",
    "&" * 5_000,
    "東" * 5_000,
    "😀" * 5_000,
    "\\u0041\\\"'",
]


def digest(counts: dict[str, int] | None = None, explanation: tuple[str, ...] = (), **text: Any) -> Digest:
    """So many alerts of each of `KINDS`, worst first, with the same text in each where it is given."""
    rows = [
        ALERT | KINDS[kind] | {"order_id": f"{kind}-{number}"} | text
        for kind, count in (counts or SOME).items()
        for number in range(count)
    ]
    return Digest(
        digest_id="2026-11-21/default/slack",
        as_of=DAY,
        audience="default",
        alerts=pl.DataFrame(rows, schema=ALERTS),
        history=pl.DataFrame(schema=HISTORY),
        answers=ANSWERS,
        explanation=explanation,
    )


def notice(*reasons: str) -> Notice:
    """Odd data."""
    return Notice(
        digest_id="2026-11-21/default/slack/data-health",
        as_of=DAY,
        audience="default",
        subject="[SLA] The data is late: digest held back, 21 Nov 2026",
        title="The data cannot be judged by",
        paragraphs=("No SLA digest was sent.", "Once the data is right, run again."),
        reasons=reasons,
    )


def texts(content: Any) -> list[str]:
    """Every string value in a JSON document."""
    if isinstance(content, dict):
        return [text for value in content.values() for text in texts(value)]
    if isinstance(content, list):
        return [text for value in content for text in texts(value)]
    return [content] if isinstance(content, str) else []
