"""What there is to say about a day, and to whom."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl
from snowflake.connector import SnowflakeConnection

from flows.alert.audiences import Audience, Audiences
from flows.alert.digest import ALL_CLEAR, BREACHES, DATA, Answers, Digest, Notice
from flows.alert.explain import explain
from flows.alert.findings import Findings, plan_parameters, read_history, read_plan, read_population
from flows.alert.notices import all_clear, held_back
from flows.alert.outbox import digest_id

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

    def words_for(self, audience: Audience, about: str = BREACHES) -> Words | None:
        """What to say to an audience; None if nothing. `about` is `BREACHES`, or names an update."""
        if self.findings.odd:
            if not audience.is_default:
                return None
            notice = held_back(self.findings.as_of, audience.name, self.findings.odd)
            return Words(audience.name, DATA, notice, self.findings.open)
        is_update = about != BREACHES
        parameters = plan_parameters(self.findings.as_of, audience.name, audience.is_default, is_update)
        alerts = read_plan(self.connection, self.findings.schema, parameters)
        if alerts["section"].null_count() == alerts.height:
            return None if is_update else self._all_clear(audience, alerts)
        digest = Digest(
            digest_id="",
            as_of=self.findings.as_of,
            audience=audience.name,
            alerts=alerts,
            history=read_history(self.connection, self.findings.schema, parameters),
            answers=Answers("", ""),
            explanation=explain(alerts, self._population),
            is_update=is_update,
        )
        return Words(audience.name, about, digest, digest.counts.open)

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
        return Words(audience.name, ALL_CLEAR, all_clear(day, audience.name, alerts.height), 0)


def answers_to(identity: str, link: str | None) -> Answers:
    """How to answer a digest."""
    return Answers(
        acknowledge=f"python -m flows.alert ack --digest {identity} --by NAME",
        snooze="python -m flows.alert snooze --order ORDER --rule RULE --until YYYY-MM-DD --by NAME",
        link=link,
    )
