"""The webhook channel: the digest as JSON, to whatever a `CustomWebhookNotificationBlock` describes.

The document, whose keys are always there:

- `version`: 1; it counts up when a key changes its meaning or goes away.
- `digest_id`, `message_id`: the same whenever the same message is sent again, to tell it from a new one.
- `as_of`: the day, YYYY-MM-DD; `audience`; `subject`: one line with the counts.
- `title`: of a notice without alerts (odd data, all clear); null for a digest.
- `counts`: `new`, `escalated`, `reminded`, `newly_at_risk`, `at_risk`, `resolved` (reason: number), `open`,
  `acknowledged`, `snoozed`, and `at_stake` (an exact decimal as text). Empty for a notice.
- `explanation`: sentences: what most new breaches share, or what a notice says; `reasons`: those of a notice.
- `alerts`: section (`new`, `escalated`, `reminded`, `at_risk`, `resolved`) to its worst 50 alerts, with the
  columns of `flows.alert.digest.ALERTS`; days and moments are ISO 8601 (UTC), amounts exact decimals as text.
- `answers`: `acknowledge`, `snooze` (commands) and `link` (or null); null for a notice.
"""

import json
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import httpx

from blocks.load import load_webhook
from blocks.names import WEBHOOK_TYPE
from blocks.quiet import quiet
from flows.alert.channels import NO_DOMAIN, Receipt
from flows.alert.channels.http import Secrets, as_json, checked_url, failure, refusal
from flows.alert.digest import SECTIONS, Counts, Digest, Notice
from flows.errors import BlockError, DeliveryError

VERSION = 1
MOST_ALERTS = 50
_MOST_CHARACTERS = 1_000
_PLAIN_HEADERS = ("content-type", "accept", "user-agent")


class WebhookChannel:
    """One audience's own webhook."""

    kind = "webhook"
    domain = NO_DOMAIN

    def __init__(self, block_name: str) -> None:
        """How long to wait is a field of the block."""
        self.recipients = [block_name]
        self._name = block_name

    def render(self, message: Digest | Notice, message_id: str) -> bytes:
        """The document as JSON."""
        return as_json(render(message, message_id))

    def deliver(self, content: bytes, message_id: str) -> Receipt:
        """Send the document in the way the block describes, as `body`, with the subject as `subject`."""
        slug = f"{WEBHOOK_TYPE}/{self._name}"
        block = self._block
        secrets = Secrets(checked_url(url_of(block), slug), *_secrets_of(block))
        # The block fills placeholders one after the other, so braces from data must not look like one.
        body = content.decode().replace("{{", "{\\u007b")
        trouble: DeliveryError | BlockError | None = None
        try:
            with quiet():
                block.notify(body, subject=json.loads(content)["subject"], _sync=True)
        except httpx.HTTPStatusError as error:
            trouble = refusal(error.response, error.response.content, slug, secrets)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            trouble = failure(error, slug, secrets)
        except ValueError as error:
            if "could not be resolved" in str(error):
                trouble = failure(httpx.ConnectError("its host is not known"), slug, secrets)
            else:
                trouble = BlockError(f"block {slug}: its URL or headers are not allowed; correct the block")
        if trouble is not None:
            raise trouble  # outside, so that no exception with the URL in it stays attached
        return Receipt(self.recipients)

    @cached_property
    def _block(self) -> Any:
        block = load_webhook(self._name)
        if block.json_data is not None or block.form_data is not None:
            return block
        headers = block.headers or {}
        if not any(name.lower() == "content-type" for name in headers):
            headers = headers | {"Content-Type": "application/json"}
        return block.model_copy(update={"form_data": "{{body}}", "headers": headers})


def render(message: Digest | Notice, message_id: str = "") -> dict[str, Any]:
    """The document of a digest or a notice."""
    said: dict[str, Any] = (
        {
            "title": message.title,
            "counts": {},
            "explanation": list(message.paragraphs),
            "reasons": list(message.reasons),
            "alerts": {},
            "answers": None,
        }
        if isinstance(message, Notice)
        else {
            "title": None,
            "counts": _counts(message.counts),
            "explanation": list(message.explanation),
            "reasons": [],
            "alerts": {section: _alerts(message, section) for section in SECTIONS},
            "answers": dict(vars(message.answers)),
        }
    )
    return {
        "version": VERSION,
        "digest_id": message.digest_id,
        "message_id": message_id,
        "as_of": message.as_of.isoformat(),
        "audience": message.audience,
        "subject": message.subject,
        **said,
    }


def _counts(counts: Counts) -> dict[str, Any]:
    return {**vars(counts), "resolved": dict(counts.resolved), "at_stake": str(counts.at_stake)}


def _alerts(digest: Digest, section: str) -> list[dict[str, Any]]:
    worst = digest.section(section).head(MOST_ALERTS).drop("section")
    return [{name: _value(value) for name, value in row.items()} for row in worst.iter_rows(named=True)]


def _value(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value[:_MOST_CHARACTERS] if isinstance(value, str) else value


def url_of(block: Any) -> str:
    """The URL of a `CustomWebhookNotificationBlock`, its placeholders filled in."""
    from prefect.utilities.templating import apply_values

    values = {**block.secrets.get_secret_value(), "subject": "", "body": "", "name": block.name}
    return str(apply_values(block.url, values))


def _secrets_of(block: Any) -> list[str]:
    headers = {
        name: text for name, text in (block.headers or {}).items() if name.lower() not in _PLAIN_HEADERS
    }
    tables = (block.secrets.get_secret_value(), block.params or {}, block.cookies or {}, headers)
    return [str(value) for table in tables for value in table.values()]
