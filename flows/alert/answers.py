"""What people answer to alerts: acknowledged, snoozed, unsnoozed; kept as events of the alert's life.

An answer belongs to the as-of day the models stand at, which is what whoever answers has seen.
"""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Literal

from snowflake.connector import SnowflakeConnection

from flows.alert.ledger import execute, fetch, now, statement
from flows.errors import InputError, printable
from flows.ingest.transaction import begun
from flows.migrations import prepare
from flows.transform.standing import stands_at

Action = Literal["ack", "snooze", "unsnooze"]
EVENTS: dict[Action, str] = {"ack": "acknowledged", "snooze": "snoozed", "unsnooze": "unsnoozed"}
LONGEST_NAME, LONGEST_NOTE = 200, 2_000


@dataclass(frozen=True)
class Which:
    """Which open alerts are meant: those to which all apply that are given."""

    order: str | None = None
    rule: str | None = None
    carrier: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        return ", ".join(f"{name} {printable(value)}" for name, value in asdict(self).items() if value)


@dataclass(frozen=True)
class Answered:
    """What an answer did: how many open alerts were meant, and for how many it was news."""

    event: str
    as_of: date
    meant: int
    changed: int


def answer(
    connection: SnowflakeConnection,
    action: Action,
    which: Which,
    by: str,
    note: str | None = None,
    until: date | None = None,
) -> Answered:
    """Record an answer to open alerts.

    Args:
        connection: to the ledger.
        action: `ack`: somebody is at it, so no reminder and no escalation until it is resolved; `snooze`:
            silent up to and including `until`; `unsnooze`: not silent any more.
        which: the alerts that are meant.
        by: who answers.
        note: why, for whoever reads the alert's story.
        until: the last day of a snooze.

    Raises:
        InputError: something is missing or unknown, or the day has passed; nothing was recorded.
    """
    _check(action, which, by, note, until)
    as_of = standing_day(connection)
    if until is not None and until <= as_of:
        raise InputError(
            f"until: {until} has passed, because the alerts stand at the end of {as_of}; name a later day"
        )
    parameters = asdict(which)
    ((meant,),) = fetch(connection, "count_open.sql", parameters, open_alerts=statement("open_alerts.sql"))
    if not meant:
        raise InputError(_why_none(connection, which))
    with begun(connection) as cursor:
        changed = execute(
            cursor,
            "answer.sql",
            parameters
            | {
                "event": EVENTS[action],
                "as_of": as_of,
                "until": until,
                "actor": by.strip(),
                "note": note.strip() if note and note.strip() else None,
                "now": now(),
            },
            open_alerts=statement("open_alerts.sql"),
        )
        cursor.execute("commit")
    return Answered(EVENTS[action], as_of, int(meant), changed)


def make_ready(connection: SnowflakeConnection, environment: str) -> None:
    """Bring the ledger up to date. A database in which no run has been completed is left alone.

    Raises:
        InputError: the database belongs to another environment.
    """
    if stands_at(connection) is not None:
        prepare(connection, environment)


def standing_day(connection: SnowflakeConnection) -> date:
    """The as-of day the alerts stand at.

    Raises:
        InputError: there are no alerts, because no run has been completed.
    """
    as_of = stands_at(connection)
    if as_of is None:
        raise InputError(
            f"database {connection.database}: no run of the pipeline has been completed here, so there are "
            "no alerts; run `python flows/main.py` first"
        )
    return as_of


def require_rule(connection: SnowflakeConnection, rule: str) -> None:
    """Complain about a rule that nobody knows.

    Raises:
        InputError: with the names of those that are known.
    """
    rules = [name for (name,) in fetch(connection, "known_rules.sql")]
    if rule not in rules:
        raise InputError(f"no rule {rule!r}; the rules are {', '.join(map(printable, rules))}")


def _check(action: Action, which: Which, by: str, note: str | None, until: date | None) -> None:
    if action not in EVENTS:
        raise InputError(f"action: {action!r} is none of {', '.join(EVENTS)}")
    if not any(asdict(which).values()):
        raise InputError("say which alerts are meant: give an order, a rule, a carrier or a digest")
    if not by.strip() or not by.isprintable() or len(by) > LONGEST_NAME:
        raise InputError(
            f"by: give the name of whoever answers, at most {LONGEST_NAME} characters on one line"
        )
    if note and len(note) > LONGEST_NOTE:
        raise InputError(f"note: has {len(note):,} characters; at most {LONGEST_NOTE:,} are kept")
    if (action == "snooze") != (until is not None):
        raise InputError("a snooze, and nothing else, needs a day until which it lasts (until)")


def _why_none(connection: SnowflakeConnection, which: Which) -> str:
    """Why no open alert is meant."""
    if which.rule:
        require_rule(connection, which.rule)
    if which.digest and not fetch(connection, "find_digest.sql", {"digest": which.digest}):
        last = ", ".join(name for (name,) in fetch(connection, "last_digests.sql")) or "there is none yet"
        return f"no digest {which.digest!r}; the last ones: {last}"
    if which.order:
        known = fetch(connection, "order_alerts.sql", {"order": which.order})
        if not known:
            return (
                f"order {which.order!r} has no alert; `python -m flows.alert list` prints those that are open"
            )
        if all(state == "resolved" for _, state, _, _ in known):
            ends = ", ".join(f"{rule} on {day} ({reason or 'resolved'})" for rule, _, day, reason in known)
            return f"order {which.order!r} has no open alert any more: {ends}"
    if which.carrier:
        everything = dict.fromkeys(asdict(which))
        found = fetch(connection, "open_carriers.sql", everything, open_alerts=statement("open_alerts.sql"))
        carriers = [carrier for (carrier,) in found]
        if which.carrier not in carriers:
            those = ", ".join(map(printable, carriers)) or "none"
            return f"no open alert is with carrier {which.carrier!r}; carriers with open alerts: {those}"
    return f"no open alert matches {which}"
