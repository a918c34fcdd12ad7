"""Try the stored blocks: connect, log in, ask something trivial, hang up. Nobody is sent a message."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from blocks.load import load_email, load_slack, load_teams, load_warehouse, load_webhook
from blocks.names import (
    EMAIL_BLOCK,
    EMAIL_TYPE,
    SLACK_TYPE,
    TEAMS_TYPE,
    WAREHOUSE_BLOCK,
    WAREHOUSE_SLUG,
    WEBHOOK_TYPE,
)
from flows.alert.audiences import FILE, Audience, read_audiences
from flows.alert.channels.http import reach
from flows.alert.channels.smtp import connect as connect_mail
from flows.alert.channels.webhook import url_of
from flows.errors import InputError, PipelineError
from flows.warehouse import connect as connect_warehouse

TIMEOUT_SECONDS = 10.0
Check = Callable[[], str]


@dataclass(frozen=True)
class Finding:
    """What one block's check found; `problem` is None where all is well."""

    block: str
    detail: str
    problem: str | None = None


def check_blocks(audiences: Path | None = None) -> list[Finding]:
    """One finding a block: the warehouse's, the mail server's, and each that `audiences.toml` names.

    Never raises for a block that is missing or does not work.

    Args:
        audiences: another file than the repository's.
    """
    checks: dict[str, Check] = {
        WAREHOUSE_SLUG: _check_warehouse,
        f"{EMAIL_TYPE}/{EMAIL_BLOCK}": partial(_check_email, EMAIL_BLOCK),
    }
    unreadable = []
    try:
        for audience in read_audiences(audiences).all:
            checks.update(_named_by(audience))
    except InputError as error:
        unreadable.append(Finding((audiences or FILE).name, "", str(error)))
    return [_finding(block, check) for block, check in checks.items()] + unreadable


def _named_by(audience: Audience) -> Iterator[tuple[str, Check]]:
    reached = audience.reached
    if reached.email and reached.email.block:
        yield f"{EMAIL_TYPE}/{reached.email.block}", partial(_check_email, reached.email.block)
    for slug, named, url in (
        (SLACK_TYPE, reached.slack, lambda name: load_slack(name).url.get_secret_value()),
        (TEAMS_TYPE, reached.teams, lambda name: load_teams(name).url.get_secret_value()),
        (WEBHOOK_TYPE, reached.webhook, lambda name: url_of(load_webhook(name))),
    ):
        if named:
            yield (
                f"{slug}/{named.block}",
                partial(_check_webhook, f"{slug}/{named.block}", partial(url, named.block)),
            )


def _finding(block: str, check: Check) -> Finding:
    try:
        return Finding(block, check())
    except PipelineError as error:
        return Finding(block, "", str(error))


def _check_warehouse() -> str:
    connector = load_warehouse(WAREHOUSE_BLOCK)
    with connect_warehouse(connector) as connection, connection.cursor() as cursor:
        cursor.execute("select 1")
        return f"database {connector.database} on {connection.host} answers"


def _check_email(name: str) -> str:
    credentials = load_email(name)
    with connect_mail(credentials, name):
        return "the mail server accepts the connection" + (" and the login" if credentials.username else "")


def _check_webhook(block: str, read_url: Callable[[], str]) -> str:
    return reach(read_url(), block, TIMEOUT_SECONDS)
