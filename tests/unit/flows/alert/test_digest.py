import random
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from flows.alert.digest import ALERTS, OPEN_STATES, count
from flows.alert.wording import long_day, one_line, plural, short_day
from tests.unit.flows.alert.short_messages import ALERT, SOME, digest


@pytest.mark.parametrize(
    ("kinds", "subject"),
    [
        ({"acknowledged": 2}, "[SLA] 2 open, 21 Nov"),
        ({"new": 1}, "[SLA] 1 new · 1 open, 21 Nov"),
        ({"delivered": 2, "cancelled": 1}, "[SLA] 3 resolved · 0 open, 21 Nov"),
        ({"new": 1_200, "snoozed": 34}, "[SLA] 1,200 new · 1,234 open, 21 Nov"),
        (
            {"new": 3, "reminded": 4, "was_at_risk": 5},
            "[SLA] 3 new · 4 reminded · 5 at risk · 7 open, 21 Nov",
        ),
        (SOME, "[SLA] 7 new · 11 escalated · 13 reminded · 19 at risk · 52 resolved · 99 open, 21 Nov"),
    ],
)
def test_the_subject_counts_what_there_is(kinds: dict[str, int], subject: str) -> None:
    assert digest(kinds).subject == subject


def test_a_day_of_one_digit_is_written_as_people_write_it() -> None:
    assert replace(digest({"new": 1}), as_of=date(2027, 1, 5)).subject == "[SLA] 1 new · 1 open, 5 Jan"


def test_resolved_alerts_are_counted_by_reason_the_commonest_first() -> None:
    counts = digest(SOME).counts
    assert list(counts.resolved.items()) == [("cancelled", 29), ("delivered", 23)]
    assert counts.all_resolved == 52
    unknown = digest({"delivered": 2}, resolution=None).counts
    assert dict(unknown.resolved) == {"no longer broken": 2}


def test_those_newly_at_risk_are_among_those_at_risk() -> None:
    counts = digest(SOME).counts
    assert (counts.newly_at_risk, counts.at_risk) == (17, 19)


def test_every_open_state_is_open_and_nothing_else_is() -> None:
    rows = [ALERT | {"section": None, "state": state} for state in ALERT_STATES]
    counts = count(pl.DataFrame(rows, schema=ALERTS))
    assert counts.open == 5
    assert (counts.acknowledged, counts.snoozed, counts.at_risk) == (1, 1, 1)


ALERT_STATES = (*OPEN_STATES, "at_risk", "to_resolve", "resolved")


def test_counts_are_those_of_a_loop_over_the_rows() -> None:
    draw = random.Random(7)
    rows = [
        ALERT
        | {
            "section": draw.choice(["new", "escalated", "reminded", "at_risk", "resolved", None]),
            "state": draw.choice(ALERT_STATES),
            "resolution": draw.choice(["delivered", "cancelled", None]),
            "amount_at_stake": draw.choice([None, Decimal(draw.randrange(1, 10**7)) / 100]),
        }
        for _ in range(500)
    ]
    counts = count(pl.DataFrame(rows, schema=ALERTS))
    sections = Counter(row["section"] for row in rows)
    states = Counter(row["state"] for row in rows)
    reasons = Counter(row["resolution"] or "no longer broken" for row in rows if row["section"] == "resolved")
    stakes = [row["amount_at_stake"] or 0 for row in rows if row["state"] in OPEN_STATES]
    assert (counts.new, counts.escalated, counts.reminded, counts.newly_at_risk) == tuple(
        sections[name] for name in ("new", "escalated", "reminded", "at_risk")
    )
    assert dict(counts.resolved) == reasons
    assert (counts.open, counts.at_risk) == (sum(states[one] for one in OPEN_STATES), states["at_risk"])
    assert counts.at_stake == sum(stakes)


@pytest.mark.parametrize(
    ("amounts", "total"),
    [
        (["0.10", "0.10", "0.10", None], "0.30"),
        (["99999999999999999999999999999999999.99", "0.01"], "100000000000000000000000000000000000.00"),
        (["-5.00", "2.50"], "-2.50"),
        ([None], "0"),
        ([], "0"),
    ],
)
def test_what_is_at_stake_is_exact_to_the_cent(amounts: list[str | None], total: str) -> None:
    rows = [ALERT | {"amount_at_stake": amount and Decimal(amount)} for amount in amounts]
    assert count(pl.DataFrame(rows, schema=ALERTS)).at_stake == Decimal(total)


@pytest.mark.parametrize("kind", ["at_risk", "delivered"])
def test_only_open_alerts_are_at_stake(kind: str) -> None:
    assert digest({kind: 3}).counts.at_stake == 0


def test_a_section_has_its_alerts_in_their_order() -> None:
    assert digest(SOME).section("escalated")["order_id"].to_list() == [f"escalated-{n}" for n in range(11)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Åsa 東京 🫖", "Åsa 東京 🫖"),
        ("two\r\nlines\x00and\u2028three", "two lines and three"),
        (" \u202epadded\ufeff ", "padded"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        (7, "7"),
        ("", ""),
    ],
)
def test_text_is_made_fit_for_one_line(text: object, line: str) -> None:
    assert one_line(text) == line


def test_counts_and_days_read_like_english() -> None:
    assert [plural(n, "day") for n in (0, 1, 1_200)] == ["0 days", "1 day", "1,200 days"]
    assert plural(2, "new breach", "new breaches") == "2 new breaches"
    assert (short_day(date(2026, 11, 1)), long_day(date(2026, 11, 21))) == ("1 Nov", "Saturday 21 Nov 2026")
