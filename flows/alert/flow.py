"""The SLA step: compare the alert mart with the ledger, and tell each audience once what has changed."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact
from snowflake.connector import SnowflakeConnection

from blocks.load import load_warehouse
from blocks.names import EMAIL_BLOCK, WAREHOUSE_BLOCK
from flows.alert.answer_page import answer_page
from flows.alert.audiences import Audiences, audiences_file, read_audiences
from flows.alert.findings import Breach, Findings, read_findings
from flows.alert.reserving import reserve_day
from flows.alert.sending import Message, Sent, send_reserved
from flows.alert.telling import Teller
from flows.environments import PRODUCTION
from flows.errors import DeliveryError
from flows.transform.turn import our_turn
from flows.warehouse import opener


@dataclass(frozen=True)
class AlertSummary:
    """Alerts as of the day, the messages this run sent, and the worst open breaches.

    `held_back` says why there is no digest about them: the day's data cannot be judged by.
    """

    opened: int
    open: int
    at_risk: int
    resolved: int
    messages: list[Message] = field(default_factory=list)
    worst: list[Breach] = field(default_factory=list)
    held_back: list[str] = field(default_factory=list)


class UndeliveredError(DeliveryError):
    """Somebody was not told; everything else is done, and `summary` says what."""

    def __init__(self, problems: list[str], summary: AlertSummary) -> None:
        super().__init__("; ".join(problems))
        self.summary = summary


@flow(name="check-sla", flow_run_name="check-sla {as_of}", validate_parameters=False)
def check_sla(
    as_of: date,
    alert_to: str | list[str] | None = None,
    notify: bool = True,
    warehouse_block: str = WAREHOUSE_BLOCK,
    email_block: str = EMAIL_BLOCK,
    alert_from: str | None = None,
    audiences: str | None = None,
    environment: str = PRODUCTION,
    is_update: bool = False,
) -> AlertSummary:
    """Tell each audience once what has changed as of the day. Expects the models built for `as_of`.

    Where the day's data is too odd to be judged by, one message says so instead, and nothing is opened or
    resolved.

    Args:
        as_of: the day that is closed.
        alert_to: who gets the digest of the default audience, instead of whom its file names.
        notify: whether to tell anybody; without, the ledger is left as it is.
        warehouse_block: name of the `snowflake-connector` block.
        email_block: name of the `email-server-credentials` block, where `audiences.toml` names none.
        alert_from: sender of e-mails, by default the user name of that block.
        audiences: path of another file than the environment's, such as `audiences.toml`.
        environment: whose database it is.
        is_update: tell only what was opened, escalated or resolved since the last message about the day.

    Raises:
        UndeliveredError: somebody could not be told; everybody else was.
    """
    logger = get_run_logger()
    people = people_to_tell(audiences or str(audiences_file(environment)), alert_to, alert_from)
    connect = opener(load_warehouse(warehouse_block), warehouse_block, "check-sla", as_of)
    with our_turn(connect, logger.info, "telling people", environment=environment), connect() as connection:
        findings = read_findings(connection, as_of)
        for reason in findings.odd:
            logger.warning("the data of %s is %s; the SLA digest is held back", as_of, reason)
        sent = _tell(connection, findings, people, email_block, is_update) if notify else Sent()
    if not notify:
        logger.info("%s open breach(es); asked not to notify", f"{findings.open:,}")
    elif not sent.messages and not sent.problems:
        logger.info("nothing new to say as of %s, no message sent", as_of)
    _publish(findings, sent)
    summary = AlertSummary(
        opened=findings.opened,
        open=findings.open,
        at_risk=findings.at_risk,
        resolved=findings.resolved,
        messages=sent.messages,
        worst=findings.worst,
        held_back=findings.odd,
    )
    if sent.problems:
        raise UndeliveredError(sent.problems, summary)
    return summary


def people_to_tell(
    audiences: str | None, alert_to: str | list[str] | None, alert_from: str | None
) -> Audiences:
    """Who is told, as the file and the parameters say.

    Raises:
        InputError: one of them is wrong.
    """
    return read_audiences(Path(audiences) if audiences else None, alert_to, alert_from)


def _tell(
    connection: SnowflakeConnection,
    findings: Findings,
    people: Audiences,
    email_block: str,
    is_update: bool,
) -> Sent:
    logger = get_run_logger()
    channels = {audience.name: people.channels(audience, email_block) for audience in people.all}
    problems = reserve_day(Teller(connection, findings, people, answer_page), channels, is_update)
    sent = send_reserved(connection, channels, logger.info, logger.warning)
    sent.problems += problems
    for problem in sent.problems:
        logger.error("not delivered: %s", problem)
    return sent


def _publish(findings: Findings, sent: Sent) -> None:
    if sent.messages or sent.problems:
        _publish_messages(findings, sent)
    create_table_artifact(
        key="sla-breaches",
        description=f"{findings.open:,} open breaches as of {findings.as_of}, worst first",
        table=[
            {
                "order": breach.order_id,
                "rule": breach.rule_id,
                "days": breach.days_elapsed,
                "over": breach.days_over,
                "status": breach.status,
                "state": breach.state,
            }
            for breach in findings.worst
        ],
    )


def _publish_messages(findings: Findings, sent: Sent) -> None:
    told = [
        {"channel": message.channel, "to": ", ".join(message.to), "what": message.message_id}
        for message in sent.messages
    ]
    create_table_artifact(
        key="digests",
        description=f"messages about {findings.as_of}: {len(told)} sent, {len(sent.problems)} not delivered",
        table=told + [{"channel": "", "to": "not delivered", "what": one} for one in sent.problems],
    )
