"""The SLA step: compare the alert mart with the ledger, and send one digest if there is a breach."""

from dataclasses import dataclass, field
from datetime import date

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact
from snowflake.connector import SnowflakeConnection

from blocks.load import load_email, load_warehouse
from blocks.names import EMAIL_BLOCK, WAREHOUSE_BLOCK
from flows.alert.digest import WORST, Digest, render, render_data_health
from flows.alert.ledger import (
    ABOUT_BREACHES,
    ABOUT_DATA,
    CHANNEL,
    Breach,
    Findings,
    create_ledger,
    find_digest,
    read_findings,
    record,
    reserve_digest,
)
from flows.alert.mail import compose, connect, parse_addresses, send, sender_address
from flows.errors import DeliveryError
from flows.warehouse import opener

DEFAULT_ALERT_TO = "order-team@example.com"


@dataclass(frozen=True)
class Message:
    """A message that left: the channel, who received it, and its Message-ID."""

    channel: str
    to: list[str]
    message_id: str


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


@flow(name="check-sla", flow_run_name="check-sla {as_of}")
def check_sla(
    as_of: date,
    alert_to: str | list[str] = DEFAULT_ALERT_TO,
    notify: bool = True,
    warehouse_block: str = WAREHOUSE_BLOCK,
    email_block: str = EMAIL_BLOCK,
    alert_from: str | None = None,
) -> AlertSummary:
    """Send the day's digest, once, if promises are broken and open. Expects the models built for `as_of`.

    Where the day's data is too odd to be judged by, one message says so instead, and nothing is opened or
    resolved.
    """
    recipients = parse_addresses(alert_to)
    with opener(load_warehouse(warehouse_block), warehouse_block, "check-sla", as_of)() as connection:
        create_ledger(connection)
        findings = read_findings(connection, as_of)
        messages = (
            _notify(connection, findings, recipients, email_block, alert_from)
            if notify
            else _stay_silent(findings)
        )
    _publish(findings)
    return AlertSummary(
        opened=0 if findings.odd else findings.opened,
        open=len(findings.breaches),
        at_risk=findings.at_risk,
        resolved=0 if findings.odd else findings.resolved,
        messages=messages,
        worst=findings.breaches[:WORST],
        held_back=findings.odd,
    )


def _stay_silent(findings: Findings) -> list[Message]:
    get_run_logger().info("%s open breach(es); asked not to notify", f"{len(findings.breaches):,}")
    return []


def _notify(
    connection: SnowflakeConnection,
    findings: Findings,
    recipients: list[str],
    email_block: str,
    alert_from: str | None,
) -> list[Message]:
    logger = get_run_logger()
    about = ABOUT_DATA if findings.odd else ABOUT_BREACHES
    for reason in findings.odd:
        logger.warning("the data of %s is %s; the SLA digest is held back", findings.as_of, reason)
    if not findings.breaches and not findings.odd:
        record(connection, findings, sent=None)
        logger.info("nothing to say: no open breach as of %s, no message sent", findings.as_of)
        return []
    digest = find_digest(connection, findings.as_of, about)
    if digest and digest.state == "sent":
        logger.info("the digest of %s left before (%s); not sent again", findings.as_of, digest.message_id)
        return []
    credentials = load_email(email_block)
    sender = sender_address(credentials, alert_from)
    if digest:
        logger.warning("the digest of %s was reserved but not confirmed; sending it now", findings.as_of)
    else:
        digest = reserve_digest(connection, findings, sender.rpartition("@")[2], about)
    message = compose(_rendered(findings), sender, recipients, digest.message_id)
    with connect(credentials, email_block) as server:
        refused = send(server, message, sender, recipients)
    record(connection, findings, sent=digest)
    reached = [recipient for recipient in recipients if recipient not in refused]
    logger.info("%s → %s (%s)", message["Subject"], ", ".join(reached), digest.message_id)
    if refused:
        problems = "; ".join(f"{recipient}: {answer}" for recipient, answer in refused.items())
        raise DeliveryError(f"the digest reached {', '.join(reached)} but the server refused {problems}")
    return [Message(CHANNEL, reached, digest.message_id)]


def _rendered(findings: Findings) -> Digest:
    return render_data_health(findings) if findings.odd else render(findings)


def _publish(findings: Findings) -> None:
    create_table_artifact(
        key="sla-breaches",
        description=f"{len(findings.breaches):,} open breaches as of {findings.as_of}; the worst {WORST}",
        table=[
            {
                "order": breach.order_id,
                "rule": breach.rule_id,
                "days": breach.days_elapsed,
                "over": breach.days_over,
                "status": breach.status,
                "new": breach.is_new,
            }
            for breach in findings.breaches[:WORST]
        ],
    )
