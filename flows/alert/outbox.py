"""Messages on their way: reserved in the ledger as they will be sent, and marked when they were taken.

A message is kept until somebody has taken it, under a Message-ID that follows from what it is about. So a run
that is killed, or meets a mail server that is away, loses nothing: the next run, also one of another day,
sends the very same message. Only one that was killed between the server's yes and its own note is sent twice,
under the same Message-ID (the transactional outbox pattern,
https://microservices.io/patterns/data/transactional-outbox.html).
"""

import base64
import gzip
import hashlib
from dataclasses import dataclass
from datetime import date

from snowflake.connector import SnowflakeConnection
from snowflake.connector.cursor import SnowflakeCursor as Cursor

from flows.alert.digest import BREACHES, UPDATE
from flows.alert.ledger import execute, fetch, now, record_told
from flows.ingest.transaction import begun

RESERVED, SENDING, SENT = "reserved", "sending", "sent"
# A statement may have a megabyte: https://docs.snowflake.com/en/user-guide/query-size-limits
_PART_CHARACTERS = 250_000


@dataclass(frozen=True)
class Reservation:
    """A digest's place in the ledger; `state` is `reserved`, `sending` or `sent`."""

    digest_id: str
    as_of: date
    channel: str
    audience: str
    message_id: str
    state: str
    subject: str


@dataclass(frozen=True)
class Outgoing:
    """A message to be reserved: about what, to whom, in which words."""

    digest_id: str
    as_of: date
    channel: str
    audience: str
    message_id: str
    subject: str
    breaches: int
    content: bytes


def digest_id(as_of: date, audience: str, channel: str, about: str = BREACHES) -> str:
    """The one message on a channel to an audience about a day: its breaches, or something else."""
    return f"{as_of.isoformat()}/{audience}/{channel}" + ("" if about == BREACHES else f"/{about}")


def message_id(connection: SnowflakeConnection, digest: str, domain: str) -> str:
    """The Message-ID that follows from a digest's id and the database it is about."""
    unique = hashlib.sha256(f"{connection.account}/{connection.database}/{digest}".encode()).hexdigest()
    return f"<sla.{digest[:10].replace('-', '')}.{unique[:20]}@{domain}>"


def reserve(cursor: Cursor, message: Outgoing) -> None:
    """Put a message into the ledger, to be sent."""
    execute(
        cursor,
        "reserve_digest.sql",
        {
            "digest_id": message.digest_id,
            "as_of": message.as_of,
            "channel": message.channel,
            "audience": message.audience,
            "message_id": message.message_id,
            "subject": message.subject,
            "breaches": message.breaches,
            "now": now(),
        },
    )
    text = base64.b64encode(gzip.compress(message.content, mtime=0)).decode("ascii")
    for part, start in enumerate(range(0, len(text), _PART_CHARACTERS)):
        content = text[start : start + _PART_CHARACTERS]
        parameters = {"digest_id": message.digest_id, "part": part, "content": content}
        execute(cursor, "reserve_part.sql", parameters)


def update_about(number: int) -> str:
    """What the n-th update of a day is about, for `digest_id`."""
    return f"{UPDATE}-{number}"


def about_of(digest: str) -> str:
    """What a digest is about: the last part of its id, or the day's breaches."""
    return digest.split("/", 3)[3] if digest.count("/") > 2 else BREACHES


def is_an_update(digest: str) -> bool:
    """Whether it tells what has changed since the day's digest."""
    return about_of(digest).startswith(f"{UPDATE}-")


def is_about_breaches(digest: str) -> bool:
    """Whether it is the digest of a day's breaches, or an update of it, and not a notice."""
    return about_of(digest) == BREACHES or is_an_update(digest)


def reserved_on(connection: SnowflakeConnection, as_of: date) -> dict[str, str]:
    """The digests of a day that were reserved before: the audience by digest."""
    return dict(fetch(connection, "digests_of_day.sql", {"as_of": as_of}))


def unsent(connection: SnowflakeConnection) -> list[Reservation]:
    """Messages that nobody is known to have taken, oldest day first."""
    return [
        Reservation(identity, as_of, channel, audience, message, state, subject or "")
        for identity, as_of, channel, audience, message, state, subject in fetch(
            connection, "unsent_digests.sql"
        )
    ]


def content(connection: SnowflakeConnection, digest: str) -> bytes | None:
    """The message as it was reserved; None where an earlier version reserved it without."""
    parts = fetch(connection, "read_parts.sql", {"digest_id": digest})
    return gzip.decompress(base64.b64decode("".join(part for (part,) in parts))) if parts else None


def mark(connection: SnowflakeConnection, digest: str, state: str) -> None:
    """Say that a message is on its way now, or is not any more; commits."""
    with connection.cursor() as cursor:
        execute(cursor, "mark_digest.sql", {"digest_id": digest, "state": state, "sent_at": None})


def mark_sent(connection: SnowflakeConnection, digest: str) -> None:
    """Say that a message was taken, and of which alerts it has told, in one transaction."""
    with begun(connection) as cursor:
        execute(cursor, "mark_digest.sql", {"digest_id": digest, "state": SENT, "sent_at": now()})
        record_told(cursor, digest)
        execute(cursor, "forget_parts.sql", {"digest_id": digest})
        cursor.execute("commit")
