"""A day before the one the models stand at: what it would have said, and today as it was."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect_email import EmailServerCredentials
from snowflake.connector import SnowflakeConnection

from flows.alert.flow import AlertSummary, check_sla
from flows.generate.shop import described_shop
from flows.migrations import prepare
from flows.transform.flow import build_models
from flows.transform.standing import alerts_schema, stands_at
from flows.warehouse import connect, rows
from tests.integration.flows.mail_servers import Inbox, serving
from tests.integration.flows.simulated_shops import load

FIRST = date(2026, 3, 2)
TODAY, THEN = FIRST + timedelta(days=20), FIRST + timedelta(days=14)
BLOCK, OTHER_BLOCK = "tests-of-looking-back", "tests-of-that-very-day"
TABLES = (
    "staging{}.stg_orders",
    "marts{}.fct_orders",
    "marts{}.delivery_kpis",
    "marts{}.carrier_scorecard",
    "alerts{}.sla_breaches",
    "alerts{}.sla_at_risk",
    "alerts{}.data_health",
)


class World:
    """A warehouse behind a stored block, with all days of a shop up to one."""

    def __init__(self, block: str, connection: SnowflakeConnection, inbox: Inbox) -> None:
        self.block, self.connection, self.inbox = block, connection, inbox

    def run(self, as_of: date) -> AlertSummary:
        """The steps after the load."""
        build_models(as_of, self.block)
        return self.check(as_of)

    def check(self, as_of: date) -> AlertSummary:
        """The last step alone."""
        return check_sla(as_of, "ops@example.com", warehouse_block=self.block, email_block=self.block)

    def tables(self, suffix: str = "") -> dict[str, list[Any]]:
        """Every row of what dbt has built."""
        return {
            table: sorted(rows(self.connection, f"select * from {table.format(suffix)}"), key=repr)
            for table in TABLES
        }

    def events(self) -> list[Any]:
        return sorted(rows(self.connection, "select * from ops.alert_events"), key=repr)


@pytest.fixture(scope="module")
def worlds(new_connector, data_root: Path, prefect_api: None) -> Iterator[tuple[World, World]]:
    """The same shop twice: with the days up to today, and with the days up to then."""
    shop = described_shop(None, 30, 7)
    inbox = Inbox()
    connectors = new_connector(), new_connector()
    with serving(inbox) as port, connect(connectors[0]) as one, connect(connectors[1]) as other:
        for block, connector, connection, last in (
            (BLOCK, connectors[0], one, TODAY),
            (OTHER_BLOCK, connectors[1], other, THEN),
        ):
            connector.save(block, overwrite=True)
            EmailServerCredentials(smtp_server="127.0.0.1", smtp_type="INSECURE", smtp_port=port).save(
                block, overwrite=True
            )
            prepare(connection, "prod")
            days = [FIRST + timedelta(days=n) for n in range((last - FIRST).days + 1)]
            load(connection, shop, days, data_root / block)
        yield World(BLOCK, one, inbox), World(OTHER_BLOCK, other, inbox)


def test_a_look_back_says_once_what_that_day_would_have_said_and_leaves_today_alone(
    worlds: tuple[World, World],
) -> None:
    world, then = worlds
    world.run(TODAY)
    today, events = world.tables(), world.events()
    assert events

    told = len(world.inbox.messages)
    looking_back = world.run(THEN)
    assert world.check(THEN).messages == []
    (envelope,) = world.inbox.messages[told:]
    assert f"{THEN.day} {THEN:%b %Y}" in envelope.original_content.decode()

    that_very_day = then.run(THEN)
    assert (looking_back.open, looking_back.at_risk) == (that_very_day.open, that_very_day.at_risk)
    assert looking_back.open > 0
    assert world.tables("_past") == then.tables()
    assert (world.tables(), world.events()) == (today, events)
    assert (stands_at(world.connection), stands_at(world.connection, "_past")) == (TODAY, THEN)
    assert alerts_schema(world.connection, THEN) == "alerts_past"

    again = world.run(TODAY)
    assert (again.opened, again.resolved, again.messages) == (0, 0, [])
    assert (world.tables(), world.events()) == (today, events)
