"""Sixty as-of days, run one by one, of a shop in which everything that goes wrong is known.

Every day is loaded, built, judged and told as a run does it, over real servers. What is to come of it is
worked out from the simulation's record of whole lives alone: each alert's events, and each audience's mail.
"""

import csv
import email
import gzip
from collections.abc import Iterator
from datetime import date, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from prefect_email import EmailServerCredentials

from flows.alert.flow import check_sla
from flows.generate import truth
from flows.migrations import prepare
from flows.transform.flow import build_models
from flows.warehouse import connect, rows
from tests.integration.flows.mail_servers import Inbox, serving
from tests.integration.flows.simulated_shops import incident, load, troubled_shop
from tests.integration.lives import expected
from tests.integration.lives.expected import Day, Event

BLOCK = "tests-of-sixty-days"
OPENED = date(2026, 3, 2)
DAYS = [OPENED + timedelta(days=number) for number in range(60)]
OWNER = "warehouse-team"
AUDIENCES = f"""
all_clear = "never"

[audiences.default]
email = {{ to = ["ops@example.com"] }}

[audiences.{OWNER}]
email = {{ to = ["{OWNER}@example.com"] }}
"""
SHOP = troubled_shop(
    incident("outage", date(2026, 3, 12), date(2026, 3, 21), carrier="NordPost", region="DE-North"),
    incident("lost", date(2026, 3, 13), date(2026, 3, 17), carrier="Kurier 24", share=0.4),
    incident("stuck", date(2026, 3, 14), date(2026, 3, 20), tier="express", share=0.1),
    incident("strike", date(2026, 4, 1), date(2026, 4, 6), country="FR", share=0.8),
    incident("backlog", date(2026, 4, 10), date(2026, 4, 19), tier="standard", share=0.3),
    opened=OPENED,
    orders_per_day=100,
)


class World:
    """What sixty days left behind, and what they were to leave."""

    def __init__(
        self, events: set[Event], mails: dict[tuple[str, date], EmailMessage], days: list[Day]
    ) -> None:
        self.events, self.mails, self.days = events, mails, days
        self.expected = {event for day in days for event in day.events}


@pytest.fixture(scope="module")
def lives() -> pl.DataFrame:
    """Every moment of every order's life."""
    return truth.lives(SHOP, OPENED, DAYS[-1])


@pytest.fixture(scope="module")
def world(
    new_connector: Any, data_root: Path, prefect_api: None, lives: pl.DataFrame, tmp_path_factory: Any
) -> Iterator[World]:
    """Sixty runs."""
    connector, inbox = new_connector(), Inbox()
    audiences = tmp_path_factory.mktemp("audiences") / "audiences.toml"
    audiences.write_text(AUDIENCES)
    with serving(inbox) as port, connect(connector) as connection:
        connector.save(BLOCK, overwrite=True)
        mail = EmailServerCredentials(smtp_server="127.0.0.1", smtp_type="INSECURE", smtp_port=port)
        mail.save(BLOCK, overwrite=True)
        prepare(connection, "prod")
        for day in DAYS:
            load(connection, SHOP, [day], data_root / day.isoformat())
            build_models(day, BLOCK)
            check_sla(day, warehouse_block=BLOCK, email_block=BLOCK, audiences=str(audiences))
        events = {
            Event(order, rule, event, as_of, audience or digest_audience or "")
            for order, rule, event, as_of, audience, digest_audience in rows(
                connection,
                "select order_id, rule_id, event, alert_events.as_of, alert_events.audience, "
                "digests.audience from ops.alert_events "
                "left join ops.digests on alert_events.digest_id = digests.digest_id",
            )
        }
        ((recorded,),) = rows(connection, "select count(*) from ops.alert_events")
        assert recorded == len(events), "some event was recorded twice"
        assert rows(connection, "select count(*) from ops.digests where state != 'sent'") == [(0,)]
    mails = {}
    for envelope in inbox.messages:
        message = email.message_from_bytes(envelope.original_content, policy=policy.strict)
        audience = "default" if "ops@" in message["To"] else OWNER
        (attachment,) = message.iter_attachments()
        key = (audience, date.fromisoformat(attachment.get_filename()[len("sla-alerts-") :][:10]))
        assert key not in mails, "an audience got two digests of a day"
        mails[key] = message
    yield World(events, mails, list(expected.days(lives, DAYS, ("default", OWNER))))


def attached(message: EmailMessage) -> list[dict[str, str]]:
    """The rows of a mail's attachment."""
    (attachment,) = message.iter_attachments()
    content = attachment.get_payload(decode=True)
    if attachment.get_filename().endswith(".gz"):
        content = gzip.decompress(content)
    return list(csv.DictReader(content.decode().splitlines()))


def test_the_shop_has_everything_that_can_go_wrong(world: World) -> None:
    kinds = {event.event for event in world.expected}
    assert kinds == {"opened", "notified", "reminded", "escalated", "resolved"}
    assert len({event.rule_id for event in world.expected}) >= 5
    assert sum(event.event == "opened" for event in world.expected) > 500


def test_the_ledger_has_exactly_the_events_that_the_lives_call_for(world: World) -> None:
    """Opened once, on the first day it is true; resolved once; told once an audience, plus its reminders."""
    assert world.events - world.expected == set()
    assert world.expected - world.events == set()


def test_every_label_that_breaks_a_promise_is_one_alert(world: World) -> None:
    labelled = set(truth.labels(SHOP, OPENED, DAYS[-1])["order_id"])
    broken = {alert for day in world.days for alert in day.open if alert[0] in labelled}
    opened = [(e.order_id, e.rule_id) for e in world.events if e.event == "opened" and e.order_id in labelled]
    assert len(broken) > 300
    assert sorted(opened) == sorted(broken)


def test_an_audience_gets_a_mail_on_exactly_the_days_that_have_something_to_say(world: World) -> None:
    wanted = {
        (audience, day)
        for day, found in zip(DAYS, world.days, strict=True)
        for audience, sections in found.sections.items()
        if sections
    }
    assert set(world.mails) == wanted
    assert any((OWNER, day) not in wanted for day in DAYS)


def test_each_mail_tells_each_alert_in_its_section(world: World) -> None:
    for day, found in zip(DAYS, world.days, strict=True):
        for audience, sections in found.sections.items():
            if sections:
                told = {
                    (row["order_id"], row["rule_id"]): row["section"]
                    for row in attached(world.mails[audience, day])
                    if row["section"]
                }
                assert told == sections, (audience, day)


def test_each_subject_counts_what_the_day_brought(world: World) -> None:
    for day, found in zip(DAYS, world.days, strict=True):
        if ("default", day) in world.mails:
            subject = world.mails["default", day]["Subject"]
            sections = list(found.sections["default"].values())
            for section in ("new", "escalated", "reminded", "resolved"):
                count = sections.count(section)
                assert (f" {count:,} {section} ·" in subject) == bool(count), (subject, section)
            assert f"{len(found.open):,} open, {day.day} {day:%b}" in subject
