"""A day's messages and the lives they tell of, put into the ledger in one transaction."""

from collections.abc import Collection, Mapping

from snowflake.connector.cursor import SnowflakeCursor as Cursor

from flows.alert.audiences import Audience
from flows.alert.channels import Channel
from flows.alert.digest import BREACHES, DATA
from flows.alert.findings import plan_parameters, plan_statement
from flows.alert.ledger import execute, record_lives
from flows.alert.outbox import (
    Outgoing,
    about_of,
    digest_id,
    is_about_breaches,
    is_an_update,
    message_id,
    reserve,
    reserved_on,
    update_about,
)
from flows.alert.telling import Teller, Words
from flows.errors import BlockError, InputError
from flows.ingest.transaction import begun


def reserve_day(teller: Teller, channels: dict[str, list[Channel]], is_update: bool = False) -> list[str]:
    """Reserve what there is to say to each audience, with the lives it tells of; commits.

    A channel that has its digest of the day gets no other: what the day's data say later is told by an
    update, or with the next day. A look back says what that day would have said, and leaves the lives alone.

    Args:
        teller: what there is to say.
        channels: those of each audience.
        is_update: say only what was opened, escalated or resolved since the last message about the day.

    Returns:
        In words, what could not be reserved because a channel cannot be used. Nothing of it is lost: what an
        audience was not told is told with its next digest.
    """
    connection, findings = teller.connection, teller.findings
    before = reserved_on(connection, findings.as_of)
    outgoing, problems = [], []
    for audience in teller.people.all:
        about = update_about(_updates(before, audience) + 1) if is_update else BREACHES
        for channel, words in _unsaid(teller, audience, channels[audience.name], before, about):
            try:
                outgoing.append(_outgoing(teller, words, channel))
            except (BlockError, InputError) as error:
                problems.append(f"{audience.name} cannot be told by {channel.kind}: {error}")
    told = {(audience, about_of(identity)) for identity, audience in before.items()}
    with begun(connection) as cursor:
        for message in outgoing:
            reserve(cursor, message)
            if is_about_breaches(message.digest_id) and not findings.is_look_back:
                telling = (message.audience, about_of(message.digest_id))
                _reserve_lines(cursor, teller, message, is_first=telling not in told)
                told.add(telling)
        if not findings.odd and not findings.is_look_back:
            record_lives(cursor, findings.as_of)
        cursor.execute("commit")
    return problems


def _updates(before: Mapping[str, str], audience: Audience) -> int:
    """How many updates of the day an audience has had."""
    return len({about_of(one) for one, name in before.items() if name == audience.name and is_an_update(one)})


def _unsaid(
    teller: Teller, audience: Audience, channels: list[Channel], before: Collection[str], about: str
) -> list[tuple[Channel, Words]]:
    """What there is to say to an audience, on the channels that have not said it."""

    def missing(about: str) -> list[Channel]:
        day = teller.findings.as_of
        return [one for one in channels if digest_id(day, audience.name, one.kind, about) not in before]

    words = teller.words_for(audience, about) if missing(DATA if teller.findings.odd else about) else None
    return [(channel, words) for channel in missing(words.about)] if words else []


def _reserve_lines(cursor: Cursor, teller: Teller, message: Outgoing, is_first: bool) -> None:
    """Note of which alerts a digest tells; on a second channel that is no second telling."""
    is_default = message.audience == teller.people.default.name
    is_update = is_an_update(message.digest_id)
    parameters = plan_parameters(message.as_of, message.audience, is_default, is_update)
    lines = {"digest_id": message.digest_id, "is_first": int(is_first)}
    execute(cursor, "reserve_lines.sql", parameters | lines, plan=plan_statement(teller.findings.schema))


def _outgoing(teller: Teller, words: Words, channel: Channel) -> Outgoing:
    message = teller.addressed(words, channel.kind)
    identity = message_id(teller.connection, message.digest_id, channel.domain)
    return Outgoing(
        digest_id=message.digest_id,
        as_of=teller.findings.as_of,
        channel=channel.kind,
        audience=words.audience,
        message_id=identity,
        subject=message.subject,
        breaches=words.breaches,
        content=channel.render(message, identity),
    )
