"""Try the stored blocks with what the pipeline will do with them. Nothing stays, nobody is sent a message."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from prefect_snowflake import SnowflakeConnector

from blocks.apart import require_own_database
from blocks.grants import USE_ROLE, Names, remedy
from blocks.load import load_email, load_slack, load_teams, load_warehouse, load_webhook
from blocks.names import EMAIL_TYPE, SLACK_TYPE, TEAMS_TYPE, WAREHOUSE_TYPE, WEBHOOK_TYPE
from blocks.probes import problems_of
from flows.alert.audiences import Audience, audiences_file, read_audiences
from flows.alert.channels.http import reach
from flows.alert.channels.smtp import connect as connect_mail
from flows.alert.channels.webhook import url_of
from flows.environments import Environment
from flows.errors import InputError, PipelineError, UnreachableError
from flows.warehouse import connect as connect_warehouse
from flows.warehouse import tag

TIMEOUT_SECONDS = 10.0
# How Snowflake refuses a login with a role that the user does not have.
_ROLE_NOT_GRANTED = "is not granted to this user"
Check = Callable[[], str]


class CheckError(PipelineError):
    """A block connects, but not all that is needed can be done with it; `problems` says what, a line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Finding:
    """One thing that a block's check found; `problem` is None where all is well."""

    block: str
    detail: str
    problem: str | None = None


def check_blocks(environment: Environment, audiences: Path | None = None) -> list[Finding]:
    """What is found of an environment's blocks: the warehouse's, the mail server's, those of its audiences.

    A block that works has one finding, another one for each problem. Never raises for a block that is missing
    or does not work.

    Args:
        environment: whose blocks.
        audiences: another file than the environment's.
    """
    checks: dict[str, Check] = {
        f"{WAREHOUSE_TYPE}/{environment.warehouse_block}": partial(_check_warehouse, environment),
        f"{EMAIL_TYPE}/{environment.email_block}": partial(_check_email, environment.email_block),
    }
    unreadable = []
    try:
        people = read_audiences(audiences or audiences_file(environment.name))
        for audience in (*people.all, *filter(None, [people.operators])):
            checks.update(_named_by(audience))
    except InputError as error:
        unreadable.append(Finding(audiences.name if audiences else "audiences", "", str(error)))
    return [finding for block, check in checks.items() for finding in _findings(block, check)] + unreadable


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


def _findings(block: str, check: Check) -> list[Finding]:
    try:
        return [Finding(block, check())]
    except CheckError as error:
        return [Finding(block, "", problem) for problem in error.problems]
    except PipelineError as error:
        return [Finding(block, "", str(error))]


def _check_warehouse(environment: Environment) -> str:
    connector = load_warehouse(environment.warehouse_block)
    credentials: Any = connector.credentials
    require_own_database(credentials.account, connector.database, environment.name)
    block = f"{WAREHOUSE_TYPE}/{environment.warehouse_block}"
    try:
        with connect_warehouse(connector, tag("check"), block) as connection:
            problems = problems_of(connection, _names(environment, connector, connection.role))
            host = connection.host
    except UnreachableError as error:
        if _ROLE_NOT_GRANTED not in str(error):
            raise
        missing = remedy(USE_ROLE, _names(environment, connector, None))
        raise UnreachableError(f"{error}; {missing}") from None
    if problems:
        raise CheckError(problems)
    return (
        f"database {connector.database} on {host} answers, and everything the pipeline does there is allowed"
    )


def _names(environment: Environment, connector: SnowflakeConnector, role: str | None) -> Names:
    credentials: Any = connector.credentials
    return Names(
        environment=environment.name,
        user=str(credentials.user),
        role=role or credentials.role or "ROLE",
        warehouse=connector.warehouse,
        database=connector.database,
    )


def _check_email(name: str) -> str:
    credentials = load_email(name)
    with connect_mail(credentials, name, TIMEOUT_SECONDS):
        return "the mail server accepts the connection" + (" and the login" if credentials.username else "")


def _check_webhook(block: str, read_url: Callable[[], str]) -> str:
    return reach(read_url(), block, TIMEOUT_SECONDS)
