"""The SLA step as a flow: blocks, ledger and mail server together."""

import email
import json
from collections.abc import Iterator
from datetime import date
from email import policy
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect_email import EmailServerCredentials

from flows.alert import delivery
from flows.alert.delivery import Patience
from flows.alert.flow import AlertSummary, UndeliveredError, check_sla
from flows.alert.outbox import unsent
from flows.errors import InputError
from flows.main import ecommerce_pipeline
from tests.integration.flows.alert_marts import Alerts
from tests.integration.flows.mail_servers import Inbox, serving

DAY, NEXT_DAY = date(2026, 1, 31), date(2026, 2, 1)
BLOCK = "tests-of-the-sla-step"
TWO_AUDIENCES = """
[audiences.default]
email = { to = ["ops@example.com"] }

[audiences.order-team]
email = { to = ["gone@example.com"] }
"""


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tries without a wait in between."""
    monkeypatch.setattr(delivery, "PATIENCE", Patience(tries=3, first_wait=0, longest_wait=0))


@pytest.fixture
def alerts(shop, connector, prefect_api: None) -> Alerts:
    """Two late orders, in the database the stored block points at."""
    connector.save(BLOCK, overwrite=True)
    alerts = Alerts(shop)
    alerts.stand("A", "B", at_risk=["R"])
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


def run(alert_to: str | None = "ops@example.com", as_of: date = DAY, **parameters: Any) -> AlertSummary:
    return check_sla(as_of, alert_to=alert_to, warehouse_block=BLOCK, email_block=BLOCK, **parameters)


def received(inbox: Inbox) -> list[Any]:
    return [email.message_from_bytes(one.original_content, policy=policy.strict) for one in inbox.messages]


def test_one_digest_leaves_and_a_second_run_sends_nothing(alerts: Alerts, served: int, inbox: Inbox) -> None:
    first, second = run(), run()
    assert (first.opened, first.open, first.at_risk, first.resolved) == (2, 2, 1, 0)
    assert [breach.order_id for breach in first.worst] == ["A", "B"]
    (message,) = first.messages
    assert (message.channel, message.to) == ("email", ["ops@example.com"])
    assert (second.opened, second.open, second.messages) == (0, 2, [])
    (mail,) = received(inbox)
    assert mail["Message-ID"] == message.message_id
    assert mail["Subject"] == "[SLA] 2 new · 1 at risk · 2 open, 31 Jan"
    assert (
        "python -m flows.alert ack --digest 2026-01-31/default/email"
        in mail.get_body(("plain",)).get_content()
    )


def test_a_mail_server_that_is_away_loses_nothing_and_the_next_run_sends_the_same_digest(
    alerts: Alerts, served: int, inbox: Inbox
) -> None:
    point_mail_at(1)
    with pytest.raises(UndeliveredError, match=r"2026-01-31/default/email: .*127\.0\.0\.1:1") as failure:
        run()
    assert (failure.value.summary.open, failure.value.summary.messages) == (2, [])
    (reserved,) = unsent(alerts.connection)
    assert reserved.state == "reserved"
    assert [event for _, event, _ in alerts.events()] == ["opened", "opened"]
    point_mail_at(served)
    summary = run()
    assert [message.message_id for message in summary.messages] == [reserved.message_id]
    assert [event for _, event, _ in alerts.events()] == ["opened", "opened", "notified", "notified"]
    assert unsent(alerts.connection) == []
    assert len(inbox.messages) == 1


def test_after_days_of_outage_each_days_digest_arrives_in_order(
    alerts: Alerts, served: int, inbox: Inbox
) -> None:
    point_mail_at(1)
    with pytest.raises(UndeliveredError):
        run()
    alerts.stand("B", "C")
    alerts.at(NEXT_DAY)
    with pytest.raises(UndeliveredError, match=r"2026-01-31/default/email.*2026-02-01/default/email"):
        run(as_of=NEXT_DAY)
    point_mail_at(served)
    assert len(run(as_of=NEXT_DAY).messages) == 2
    assert [mail["Subject"] for mail in received(inbox)] == [
        "[SLA] 2 new · 1 at risk · 2 open, 31 Jan",
        "[SLA] 1 new · 1 resolved · 2 open, 1 Feb",
    ]


def test_an_address_that_was_corrected_gets_what_waited(alerts: Alerts, served: int, inbox: Inbox) -> None:
    with pytest.raises(UndeliveredError, match=r"gone@example\.com.*550 5\.1\.1 no such mailbox"):
        run("gone@example.com")
    (message,) = run("ops@example.com").messages
    (mail,) = received(inbox)
    assert (mail["To"], mail["Message-ID"]) == ("ops@example.com", message.message_id)


def test_without_notification_nothing_is_sent_reserved_or_recorded(
    alerts: Alerts, served: int, inbox: Inbox
) -> None:
    summary = run(notify=False)
    assert (summary.opened, summary.messages, inbox.messages) == (2, [], [])
    assert unsent(alerts.connection) == []
    assert alerts.events() == []


def test_the_last_breach_that_is_resolved_is_told_and_then_there_is_silence(
    alerts: Alerts, served: int, inbox: Inbox
) -> None:
    run()
    alerts.stand()
    alerts.at(NEXT_DAY)
    summary = run(as_of=NEXT_DAY)
    assert (summary.open, summary.resolved) == (0, 2)
    assert received(inbox)[-1]["Subject"] == "[SLA] 2 resolved · 0 open, 1 Feb"
    alerts.at(date(2026, 2, 3))
    assert run(as_of=date(2026, 2, 3)).messages == []
    alerts.at(date(2026, 2, 9))
    run(as_of=date(2026, 2, 9))
    assert received(inbox)[-1]["Subject"] == "[SLA] All clear, 9 Feb"


def test_a_refused_recipient_fails_the_step_without_sending_to_the_others_twice(
    alerts: Alerts, served: int, inbox: Inbox
) -> None:
    with pytest.raises(UndeliveredError, match=r"reached ops@example\.com but .* refused gone@example"):
        run("ops@example.com, gone@example.com")
    assert run("ops@example.com, gone@example.com").messages == []
    assert [envelope.rcpt_tos for envelope in inbox.messages] == [["ops@example.com"]]


def test_an_audience_that_cannot_be_reached_stops_no_other(
    alerts: Alerts, served: int, inbox: Inbox, tmp_path: Path
) -> None:
    file = tmp_path / "audiences.toml"
    file.write_text(TWO_AUDIENCES)
    with pytest.raises(
        UndeliveredError, match=r"2026-01-31/order-team/email: .*gone@example\.com"
    ) as failure:
        run(None, audiences=str(file))
    (message,) = failure.value.summary.messages
    assert message.to == ["ops@example.com"]
    assert [envelope.rcpt_tos for envelope in inbox.messages] == [["ops@example.com"]]
    assert [reserved.audience for reserved in unsent(alerts.connection)] == ["order-team"]


def test_a_block_that_is_missing_stops_no_other_audience(
    alerts: Alerts, served: int, inbox: Inbox, tmp_path: Path
) -> None:
    file = tmp_path / "audiences.toml"
    file.write_text(TWO_AUDIENCES.replace('to = ["gone@', 'block = "nobody-made-this", to = ["fine@'))
    with pytest.raises(
        UndeliveredError, match="block email-server-credentials/nobody-made-this is not registered"
    ):
        run(None, audiences=str(file))
    assert [envelope.rcpt_tos for envelope in inbox.messages] == [["ops@example.com"]]
    file.write_text(TWO_AUDIENCES.replace("gone@", "fine@"))
    (message,) = run(None, audiences=str(file)).messages
    assert message.to == ["fine@example.com"]


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
    told, digest = received(inbox)
    assert told["Subject"] == "[SLA] The data is stale: digest held back, 31 Jan 2026"
    for kind in ("plain", "html"):
        assert "the last orders are 3 day(s) old" in told.get_body((kind,)).get_content()
    assert digest["Subject"] == "[SLA] 2 new · 1 at risk · 2 open, 31 Jan"


def test_a_digest_links_to_where_it_can_be_answered_once_that_is_deployed(
    alerts: Alerts, served: int, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.settings import PREFECT_UI_URL, temporary_settings

    run()
    with get_client(sync_client=True) as client:
        flow = client._client.post("/flows/", json={"name": "acknowledge"}).json()
        body = {"name": "alert", "flow_id": flow["id"]}
        deployment = client._client.post("/deployments/", json=body).json()
    alerts.stand("A", "B", "C")
    alerts.at(NEXT_DAY)
    try:
        with temporary_settings({PREFECT_UI_URL: "https://prefect.example.com"}):
            run(as_of=NEXT_DAY)
    finally:
        with get_client(sync_client=True) as client:
            client._client.delete(f"/deployments/{deployment['id']}")
    link = f"https://prefect.example.com/deployments/deployment/{deployment['id']}"
    before, after = (json.dumps(mail.get_body(("plain",)).get_content()) for mail in received(inbox))
    assert "http" not in before
    assert link in after


@pytest.mark.parametrize("flow", [check_sla, ecommerce_pipeline], ids=["step", "pipeline"])
def test_a_wrong_address_is_refused_before_anything_is_read_or_loaded(prefect_api: None, flow: Any) -> None:
    with pytest.raises(InputError, match="'ops' is not an e-mail address"):
        flow(DAY, alert_to="ops", warehouse_block="nobody-made-this")
