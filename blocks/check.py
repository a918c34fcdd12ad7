"""Try the stored blocks: connect, log in, ask something trivial, hang up."""

from collections.abc import Callable
from dataclasses import dataclass

from blocks.load import load_email, load_warehouse
from blocks.names import EMAIL_BLOCK, EMAIL_SLUG, WAREHOUSE_BLOCK, WAREHOUSE_SLUG
from flows.alert.mail import connect as connect_mail
from flows.errors import PipelineError
from flows.warehouse import connect as connect_warehouse


@dataclass(frozen=True)
class Finding:
    """What one block's check found; `problem` is None where all is well."""

    block: str
    detail: str
    problem: str | None = None


def check_blocks() -> list[Finding]:
    """One finding a block. Never raises for a block that is missing or does not work."""
    return [_finding(WAREHOUSE_SLUG, _check_warehouse), _finding(EMAIL_SLUG, _check_email)]


def _finding(block: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(block, check())
    except PipelineError as error:
        return Finding(block, "", str(error))


def _check_warehouse() -> str:
    connector = load_warehouse(WAREHOUSE_BLOCK)
    with connect_warehouse(connector) as connection, connection.cursor() as cursor:
        cursor.execute("select 1")
        return f"database {connector.database} on {connection.host} answers"


def _check_email() -> str:
    credentials = load_email(EMAIL_BLOCK)
    with connect_mail(credentials, EMAIL_BLOCK) as server:
        server.noop()
    return "the mail server accepts the connection" + (" and the login" if credentials.username else "")
