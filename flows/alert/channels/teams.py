"""The Microsoft Teams channel: an adaptive card, posted to the webhook of a Power Automate workflow.

The envelope is that of https://learn.microsoft.com/en-us/connectors/teams/#microsoft-teams-webhook. A message
may have about 28 KB (there, known issues and limitations), of which some got no more than 21; and a workflow
answers 202 before it has tried, so a card that is too large would be lost without a word.
"""

import json
from typing import Any

from blocks.load import load_teams
from blocks.names import TEAMS_TYPE
from flows.alert.channels.http import as_json
from flows.alert.channels.outline import LINES, WORD_CHARACTERS, Outline, Part, outline
from flows.alert.channels.posting import PostingChannel
from flows.alert.digest import Digest, Notice

MOST_BYTES = 20_000
# From what people like to read down to what always fits.
_SIZES = ((LINES, WORD_CHARACTERS), (3, WORD_CHARACTERS), (3, 30), (1, 30), (0, 30))


class TeamsChannel(PostingChannel):
    """One audience's Teams channel."""

    kind = "teams"
    block_type = TEAMS_TYPE

    def render(self, message: Digest | Notice, message_id: str) -> bytes:
        """The payload as JSON."""
        return as_json(render(message))

    def load(self) -> Any:
        """The block."""
        return load_teams(self.block_name)


def render(message: Digest | Notice) -> dict[str, Any]:
    """The payload of a digest or a notice, at most `MOST_BYTES` however its letters are written."""
    for lines, characters in _SIZES:
        payload = _envelope(_card(outline(message, lines, characters)))
        if len(json.dumps(payload)) <= MOST_BYTES:  # with every letter outside ASCII as \u1234
            break
    return payload


def _envelope(card: dict[str, Any]) -> dict[str, Any]:
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _card(shown: Outline) -> dict[str, Any]:
    body = [_rich(_run(shown.headline, size="Large", weight="Bolder"))]
    body += [_rich(_run(paragraph)) for paragraph in shown.paragraphs]
    for part in shown.parts:
        body += _part(part)
    body += [
        _rich(_run(f"{label}: ", isSubtle=True), _run(command, fontType="Monospace"))
        for label, command in shown.commands
    ]
    body.append(_rich(_run(shown.footer, size="Small", isSubtle=True)))
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": shown.headline,
        "msteams": {"width": "Full"},
        "body": body,
    }
    if shown.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Answer in Prefect", "url": shown.link}]
    return card


def _part(part: Part) -> list[dict[str, Any]]:
    elements = [{**_rich(_run(part.heading, weight="Bolder")), "separator": True, "spacing": "Medium"}]
    for line in part.lines:
        runs = [_run(f"{line.key}  ", weight="Bolder")] if line.key else []
        elements.append({**_rich(*runs, _run(line.facts)), "spacing": "Small"})
    more = part.count - len(part.lines)
    if more > 0:
        elements.append({**_rich(_run(f"… and {more:,} more", isSubtle=True)), "spacing": "Small"})
    return elements


def _rich(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(text: str, **form: Any) -> dict[str, Any]:
    """Text that is shown as it is: Markdown is read in a TextBlock, never in a TextRun.

    https://learn.microsoft.com/en-us/adaptive-cards/schema-explorer/text-run. {{DATE(…)}} is read everywhere.
    """
    return {"type": "TextRun", "text": text.replace("{{", "{\u2060{"), **form}
