"""A day's digests as files to look at. Nothing is sent, reserved or recorded."""

import json
from collections.abc import Iterator
from datetime import date
from email.message import EmailMessage
from pathlib import Path

from snowflake.connector import SnowflakeConnection

from flows.alert import outbox
from flows.alert.answers import standing_day
from flows.alert.audiences import Audience, read_audiences
from flows.alert.channels import slack, teams, webhook
from flows.alert.channels.message import compose
from flows.alert.findings import read_findings
from flows.alert.telling import Teller, Words
from flows.paths import preview_dir

_SENDER, _RECIPIENT = "order-monitoring@example.com", "you@example.com"
_IMAGE = "chart.png"


def preview(
    connection: SnowflakeConnection,
    as_of: date | None,
    audiences: Path | None = None,
    out: Path | None = None,
) -> Iterator[Path]:
    """Write each audience's digest of the day: HTML, plain text, chart and attachment, and each webhook's
    JSON.

    Yields:
        The files, below `out`/<as_of>/<audience>/.

    Raises:
        TransformError: the models do not stand at that day.
        InputError: no run has been completed, or `audiences.toml` is wrong.
    """
    standing = standing_day(connection)
    findings = read_findings(connection, as_of or standing)
    people = read_audiences(audiences)
    teller = Teller(connection, findings, people)
    for audience in people.all:
        words = teller.words_for(audience)
        if words is not None:
            directory = (out or preview_dir()) / findings.as_of.isoformat() / audience.name
            directory.mkdir(parents=True, exist_ok=True)
            yield from _write(teller, audience, words, directory)


def _write(teller: Teller, audience: Audience, words: Words, directory: Path) -> Iterator[Path]:
    message = teller.addressed(words, "email")
    identity = outbox.message_id(teller.connection, message.digest_id, _SENDER.rpartition("@")[2])
    mail = compose(message, _SENDER, [_RECIPIENT], identity)
    for name, content in _parts(mail):
        yield _written(directory / name, content)
    for kind, renderer in (("slack", slack), ("teams", teams), ("webhook", webhook)):
        rendered = renderer.render(teller.addressed(words, kind))
        yield _written(
            directory / f"{kind}.json", json.dumps(rendered, indent=2, ensure_ascii=False).encode()
        )


def _parts(mail: EmailMessage) -> Iterator[tuple[str, bytes]]:
    """The parts of a mail as files; the page shows the image that lies beside it."""
    pages = {
        part.get_content_subtype(): part for part in mail.walk() if part.get_content_maintype() == "text"
    }
    image = next((part for part in mail.walk() if part.get_content_maintype() == "image"), None)
    html = pages["html"].get_content()
    if image is not None:
        html = html.replace(f"cid:{image['Content-ID'].strip('<>')}", _IMAGE)
        yield _IMAGE, image.get_content()
    yield "digest.html", html.encode()
    yield "digest.txt", f"Subject: {mail['Subject']}\n\n{pages['plain'].get_content()}".encode()
    for part in mail.iter_attachments():
        yield part.get_filename() or "attachment", bytes(part.get_payload(decode=True))


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
