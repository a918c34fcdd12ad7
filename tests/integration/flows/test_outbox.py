"""Messages wait in the ledger as they were written, until they are taken."""

from datetime import date

import polars as pl
import pytest

from blocks.settings import SnowflakeSettings
from flows.alert.outbox import Outgoing, content, mark_sent, reserve, unsent
from flows.ingest.transaction import begun
from flows.warehouse import connect
from tests.integration.flows.alert_marts import Alerts

# 2026-01-05 is a Monday
DAY = {number: date(2026, 1, number) for number in range(1, 32)}


@pytest.fixture
def alerts(shop) -> Alerts:
    return Alerts(shop)


def test_a_message_waits_as_it_was_written_until_it_is_taken(alerts: Alerts, connector) -> None:
    alerts.stand(*(f"A-{number:05d}" for number in range(40)))
    (digest,) = alerts.reserve(DAY[10])
    text = content(alerts.connection, digest)
    assert b"A-00000" in text
    alerts.stand("Z")
    alerts.reserve(DAY[11])
    # the same block object would hand out the session that is open already
    another = SnowflakeSettings(port=connector.credentials.port, database=connector.database).to_block()
    with connect(another) as connection:
        first, second = unsent(connection)
        assert (first.digest_id, first.as_of, first.state) == (digest, DAY[10], "reserved")
        assert content(connection, digest) == text
        mark_sent(connection, digest)
        assert [one.digest_id for one in unsent(connection)] == [second.digest_id]
        assert content(connection, digest) is None
    assert alerts.shop.rows("select state, sent_at >= reserved_at from ops.digests order by as_of") == [
        ("sent", True), ("reserved", None)
    ]  # fmt: skip


def test_a_long_message_is_kept_in_parts(alerts: Alerts) -> None:
    alerts.stand("A")
    (digest,) = alerts.reserve(DAY[10])
    alerts.shop.rows("delete from ops.digest_parts")
    noise = bytes(pl.select(pl.int_range(600_000).hash(1) % 251).to_series().cast(pl.UInt8).to_list())
    message = Outgoing("long", DAY[10], "webhook", "default", "<m@x>", "s", 1, noise)
    with begun(alerts.connection) as cursor:
        reserve(cursor, message)
        cursor.execute("commit")
    ((parts, longest),) = alerts.shop.rows("select count(*), max(length(content)) from ops.digest_parts")
    assert parts > 2
    assert longest < 1_000_000
    assert content(alerts.connection, "long") == noise
    assert digest != "long"


def test_what_an_outage_held_up_is_sent_by_a_later_days_run_and_not_told_again(alerts: Alerts) -> None:
    alerts.stand("A")
    alerts.reserve(DAY[10])
    alerts.stand("A", "B")
    assert alerts.reserve(DAY[11]) == ["2026-01-10/default/webhook", "2026-01-11/default/webhook"]
    for reserved in unsent(alerts.connection):
        mark_sent(alerts.connection, reserved.digest_id)
    assert alerts.events() == [
        *(("A", "opened", DAY[10]), ("A", "notified", DAY[10])),
        *(("B", "opened", DAY[11]), ("B", "notified", DAY[11])),
    ]


def test_events_that_cannot_be_written_leave_no_reservation(alerts: Alerts) -> None:
    alerts.stand("A")
    alerts.shop.rows("drop table ops.alert_events")
    alerts.shop.rows("create table ops.alert_events (order_id number)")
    with pytest.raises(Exception, match=r"(?i)event|column"):
        alerts.reserve(DAY[10])
    assert unsent(alerts.connection) == []
    assert alerts.shop.rows("select * from ops.digest_parts") == []


def test_message_ids_differ_by_day_and_audience_and_stay_the_same(alerts: Alerts) -> None:
    alerts.rule("lost", owner="carrier-team")
    for day in (10, 11):
        alerts.stand(f"A-{day}")
        alerts.stand(f"L-{day}", rule="lost", owner="carrier-team")
        alerts.reserve(DAY[day])
    ids = [reserved.message_id for reserved in unsent(alerts.connection)]
    assert len(set(ids)) == 4
    assert all(identity.startswith("<sla.202601") for identity in ids)
    for table in ("digests", "digest_alerts", "digest_parts", "alert_events"):
        alerts.shop.rows(f"delete from ops.{table}")
    for day in (10, 11):
        alerts.stand(f"A-{day}")
        alerts.stand(f"L-{day}", rule="lost", owner="carrier-team")
        alerts.reserve(DAY[day])
    assert [reserved.message_id for reserved in unsent(alerts.connection)] == ids
