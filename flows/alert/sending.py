"""Sending what is reserved: oldest first, each on its own, so that one that fails stops no other."""

from collections.abc import Callable
from dataclasses import dataclass, field

from snowflake.connector import SnowflakeConnection

from flows.alert import outbox
from flows.alert.channels import Channel
from flows.alert.delivery import deliver
from flows.alert.outbox import Reservation
from flows.errors import BlockError, DeliveryError, InputError


@dataclass(frozen=True)
class Message:
    """A message that left: the channel, who received it, and its Message-ID."""

    channel: str
    to: list[str]
    message_id: str


@dataclass
class Sent:
    """What left, and in words what did not."""

    messages: list[Message] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def send_reserved(
    connection: SnowflakeConnection,
    channels: dict[str, list[Channel]],
    report: Callable[[str], None],
    warn: Callable[[str], None],
) -> Sent:
    """Send every message that nobody is known to have taken, also those of earlier days.

    Args:
        connection: to the ledger.
        channels: those of each audience.
        report: told one line a message.
        warn: told what people should know of, such as a message that may arrive twice.
    """
    sent = Sent()
    for reserved in outbox.unsent(connection):
        channel = _channel(reserved, channels)
        content = outbox.content(connection, reserved.digest_id)
        if channel is None or content is None:
            reason = "no audience has this channel any more" if channel is None else "its text is not kept"
            warn(f"the message {reserved.digest_id} waits: {reason}")
            continue
        if reserved.state == outbox.SENDING:
            warn(
                f"a run ended while it sent {reserved.digest_id}: it may have arrived, and is sent again "
                f"under the same Message-ID {reserved.message_id}"
            )
        _send(connection, channel, reserved, content, sent, report)
    return sent


def _send(
    connection: SnowflakeConnection,
    channel: Channel,
    reserved: Reservation,
    content: bytes,
    sent: Sent,
    report: Callable[[str], None],
) -> None:
    outbox.mark(connection, reserved.digest_id, outbox.SENDING)
    try:
        receipt = deliver(channel, content, reserved.message_id, report)
    except (DeliveryError, BlockError, InputError) as error:
        outbox.mark(connection, reserved.digest_id, outbox.RESERVED)
        sent.problems.append(f"{reserved.digest_id}: {error}")
        return
    outbox.mark_sent(connection, reserved.digest_id)
    report(f"{reserved.subject} → {', '.join(receipt.reached)} ({reserved.message_id})")
    sent.messages.append(Message(reserved.channel, list(receipt.reached), reserved.message_id))
    if receipt.refused:
        refused = "; ".join(f"{recipient}: {words}" for recipient, words in receipt.refused.items())
        sent.problems.append(
            f"{reserved.digest_id} reached {', '.join(receipt.reached)} but the server refused {refused}"
        )


def _channel(reserved: Reservation, channels: dict[str, list[Channel]]) -> Channel | None:
    return next((one for one in channels.get(reserved.audience, []) if one.kind == reserved.channel), None)
