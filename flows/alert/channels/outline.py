"""A digest in few lines, for channels where people look in passing. Plain text: who shows it escapes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flows.alert.digest import AT_RISK, ESCALATED, NEW, REMINDED, RESOLVED, SECTIONS, Digest, Notice
from flows.alert.wording import one_line, plural

LINES = 5
WORD_CHARACTERS = 60
_WORDS_OF_A_SENTENCE = 8


@dataclass(frozen=True)
class Line:
    """One alert: what stands out, and the rest."""

    key: str
    facts: str


@dataclass(frozen=True)
class Part:
    """One section; `count` is how many alerts it has, of which `lines` are the worst."""

    heading: str
    lines: tuple[Line, ...]
    count: int


@dataclass(frozen=True)
class Outline:
    """What a short message says, in its order. `commands` are a label and a command each."""

    headline: str
    paragraphs: tuple[str, ...]
    parts: tuple[Part, ...]
    commands: tuple[tuple[str, str], ...]
    link: str | None
    footer: str


def outline(message: Digest | Notice, lines: int = LINES, characters: int = WORD_CHARACTERS) -> Outline:
    """The few lines: counts, what is shared, the worst of each section, and how to answer.

    Args:
        message: what to say.
        lines: how many alerts of a section to show.
        characters: how many of a name from data; a sentence has eight times as many.
    """

    def sentence(text: str) -> str:
        return one_line(text, _WORDS_OF_A_SENTENCE * characters)

    footer = f"Digest {message.digest_id} for {message.audience}, as of {message.as_of} (UTC)"
    if isinstance(message, Notice):
        reasons = tuple(Line("", sentence(reason)) for reason in message.reasons[: 2 * lines])
        parts = (Part("Reasons", reasons, len(message.reasons)),) if message.reasons else ()
        paragraphs = (message.title, *map(sentence, message.paragraphs))
        if message.reference:
            footer = f"{message.reference} for {message.audience}, {message.dateline}"
        return Outline(message.subject, paragraphs, parts, (), None, footer)
    answers = message.answers
    return Outline(
        headline=message.subject,
        paragraphs=(_standing(message), *map(sentence, message.explanation)),
        parts=tuple(_parts(message, lines, characters)),
        commands=(("Acknowledge", answers.acknowledge), ("Snooze", answers.snooze)),
        link=answers.link,
        footer=footer,
    )


def _standing(digest: Digest) -> str:
    counts = digest.counts
    said = [f"{counts.open:,} open, {counts.at_stake:,.2f} at stake"]
    further = {"acknowledged": counts.acknowledged, "snoozed": counts.snoozed, "at risk": counts.at_risk}
    said += [f"{number:,} {name}" for name, number in further.items() if number]
    return " · ".join(said)


def _parts(digest: Digest, lines: int, characters: int) -> Iterator[Part]:
    counts = digest.counts
    resolved = ", ".join(f"{number:,} {one_line(reason)}" for reason, number in counts.resolved.items())
    headings = {
        NEW: (counts.new, f"{counts.new:,} new"),
        ESCALATED: (counts.escalated, f"{counts.escalated:,} escalated"),
        REMINDED: (counts.reminded, f"{counts.reminded:,} still open, to remind you"),
        AT_RISK: (counts.newly_at_risk, f"{counts.newly_at_risk:,} newly at risk"),
        RESOLVED: (counts.all_resolved, f"{counts.all_resolved:,} resolved: {resolved}"),
    }
    for section in SECTIONS:
        count, heading = headings[section]
        if count:
            worst = digest.section(section).head(lines).iter_rows(named=True)
            yield Part(heading, tuple(_line(section, alert, characters) for alert in worst), count)


def _line(section: str, alert: dict[str, Any], characters: int) -> Line:
    place = ", ".join(one_line(name, characters) for name in (alert["carrier"], alert["country"]) if name)
    over, left, stake = alert["days_over"], alert["days_left"], alert["amount_at_stake"]
    if section == RESOLVED:
        facts = [alert["resolution"] or "no longer broken", alert["rule_id"], place]
    elif section == AT_RISK:
        facts = ["" if left is None else f"{plural(left, 'day')} left", alert["rule_id"], place]
    else:
        facts = [
            "" if over is None else f"{plural(over, 'day')} over",
            alert["rule_id"],
            alert["severity"],
            place,
        ]
        facts.append("" if stake is None else f"{stake:,.2f} at stake")
        if section == ESCALATED and alert["escalated_to"]:
            facts.append(f"escalated to {alert['escalated_to']}")
    shown = " · ".join(one_line(fact, 2 * characters) for fact in facts if fact)
    return Line(one_line(alert["order_id"], characters), shown)
