"""The SLA step as a flow: blocks, ledger and mail server together."""

import email
from collections.abc import Iterator
from datetime import date
from email import policy
from typing import Any

import pytest
from prefect_email import EmailServerCredentials

from flows.alert.flow import AlertSummary, check_sla
from flows.alert.ledger import find_digest, reserve_digest
from flows.errors import DeliveryError, InputError, UnreachableError
from flows.main import ecommerce_pipeline
from tests.integration.flows.alert_marts import Alerts
from tests.integration.flows.mail_servers import Inbox, serving

DAY = date(2026, 1, 31)
BLOCK = "tests-of-the-sla-step"


@pytest.fixture
def alerts(shop, connector, prefect_api: None) -> Alerts:
    """Two late orders, in the database the stored block points at."""
    connector.save(BLOCK, overwrite=True)
    alerts = Alerts(shop)
    alerts.stand("A", "B", at_risk=1)
    alerts.at(DAY)
    return alerts


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def served(inbox: Inbox, prefect_api: None) -> Iterator[int]:
    with serving(inbox) as port:
        point_mail_at(port)
        yield port


def point_mail_at(port: int) -> None:
    EmailServerCredentials(smtp_server="127.0.0.1", smtp_type="INSECURE", smtp_port=port).save(
        BLOCK, overwrite=True
    )


def run(alert_to: str = "ops@example.com", **parameters: Any) -> AlertSummary:
    return check_sla(DAY, alert_to=alert_to, warehouse_block=BLOCK, email_block=BLOCK, **parameters)


def test_one_digest_leaves_and_a_second_run_sends_nothing(alerts: Alerts, served: int, inbox: Inbox) -> None:
    first, second = run(), run()
    assert (first.opened, first.open, first.at_risk, first.resolved) == (2, 2, 1, 0)
    assert [breach.order_id for breach in first.worst] == ["A", "B"]
    (message,) = first.messages
    assert (message.channel, message.to) == ("email", ["ops@example.com"])
    assert (second.opened, second.open, second.messages) == (0, 2, [])
    (envelope,) = inbox.messages
    received = email.message_from_bytes(envelope.original_content, policy=policy.strict)
    assert received["Message-ID"] == message.message_id
    assert received["Subject"] == "[SLA] 2 open · 2 new · 1 at risk, 31 Jan 2026"


def test_a_mail_server_that_is_away_loses_nothing_and_the_next_run_sends_the_same_digest(
    alerts: Alerts, served: int, inbox: Inbox
) -> None:
    point_mail_at(1)
    with pytest.raises(UnreachableError, match="the digest is sent by the next run once the server is back"):
        run()
    reserved = find_digest(alerts.connection, DAY)
    assert (reserved.state, alerts.events()) == ("reserved", [])
    point_mail_at(served)
    summary = run()
    assert [message.message_id for message in summary.messages] == [reserved.message_id]
    assert summary.opened == 2
    assert find_digest(alerts.connection, DAY).state == "sent"
    assert len(inbox.messages) == 1


def test_a_run_that_died_after_sending_sends_again_under_the_same_message_id(
    alerts: Alerts, served: int, inbox: Inbox
) -> None:
    reserved = reserve_digest(alerts.connection, alerts.findings(DAY), "example.org")
    run()
    (envelope,) = inbox.messages
    assert f"Message-ID: {reserved.message_id}\r\n".encode() in envelope.original_content


def test_without_notification_nothing_is_sent_reserved_or_recorded(
    alerts: Alerts, served: int, inbox: Inbox
) -> None:
    summary = run(notify=False)
    assert (summary.opened, summary.messages, inbox.messages) == (2, [], [])
    assert find_digest(alerts.connection, DAY) is None
    assert alerts.events() == []


def test_no_breach_sends_no_message_but_records_what_was_resolved(
    alerts: Alerts, served: int, inbox: Inbox
) -> None:
    alerts.run(date(2026, 1, 30))
    alerts.stand()
    alerts.at(DAY)
    summary = run()
    assert (summary.open, summary.resolved, summary.messages, inbox.messages) == (0, 2, [], [])
    assert [event for _, event, _ in alerts.events()] == ["opened", "opened", "resolved", "resolved"]


def test_a_refused_recipient_fails_the_step_without_sending_to_the_others_twice(
    alerts: Alerts, served: int, inbox: Inbox
) -> None:
    with pytest.raises(DeliveryError, match=r"reached ops@example\.com but the server refused gone@example"):
        run("ops@example.com, gone@example.com")
    assert run("ops@example.com, gone@example.com").messages == []
    assert [envelope.rcpt_tos for envelope in inbox.messages] == [["ops@example.com"]]


def test_odd_data_is_told_once_instead_of_the_digest_which_leaves_when_it_is_right(
    alerts: Alerts, served: int, inbox: Inbox
) -> None:
    alerts.odd("stale: the last orders are 3 day(s) old")
    first, second = run(), run()
    assert (first.opened, first.open, first.resolved) == (0, 2, 0)
    assert first.held_back == second.held_back == ["stale: the last orders are 3 day(s) old"]
    assert (len(first.messages), second.messages, alerts.events()) == (1, [], [])
    alerts.shop.rows("delete from alerts.data_health")
    third = run()
    assert (third.opened, third.held_back, len(third.messages)) == (2, [], 1)
    told, digest = (
        email.message_from_bytes(envelope.original_content, policy=policy.strict)
        for envelope in inbox.messages
    )
    assert told["Subject"] == "[SLA] The data is stale: digest held back, 31 Jan 2026"
    assert [part.get_content_type() for part in told.iter_parts()] == ["text/plain", "text/html"]
    for part in told.iter_parts():
        assert "the last orders are 3 day(s) old" in part.get_content()
    assert digest["Subject"] == "[SLA] 2 open · 2 new · 1 at risk, 31 Jan 2026"


@pytest.mark.parametrize("flow", [check_sla, ecommerce_pipeline], ids=["step", "pipeline"])
def test_a_wrong_address_is_refused_before_anything_is_read_or_loaded(prefect_api: None, flow: Any) -> None:
    with pytest.raises(InputError, match="'ops' is not an e-mail address"):
        flow(DAY, alert_to="ops", warehouse_block="nobody-made-this")
