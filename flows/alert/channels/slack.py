"""The Slack channel: Block Kit, posted to an incoming webhook.

Limits are those of https://docs.slack.dev/reference/block-kit/blocks: 50 blocks, 150 characters a header, and
3,000 a text. All texts together may have about 13,000, which is not said there (`msg_blocks_too_long`, met in
https://github.com/slackapi/bolt-js/issues/2509): each of the at most seven is short enough for their sum.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from blocks.load import load_slack
from blocks.names import SLACK_TYPE
from flows.alert.channels.http import as_json
from flows.alert.channels.outline import Outline, Part, outline
from flows.alert.channels.posting import PostingChannel
from flows.alert.digest import Digest, Notice

HEADER_CHARACTERS = 150
TEXT_CHARACTERS = 1_600
"""Of one block, escaped; far below Slack's 3,000, because there are up to seven."""


class SlackChannel(PostingChannel):
    """One audience's Slack channel."""

    kind = "slack"
    block_type = SLACK_TYPE

    def render(self, message: Digest | Notice, message_id: str) -> bytes:
        """The payload as JSON."""
        return as_json(render(message))

    def load(self) -> Any:
        """The block."""
        return load_slack(self.block_name)


def render(message: Digest | Notice) -> dict[str, Any]:
    """The payload of a digest or a notice. `text` is what a notification shows."""
    shown = outline(message)
    header = {"type": "plain_text", "text": shown.headline[:HEADER_CHARACTERS], "emoji": False}
    return {
        "text": escape(shown.headline),
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [{"type": "header", "text": header}, *_blocks(shown)],
    }


def escape(text: str) -> str:
    """The text as Slack shows it as it is, so that <!channel> calls nobody.

    https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _blocks(shown: Outline) -> Iterator[dict[str, Any]]:
    yield _section(_joined([escape(paragraph) for paragraph in shown.paragraphs]))
    for part in shown.parts:
        yield _section(_part(part))
    answers = [f"{label}: `{escape(command)}`" for label, command in shown.commands]
    if shown.link:
        # what would end the link early is no part of one
        target = escape(shown.link).replace("|", "%7C")
        answers.append(f"<{target}|Answer in Prefect>")
    if answers:
        yield _section(_joined(answers))
    yield {"type": "context", "elements": [_text(_joined([escape(shown.footer)]))]}


def _part(part: Part) -> str:
    lines = [
        f"• *{escape(line.key)}* {escape(line.facts)}" if line.key else f"• {escape(line.facts)}"
        for line in part.lines
    ]
    return _joined([f"*{escape(part.heading)}*", *lines], part.count)


def _joined(lines: Sequence[str], count: int | None = None) -> str:
    """As many whole lines as fit. With a count, the first line is a heading, and what is missing is said."""
    kept: list[str] = []
    for line in lines:
        if sum(map(len, kept)) + len(kept) + len(line) > TEXT_CHARACTERS:
            break
        kept.append(line)
    more = 0 if count is None else count - (len(kept) - 1)
    return "\n".join([*kept, f"… and {more:,} more"] if more > 0 else kept)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _text(text)}


def _text(text: str) -> dict[str, Any]:
    # verbatim: no name of a channel, person or host in the data becomes a link or calls somebody
    return {"type": "mrkdwn", "text": text, "verbatim": True}
