"""`audiences.toml`: who is told, on which channels."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from blocks.names import EMAIL_BLOCK
from flows.alert.channels import Channel
from flows.alert.channels.email import EmailChannel, is_address
from flows.alert.channels.slack import SlackChannel
from flows.alert.channels.teams import TeamsChannel
from flows.alert.channels.webhook import WebhookChannel
from flows.environments import PRODUCTION
from flows.errors import InputError, printable
from flows.paths import REPOSITORY
from flows.toml_file import complaints, read_toml

FILE = REPOSITORY / "audiences.toml"
OPERATORS = "operators"
DEFAULT = "default"
NEVER = "never"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_BLOCK_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_UNKNOWN = (
    "unknown key; known: all_clear, operators, audiences; email, slack, teams, webhook; to, block, from"
)


def parse_addresses(alert_to: str | Sequence[str]) -> list[str]:
    """One or several addresses, given as a list or as text separated by commas.

    Raises:
        InputError: there is none, or one cannot be an address.
    """
    texts = alert_to.split(",") if isinstance(alert_to, str) else list(alert_to)
    addresses = [text.strip() for text in texts if text.strip()]
    if not addresses:
        raise InputError("alert_to: give at least one e-mail address")
    for address in addresses:
        if not is_address(address):
            raise InputError(f"alert_to: {address!r} is not an e-mail address (name@host)")
    return list(dict.fromkeys(addresses))


def _plain(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _address(text: str) -> str:
    if not is_address(text.strip()):
        raise ValueError("should be an e-mail address (name@host)")
    return text.strip()


def _table(example: str) -> BeforeValidator:
    def check(value: object) -> object:
        if not isinstance(value, dict | BaseModel):
            raise ValueError(f"should be one table, such as {example}")
        return value

    return BeforeValidator(check)


Address = Annotated[str, AfterValidator(_address)]


class Email(BaseModel):
    """E-mail to somebody. Without `block` the flow's own is used, without `from` its user name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Annotated[tuple[Address, ...], Field(min_length=1)]
    block: str | None = None
    sender: Annotated[Address | None, Field(alias="from")] = None


class Webhook(BaseModel):
    """A block that keeps a webhook's URL."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    block: str


_Webhook = Annotated[Webhook, _table('{ block = "BLOCK" }')]


class Reached(BaseModel):
    """The channels of one audience, each kind at most once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    email: Annotated[Email, _table('{ to = ["name@example.com"] }')] | None = None
    slack: _Webhook | None = None
    teams: _Webhook | None = None
    webhook: _Webhook | None = None

    @model_validator(mode="after")
    def _by_something(self) -> "Reached":
        if not (self.email or self.slack or self.teams or self.webhook):
            raise ValueError("has no channel; give it email, slack, teams or webhook")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    all_clear: Annotated[Literal[(*WEEKDAYS, NEVER)], BeforeValidator(_plain)] = NEVER  # type: ignore[valid-type]
    operators: Annotated[Reached, _table('[operators] with email = { to = ["name@example.com"] }')] | None = (
        None
    )
    audiences: dict[
        str, Annotated[Reached, _table('[audiences.NAME] with email = { to = ["name@example.com"] }')]
    ]


@dataclass(frozen=True)
class Audience:
    """Whom a digest is for: the owner of a rule, or `default`, who gets every alert."""

    name: str
    reached: Reached

    @property
    def is_default(self) -> bool:
        """Whether every alert is for it."""
        return self.name == DEFAULT


@dataclass(frozen=True)
class Audiences:
    """Everybody who is told, the default audience first; `all_clear` is a weekday or `never`.

    `operators` are told of runs that fail, and of silence, but not of alerts.
    """

    all: tuple[Audience, ...]
    all_clear: str = NEVER
    operators: Audience | None = None

    @property
    def default(self) -> Audience:
        """Who gets every alert."""
        return self.all[0]

    def is_all_clear_day(self, day: date) -> bool:
        """Whether people without an open alert are told so on this as-of day."""
        return WEEKDAYS[day.weekday()] == self.all_clear

    def channels(self, audience: Audience, email_block: str = EMAIL_BLOCK) -> list[Channel]:
        """The audience's channels; no block is loaded yet.

        Args:
            audience: whose.
            email_block: the block for e-mail where the file names none.
        """
        reached = audience.reached
        channels: list[Channel] = []
        if reached.email:
            email = reached.email
            channels.append(EmailChannel(email.to, email.sender, email.block or email_block))
        if reached.slack:
            channels.append(SlackChannel(reached.slack.block))
        if reached.teams:
            channels.append(TeamsChannel(reached.teams.block))
        if reached.webhook:
            channels.append(WebhookChannel(reached.webhook.block))
        return channels


