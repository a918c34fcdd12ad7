"""Who is told what about a day: each audience's message, reserved with the lives it tells of."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import polars as pl
from snowflake.connector import SnowflakeConnection
from snowflake.connector.cursor import SnowflakeCursor as Cursor

from flows.alert.audiences import Audience, Audiences
from flows.alert.channels import Channel
from flows.alert.digest import ALL_CLEAR, BREACHES, DATA, Answers, Digest, Notice
from flows.alert.explain import explain
from flows.alert.findings import (
    Findings,
    plan_parameters,
    plan_statement,
    read_history,
    read_plan,
    read_population,
)
from flows.alert.ledger import execute, record_lives
from flows.alert.outbox import Letter, digest_id, is_about_breaches, message_id, reserve, reserved_on
from flows.errors import BlockError, InputError
from flows.ingest.transaction import begun

Link = Callable[[], str | None]


@dataclass(frozen=True)
class Words:
    """A message to an audience, before it has a channel; `about` is one of the kinds of `digest`."""

    audience: str
    about: str
    message: Digest | Notice
    breaches: int


class Teller:
    """What there is to say about one day, as the warehouse has it."""

    def __init__(
        self,
        connection: SnowflakeConnection,
        findings: Findings,
        people: Audiences,
        link: Link = lambda: None,
    ) -> None:
        """`link` finds the page where a digest can be answered; asked once, and only if there is a digest."""
        self.connection = connection
        self.findings = findings
        self.people = people
        self._link = link

    @cached_property
    def link(self) -> str | None:
        """Where a digest can be answered in a browser, if anywhere."""
        return self._link()

    @cached_property
    def _population(self) -> pl.DataFrame:
        return read_population(self.connection, self.findings.schema)

    def words_for(self, audience: Audience) -> Words | None:
        """What to say to an audience; None if nothing."""
        if self.findings.odd:
            return self._held_back(audience) if audience.is_default else None
        parameters = plan_parameters(self.findings.as_of, audience.name, audience.is_default)
        alerts = read_plan(self.connection, self.findings.schema, parameters)
        if alerts["section"].null_count() == alerts.height:
            return self._all_clear(audience, alerts)
        digest = Digest(
            digest_id="",
            as_of=self.findings.as_of,
            audience=audience.name,
            alerts=alerts,
            history=read_history(self.connection, self.findings.schema, parameters),
            answers=Answers("", ""),
            explanation=explain(alerts, self._population),
        )
        return Words(audience.name, BREACHES, digest, digest.counts.open)

    def addressed(self, words: Words, channel: str) -> Digest | Notice:
        """The message for one channel: it names its own digest."""
        identity = digest_id(self.findings.as_of, words.audience, channel, words.about)
        if isinstance(words.message, Notice):
            return replace(words.message, digest_id=identity)
        return replace(words.message, digest_id=identity, answers=answers_to(identity, self.link))

    def _all_clear(self, audience: Audience, alerts: pl.DataFrame) -> Words | None:
        day = self.findings.as_of
        is_clear = not alerts.filter(pl.col("state") != "at_risk").height
        if self.findings.is_look_back or not is_clear or not self.people.is_all_clear_day(day):
            return None
        at_risk = f" {alerts.height:,} at risk, as told before." if alerts.height else ""
        return Words(audience.name, ALL_CLEAR, all_clear(day, audience.name, at_risk), 0)

    def _held_back(self, audience: Audience) -> Words:
        reasons = tuple(self.findings.odd)
        kinds = " and ".join(sorted({reason.partition(":")[0] for reason in reasons}))
        day = self.findings.as_of
        notice = Notice(
            digest_id="",
            as_of=day,
            audience=audience.name,
            subject=f"[SLA] The data is {kinds}: digest held back, {day.day} {day:%b %Y}",
            title="The data cannot be judged by",
            paragraphs=(
                f"No SLA digest was sent for {day} (UTC), because of what follows. No alert was opened or "
                "resolved.",
                "Once the data is right, run the pipeline for this day again: the digest is sent then. How "
                "this is decided is described at the model data_health.",
            ),
            reasons=reasons,
        )
        return Words(audience.name, DATA, notice, self.findings.open)


def all_clear(day: date, audience: str, at_risk: str = "") -> Notice:
    """The message that says that there is nothing to say."""
    return Notice(
        digest_id="",
        as_of=day,
        audience=audience,
        subject=f"[SLA] All clear, {day.day} {day:%b}",
        title="All clear",
        paragraphs=(f"No promise is broken at the end of {day} (UTC).{at_risk}",),
    )


def answers_to(identity: str, link: str | None) -> Answers:
    """How to answer a digest."""
    return Answers(
        acknowledge=f"python -m flows.alert ack --digest {identity} --by NAME",
        snooze="python -m flows.alert snooze --order ORDER --rule RULE --until YYYY-MM-DD --by NAME",
        link=link,
    )


def reserve_day(teller: Teller, channels: dict[str, list[Channel]]) -> list[str]:
    """Reserve what there is to say to each audience, with the lives it tells of; commits.

    A channel that has its digest of the day gets no other: what the day's data say later is told with the
    next day. A look back says what that day would have said, and leaves the lives alone.

    Args:
        teller: what there is to say.
        channels: those of each audience.

    Returns:
        In words, what could not be reserved because a channel cannot be used. Nothing of it is lost: what an
        audience was not told is told with its next digest.
    """
    connection, findings = teller.connection, teller.findings
    before = reserved_on(connection, findings.as_of)
    letters, problems = [], []
    for audience in teller.people.all:
        for channel, words in _unsaid(teller, audience, channels[audience.name], before):
            try:
                letters.append(_letter(teller, words, channel))
            except (BlockError, InputError) as error:
                problems.append(f"{audience.name} cannot be told by {channel.kind}: {error}")
    told = {audience for identity, audience in before.items() if is_about_breaches(identity)}
    with begun(connection) as cursor:
        for letter in letters:
            reserve(cursor, letter)
            if is_about_breaches(letter.digest_id) and not findings.is_look_back:
                _reserve_lines(cursor, teller, letter, is_first=letter.audience not in told)
                told.add(letter.audience)
        if not findings.odd and not findings.is_look_back:
            record_lives(cursor, findings.as_of)
        cursor.execute("commit")
    return problems


def _unsaid(
    teller: Teller, audience: Audience, channels: list[Channel], before: Collection[str]
) -> list[tuple[Channel, Words]]:
    """What there is to say to an audience, on the channels that have not said it."""

    def missing(about: str) -> list[Channel]:
        day = teller.findings.as_of
        return [one for one in channels if digest_id(day, audience.name, one.kind, about) not in before]

    words = teller.words_for(audience) if missing(DATA if teller.findings.odd else BREACHES) else None
    return [(channel, words) for channel in missing(words.about)] if words else []


def _reserve_lines(cursor: Cursor, teller: Teller, letter: Letter, is_first: bool) -> None:
    """Note of which alerts a digest tells; on a second channel that is no second telling."""
    is_default = letter.audience == teller.people.default.name
    parameters = plan_parameters(letter.as_of, letter.audience, is_default)
    lines = {"digest_id": letter.digest_id, "is_first": int(is_first)}
    execute(cursor, "reserve_lines.sql", parameters | lines, plan=plan_statement(teller.findings.schema))


def _letter(teller: Teller, words: Words, channel: Channel) -> Letter:
    message = teller.addressed(words, channel.kind)
    identity = message_id(teller.connection, message.digest_id, channel.domain)
    return Letter(
        digest_id=message.digest_id,
        as_of=teller.findings.as_of,
        channel=channel.kind,
        audience=words.audience,
        message_id=identity,
        subject=message.subject,
        breaches=words.breaches,
        content=channel.render(message, identity),
    )
