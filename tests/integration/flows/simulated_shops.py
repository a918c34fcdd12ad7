"""Simulated shops on their way through the pipeline: staged, loaded and built, without a flow around it."""

from collections.abc import Iterable
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

from prefect_snowflake import SnowflakeConnector
from snowflake.connector import SnowflakeConnection

from flows.generate.partitions import change_partitions
from flows.generate.parts import Incident, Incidents, Tier
from flows.generate.shop import Shop
from flows.ingest.load import load_batch
from flows.ingest.staging import BatchWriter
from flows.migrations import prepare
from flows.transform.build import DbtSummary, dbt_build
from flows.transform.environment import connection_variables, dbt_variables


def load(connection: SnowflakeConnection, shop: Shop, days: Iterable[date], root: Path) -> None:
    """Load the change partitions of `days`, staged below `root`."""
    with BatchWriter("simulated", root, origin=shop.origin) as writer:
        for run, partitions in change_partitions(shop, days):
            for entity, frame in partitions.items():
                writer.write(entity, frame, run)
    prepare(connection, "prod")
    load_batch(lambda: nullcontext(connection), writer.batch, report=lambda _line: None)


def build(connector: SnowflakeConnector, as_of: date) -> DbtSummary:
    """Build and test every model; needs a Prefect API and an `ORDERS_DATA_DIR`."""
    with connection_variables(dbt_variables(connector)):
        return dbt_build(as_of, report=lambda _line: None)


def incident(kind: Any, first: date, last: date, **scope: Any) -> Incident:
    """An incident between two days."""
    return Incident(kind=kind, first=first, last=last, **scope)


def troubled_shop(*listed: Incident, opened: date, orders_per_day: int) -> Shop:
    """A shop whose orders all arrive within days, Sundays included, but for the incidents listed."""
    quick = {"handover_sigma": 0.2, "transit_sigma": 0.2}
    return Shop(
        seed=11,
        opened=opened,
        orders_per_day=orders_per_day,
        cancelled_rate=0,
        returned_rate=0,
        failed_attempt_rate=0,
        tiers=(
            Tier(name="standard", share=0.7, promised_days=5, handover_hours=14, transit_hours=30, **quick),
            Tier(name="express", share=0.3, promised_days=3, handover_hours=8, transit_hours=20, **quick),
        ),
        incidents=Incidents(
            lost_rate=0,
            stuck_rate=0,
            given_up_days=22,
            outages_per_year=0,
            backlogs_per_year=0,
            strikes_per_year=0,
            listed=listed,
        ),
    )