def audiences_file(environment: str) -> Path:
    """The file that says who is told in an environment. None falls back to production's people.

    Raises:
        InputError: it is not there.
    """
    if environment == PRODUCTION:
        return FILE
    path = FILE.with_suffix(f".{environment}{FILE.suffix}")
    if not path.is_file():
        raise InputError(
            f"{path}: no such file, which would say who is told in the environment {environment}; "
            f"{FILE.name} is production's and an example"
        )
    return path


def read_audiences(
    path: Path | None = None, alert_to: str | Sequence[str] | None = None, alert_from: str | None = None
) -> Audiences:
    """Read an `audiences.toml`.

    Args:
        path: the file; by default the one of the repository.
        alert_to: who gets the e-mail of the default audience, instead of whom the file names.
        alert_from: who sends it, and all other e-mail whose sender the file does not name.

    Raises:
        InputError: the file cannot be read, or says what cannot be; one line that names every such key. Or an
            address given is none.
    """
    recipients = None if alert_to is None else parse_addresses(alert_to)
    if alert_from and not is_address(alert_from):
        raise InputError(f"alert_from: {alert_from!r} is not an e-mail address (name@host)")
    file = _validated(path or FILE)
    names = [DEFAULT, *(name for name in file.audiences if name != DEFAULT)]
    found = [
        Audience(name, _sent_by(file.audiences[name], alert_from or None, name == DEFAULT)) for name in names
    ]
    if recipients is not None:
        default = found[0].reached
        email = default.email or Email.model_validate({"to": recipients, "from": alert_from or None})
        replaced = default.model_copy(update={"email": email.model_copy(update={"to": tuple(recipients)})})
        found[0] = Audience(DEFAULT, replaced)
    operators = (
        Audience(OPERATORS, _sent_by(file.operators, alert_from or None, False)) if file.operators else None
    )
    return Audiences(tuple(found), file.all_clear, operators)


def _sent_by(reached: Reached, sender: str | None, always: bool) -> Reached:
    if not reached.email or not sender or (reached.email.sender and not always):
        return reached
    return reached.model_copy(update={"email": reached.email.model_copy(update={"sender": sender})})


def _validated(path: Path) -> _File:
    content = read_toml(path, FILE.name)
    wrong = list(_wrong_names(content.get("audiences", {})))
    wrong += _wrong_blocks(OPERATORS, content.get("operators"))
    file = None
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        wrong = complaints(error, _UNKNOWN) + wrong
    if wrong or file is None:
        # what people name may hold anything, line ends included
        raise InputError(printable(" ".join(f"{path}: {'; '.join(wrong)}".split())))
    return file


def _wrong_names(audiences: Any) -> Iterator[str]:
    if not isinstance(audiences, dict):
        return
    for name, reached in audiences.items():
        if not _NAME.fullmatch(name):
            yield (
                f"audiences.{name}: a name has at most 64 letters, digits, dashes, dots and underscores, and "
                "begins with a letter or digit"
            )
        yield from _wrong_blocks(f"audiences.{name}", reached)
    if DEFAULT not in audiences:
        yield f"audiences: needs a table [audiences.{DEFAULT}], whom every alert is for"


def _wrong_blocks(table: str, reached: Any) -> Iterator[str]:
    for kind, channel in reached.items() if isinstance(reached, dict) else ():
        block = channel.get("block") if isinstance(channel, dict) else None
        if isinstance(block, str) and not _BLOCK_NAME.fullmatch(block):
            # not shown: people write the URL there, which is a secret
            yield (
                f"{table}.{kind}.block: should be the name of a Prefect block: small letters, digits, dashes"
            )
