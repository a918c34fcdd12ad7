"""Alerts for people at a terminal: the open ones, or everything that ever happened about one order."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from snowflake.connector import SnowflakeConnection

from flows.alert.answers import Which, require_rule, standing_day
from flows.alert.ledger import fetch, statement
from flows.errors import InputError, printable

_HEADINGS = (
    "order",
    "rule",
    "state",
    "opened",
    "over",
    "severity",
    "status",
    "carrier",
    "country",
    "told",
    "",
)


def print_open(connection: SnowflakeConnection, which: Which, limit: int) -> None:
    """Print open alerts, worst first.

    Raises:
        InputError: the rule is unknown.
    """
    as_of = standing_day(connection)
    if which.rule:
        require_rule(connection, which.rule)
    found = fetch(connection, "list_alerts.sql", asdict(which), open_alerts=statement("open_alerts.sql"))
    print(f"{len(found):,} open alert{'s' if len(found) != 1 else ''} at the end of {as_of} (UTC)")
    if found:
        print()
        _print_table(_HEADINGS, [_listed(row) for row in found[:limit]])
    if len(found) > limit:
        print(f"\n… and {len(found) - limit:,} more; --limit shows them")


def print_story(connection: SnowflakeConnection, order: str) -> None:
    """Print what is known of an order, and everything that happened about its alerts.

    Raises:
        InputError: there is no such order.
    """
    standing_day(connection)
    facts = fetch(connection, "order_facts.sql", {"order": order})
    story = fetch(connection, "story_of_order.sql", {"order": order})
    if not facts and not story:
        raise InputError(f"no order {order!r}, and no alert about one of that id")
    names = ("order", "status", "ordered", "promised", "shipped", "delivered", "carrier", "country", "tier")
    for row in facts:
        for name, value in zip((*names, "customer", "product", "total"), row, strict=True):
            if value is not None:
                print(f"{name:<10} {_text(value)}")
    print()
    if not story:
        print("No alert was ever opened for it, and nobody was warned.")
        return
    _print_table(("day", "rule", "what", "", "digest"), [_told(row) for row in story])


def _listed(row: tuple[Any, ...]) -> list[str]:
    *shown, told, acknowledged_by, snoozed_until = row
    state = row[2]
    remark = f"by {acknowledged_by}" if state == "acknowledged" else ""
    if state == "snoozed":
        remark = f"until {snoozed_until}"
    return [*map(_text, shown), _text(told), printable(remark)]


def _told(row: tuple[Any, ...]) -> list[str]:
    rule, as_of, event, digest, actor, detail, snoozed_until, note = row
    details = [
        f"until {snoozed_until}" if snoozed_until else None,
        f"to {detail}" if event == "escalated" and detail else detail,
        f"by {actor}" if actor else None,
        f"“{note}”" if note else None,
    ]
    said = ", ".join(printable(one) for one in details if one)
    return [_text(as_of), _text(rule), event, said, _text(digest)]


def _text(value: Any) -> str:
    return "" if value is None else printable(str(value))


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(cells[place]) for cells in (headings, *rows)) for place in range(len(headings))]
    for cells in (headings, *rows):
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip())
