"""A notice to the operators, by every channel they have. Needs no warehouse, which may be what is down."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from flows.alert.audiences import OPERATORS, audiences_file, read_audiences
from flows.alert.channels import Channel
from flows.alert.delivery import Patience, deliver
from flows.alert.digest import Notice
from flows.environments import Environment
from flows.errors import PipelineError

# Whoever waits for this is a run that failed, or a person: not for long.
PATIENCE = Patience(tries=3, first_wait=1.0, longest_wait=10.0)


@dataclass
class Told:
    """Whom a notice reached, and in words whom it did not."""

    reached: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def tell(
    notice: Notice,
    key: str,
    environment: Environment,
    report: Callable[[str], None],
    audiences: Path | None = None,
) -> Told:
    """Send a notice to the operators of an environment.

    Args:
        notice: what to say.
        key: what it is about. A second message about the same has the same Message-ID.
        environment: whose operators, and whose block for e-mail where their table names none.
        report: told one line before each further try.
        audiences: another file than the environment's.

    Raises:
        InputError: the file that says who the operators are cannot be used.
    """
    file = audiences or audiences_file(environment.name)
    people = read_audiences(file)
    told = Told()
    if people.operators is None:
        told.problems.append(f"{file} has no table [operators]")
        return told
    for channel in people.channels(people.operators, environment.email_block):
        try:
            told.reached += _deliver(channel, notice, key, report)
        except PipelineError as error:
            told.problems.append(f"{OPERATORS} cannot be told by {channel.kind}: {error}")
    return told


def _deliver(channel: Channel, notice: Notice, key: str, report: Callable[[str], None]) -> list[str]:
    unique = hashlib.sha256(f"{key}/{channel.kind}".encode()).hexdigest()[:20]
    message_id = f"<operators.{unique}@{channel.domain}>"
    receipt = deliver(channel, channel.render(notice, message_id), message_id, report, PATIENCE)
    return receipt.reached


def notice(subject: str, title: str, paragraphs: tuple[str, ...], reference: str) -> Notice:
    """A notice to the operators, dated now; nothing is judged by that."""
    now = datetime.now(UTC)
    return Notice(
        digest_id=reference,
        as_of=now.date(),
        audience=OPERATORS,
        subject=subject,
        title=title,
        paragraphs=paragraphs,
        dateline=f"{now:%Y-%m-%d %H:%M} UTC",
        reference=reference,
    )
