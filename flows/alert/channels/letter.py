"""What a mail says, in HTML and in plain text: the same facts in both."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from flows.alert import chart
from flows.alert.attachment import Attachment, attach
from flows.alert.digest import Counts, Digest, Notice
from flows.alert.entries import sections
from flows.alert.wording import long_day, one_line, plural

SENTENCE_CHARACTERS = 400
_TEMPLATES = Path(__file__).parent.parent / "templates"


@dataclass(frozen=True)
class Letter:
    """A message as its reader gets it. `html` shows `image`, if there is one, by `content_id`."""

    subject: str
    text: str
    html: str
    content_id: str
    image: bytes | None = None
    attachment: Attachment | None = None


def write(message: Digest | Notice, message_id: str) -> Letter:
    """The words, the chart and the file; always the same for the same message."""
    content_id = f"chart.{hashlib.sha256(message_id.encode()).hexdigest()[:20]}@order-monitoring"
    common = {
        "subject": one_line(message.subject, SENTENCE_CHARACTERS),
        "day": f"{long_day(message.as_of)} (UTC)",
        "audience": one_line(message.audience),
        "digest_id": one_line(message.digest_id, SENTENCE_CHARACTERS),
    }
    if isinstance(message, Notice):
        said: dict[str, Any] = {
            "title": one_line(message.title, SENTENCE_CHARACTERS),
            "paragraphs": _sentences(message.paragraphs),
            "reasons": _sentences(message.reasons),
            "dateline": one_line(message.dateline) or f"End of {common['day']}",
            "reference": one_line(message.reference) or f"Digest {common['digest_id']}",
        }
        return Letter(common["subject"], *_rendered("notice", common | said), content_id)
    attachment = attach(message.alerts, message.as_of)
    is_blank = chart.is_blank(message.history, message.as_of)
    context: dict[str, Any] = {
        "headline": _headline(message.counts),
        "counts": message.counts,
        "standing": _standing(message.counts),
        "explanation": _sentences(message.explanation),
        "sections": list(sections(message)),
        "chart": "" if is_blank else chart.describe(message.history, message.as_of),
        "image_source": f"cid:{content_id}",
        "answers": message.answers,
        "attachment": attachment,
    }
    return Letter(
        common["subject"],
        *_rendered("digest", common | context),
        content_id,
        None if is_blank else chart.draw(message.history, message.as_of),
        attachment,
    )


def _headline(counts: Counts) -> str:
    """What is news, and how many are open: `12 new breaches, 140 open`."""
    news = [
        plural(counts.new, "new breach", "new breaches") if counts.new else "",
        f"{counts.escalated:,} escalated" if counts.escalated else "",
        f"{counts.all_resolved:,} resolved" if counts.all_resolved else "",
        f"{counts.newly_at_risk:,} newly at risk" if counts.newly_at_risk else "",
    ]
    return ", ".join([*[one for one in news if one][:1], f"{counts.open:,} open"])


def _standing(counts: Counts) -> str:
    """What is open, in one sentence."""
    answered = {"acknowledged": counts.acknowledged, "snoozed": counts.snoozed}
    parts = [f"{number:,} {name}" for name, number in answered.items() if number]
    of_these = f", of which {' and '.join(parts)}" if parts else ""
    return (
        f"{plural(counts.open, 'open breach', 'open breaches')}{of_these}; {counts.at_stake:,.2f} at stake."
    )


def _sentences(texts: tuple[str, ...]) -> list[str]:
    return [one_line(text, SENTENCE_CHARACTERS) for text in texts]


def _rendered(name: str, context: dict[str, Any]) -> tuple[str, str]:
    """Plain text and HTML."""
    text, html = (
        _environment(kind == "html").get_template(f"{name}.{kind}.j2").render(context)
        for kind in ("txt", "html")
    )
    return text, html


@lru_cache(maxsize=2)
def _environment(html: bool) -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=html,  # noqa: S701 - plain text has nothing to escape
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
