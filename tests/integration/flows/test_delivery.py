"""Patience with real servers that fail for a while or for good: tries, waits, and what arrives in the end."""

import re
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from prefect.blocks.notifications import SlackWebhook
from prefect_email import EmailServerCredentials

from flows.alert import delivery
from flows.alert.channels import Receipt
from flows.alert.channels.email import EmailChannel
from flows.alert.channels.slack import SlackChannel
from flows.alert.delivery import Patience, deliver
from flows.errors import BlockError, DeliveryError, TemporaryDeliveryError
from tests.integration.flows.mail_servers import DROP, PASSWORD, SILENCE, USER, Fault, Inbox, serving
from tests.integration.flows.webhook_servers import Hook, Reply, free_port, hooked

MESSAGE_ID = "<sla.20260131.0123456789abcdef0123@example.org>"
AT_ONCE = Patience(first_wait=0)
BLOCK = "tests-of-delivery"
FAULTS = [
    Fault("connect", "421 4.3.2 busy"),
    Fault("connect", DROP),
    Fault("connect", SILENCE),
    Fault("EHLO", "421 4.3.2 busy"),
    Fault("AUTH", DROP),
    Fault("MAIL", "451 4.3.0 trouble"),
    Fault("RCPT", "450 4.2.0 greylisted"),
    Fault("RCPT", SILENCE),
    Fault("DATA", "452 4.3.1 full"),
    Fault("body", DROP),
    Fault("message", "451 4.3.0 trouble"),
]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def port(inbox: Inbox) -> Iterator[int]:
    with serving(inbox) as running:
        yield running


@pytest.fixture
def said() -> list[str]:
    return []


def mail_to(port: int, *recipients: str, password: str = PASSWORD) -> EmailChannel:
    credentials = EmailServerCredentials(
        smtp_server="127.0.0.1", smtp_type="INSECURE", smtp_port=port, username=USER, password=password
    )
    return EmailChannel(
        recipients or ["ops@example.com"], None, credentials, timeout=0.3, acceptance_timeout=0.3
    )


def content() -> bytes:
    message = EmailMessage()
    message["Subject"], message["Message-ID"] = "[SLA] 1 new", MESSAGE_ID
    message.set_content("1 new")
    return message.as_bytes()


def message_ids(inbox: Inbox) -> list[bytes]:
    return [re.findall(rb"(?m)^Message-ID: (.*)\r$", one.original_content)[0] for one in inbox.messages]


def waits(said: list[str]) -> list[float]:
    return [float(re.findall(r"in (\S+) s$", line)[0]) for line in said]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.step}-{fault.what[:3]}")
def test_after_a_fault_that_passes_the_message_arrives_once(
    port: int, inbox: Inbox, said: list[str], fault: Fault
) -> None:
    inbox.faults.append(Fault(fault.step, fault.what, times=2))
    inbox.faults.append(Fault("HELO", "421 4.3.2 busy", times=2 if fault.step == "EHLO" else 0))
    assert deliver(mail_to(port), content(), MESSAGE_ID, said.append, AT_ONCE) == Receipt(["ops@example.com"])
    assert message_ids(inbox) == [MESSAGE_ID.encode()]
    assert inbox.connections == 3
    assert [re.findall(r"try . of .", line) for line in said] == [["try 2 of 5"], ["try 3 of 5"]]
    for line in said:
        assert line.startswith("email to ops@example.com: ")
        assert fault.what in line or fault.what in (DROP, SILENCE)
        assert PASSWORD not in line


def test_a_server_that_takes_the_message_and_dies_gets_it_again_under_the_same_message_id(
    port: int, inbox: Inbox, said: list[str]
) -> None:
    inbox.faults.append(Fault("message", DROP))
    deliver(mail_to(port), content(), MESSAGE_ID, said.append, AT_ONCE)
    assert message_ids(inbox) == [MESSAGE_ID.encode()] * 2
    (line,) = said
    assert "so it may have taken it" in line


def test_a_fault_that_stays_ends_after_five_tries_and_the_message_is_kept(
    port: int, inbox: Inbox, said: list[str]
) -> None:
    inbox.faults.append(Fault("DATA", "451 4.3.0 trouble", times=99))
    with pytest.raises(
        TemporaryDeliveryError, match=r"451 4\.3\.0 trouble \(tried 5 times; it is kept, and sent"
    ):
        deliver(mail_to(port), content(), MESSAGE_ID, said.append, AT_ONCE)
    assert (inbox.connections, len(said), inbox.messages) == (5, 4, [])


