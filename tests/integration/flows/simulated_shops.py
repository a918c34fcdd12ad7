"""Simulated shops on their way through the pipeline: staged, loaded and built, without a flow around it."""

from collections.abc import Iterable
from contextlib import nullcontext
from datetime import date
from pathlib import Path

from prefect_snowflake import SnowflakeConnector
from snowflake.connector import SnowflakeConnection

from flows.alert.ledger import create_ledger
from flows.generate.partitions import change_partitions
from flows.generate.shop import Shop
from flows.ingest.load import load_batch
from flows.ingest.staging import BatchWriter
from flows.transform.build import DbtSummary, dbt_build
from flows.transform.environment import dbt_variables, environment


def load(connection: SnowflakeConnection, shop: Shop, days: Iterable[date], root: Path) -> None:
    """Load the change partitions of `days`, staged below `root`."""
    with BatchWriter("simulated", root, origin=shop.origin) as writer:
        for run, partitions in change_partitions(shop, days):
            for entity, frame in partitions.items():
                writer.write(entity, frame, run)
    create_ledger(connection)
    load_batch(lambda: nullcontext(connection), writer.batch, report=lambda _line: None)


def build(connector: SnowflakeConnector, as_of: date) -> DbtSummary:
    """Build and test every model; needs a Prefect API and an `ORDERS_DATA_DIR`."""
    with environment(dbt_variables(connector)):
        return dbt_build(as_of, report=lambda _line: None)