def test_nobody_listening_is_tried_five_times(said: list[str]) -> None:
    with pytest.raises(TemporaryDeliveryError, match="no mail server answers"):
        deliver(mail_to(free_port()), content(), MESSAGE_ID, said.append, AT_ONCE)
    assert len(said) == 4


@pytest.mark.parametrize("step", ["connect", "MAIL", "RCPT", "DATA", "message"])
def test_what_is_final_is_tried_once(port: int, inbox: Inbox, said: list[str], step: str) -> None:
    inbox.faults.append(Fault(step, "550 5.7.1 never"))
    with pytest.raises(DeliveryError, match=r"550 5\.7\.1 never\)?$"):
        deliver(mail_to(port), content(), MESSAGE_ID, said.append, AT_ONCE)
    assert (inbox.connections, said, inbox.messages) == (1, [], [])


def test_a_refused_login_is_tried_once(port: int, inbox: Inbox, said: list[str]) -> None:
    with pytest.raises(DeliveryError, match="refuses the login"):
        deliver(mail_to(port, password="wrong"), content(), MESSAGE_ID, said.append, AT_ONCE)
    assert (inbox.connections, said) == (1, [])


def test_a_missing_block_is_tried_once(prefect_api: None, said: list[str]) -> None:
    with pytest.raises(BlockError, match="is not registered"):
        deliver(SlackChannel("nobody-made-this"), b"{}", MESSAGE_ID, said.append, AT_ONCE)
    assert said == []


def test_who_was_greylisted_alone_is_reached_by_a_later_try_and_who_is_unknown_is_told(
    port: int, inbox: Inbox, said: list[str]
) -> None:
    inbox.faults.append(Fault("RCPT", "450 4.2.0 greylisted"))
    receipt = deliver(
        mail_to(port, "ops@example.com", "gone@example.com"), content(), MESSAGE_ID, said.append, AT_ONCE
    )
    assert receipt.reached == ["ops@example.com"]
    assert list(receipt.refused) == ["gone@example.com"]
    assert message_ids(inbox) == [MESSAGE_ID.encode()]


def test_waits_grow_and_differ(port: int, inbox: Inbox, said: list[str]) -> None:
    inbox.faults.append(Fault("connect", "421 4.3.2 busy", times=4))
    deliver(mail_to(port), content(), MESSAGE_ID, said.append, Patience(first_wait=0.01))
    for wait, (least, most) in zip(waits(said), [(1, 2), (2, 3), (4, 5), (8, 9)], strict=True):
        assert least * 0.0099 <= wait <= most * 0.0101
    assert len({round(wait / least, 4) for wait, least in zip(waits(said), (1, 2, 4, 8), strict=True)}) > 1


def test_patience_is_looked_up_when_it_is_needed(
    port: int, inbox: Inbox, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "PATIENCE", Patience(tries=2, first_wait=0))
    inbox.faults.append(Fault("connect", "421 4.3.2 busy", times=99))
    with pytest.raises(TemporaryDeliveryError, match="tried 2 times"):
        deliver(mail_to(port), content(), MESSAGE_ID, said.append)
    assert inbox.connections == 2


def test_in_earnest_waits_are_about_one_two_four_and_eight_seconds() -> None:
    assert Patience() == delivery.PATIENCE == Patience(tries=5, first_wait=1.0, longest_wait=60.0)


def test_a_webhook_that_asks_for_a_wait_gets_it_up_to_the_longest(prefect_api: None, said: list[str]) -> None:
    with hooked(Hook()) as hook:
        SlackWebhook(url=f"{hook.host()}/services/T/B/secret-token").save(BLOCK, overwrite=True)
        hook.replies += [
            Reply(500, "oops"),
            Reply(429, "slow down", {"Retry-After": "1"}),
            Reply(429, "", {"Retry-After": "0"}),
        ]
        patience = Patience(first_wait=0, longest_wait=0.05)
        assert deliver(SlackChannel(BLOCK), b"{}", MESSAGE_ID, said.append, patience) == Receipt([BLOCK])
    assert waits(said) == [0, 0.05, 0]
    assert "the answer is 429 Too Many Requests: slow down; try 3 of 5" in said[1]
    assert len(hook.requests) == 4
    assert "secret-token" not in "".join(said)
