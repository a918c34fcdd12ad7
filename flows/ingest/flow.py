"""The `load-raw` step, and the question before it: which days are missing."""

from datetime import date
from functools import partial

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact
from snowflake.connector import SnowflakeConnection

from blocks.load import load_warehouse
from blocks.names import WAREHOUSE_BLOCK
from flows.environments import PRODUCTION
from flows.ingest.leftovers import remove_leftovers
from flows.ingest.load import EntityLoad, days_as_rows, load_batch
from flows.ingest.manifest import MissingDays, missing_days, origins
from flows.ingest.retries import Session
from flows.ingest.staging import StagedBatch
from flows.migrations import prepare
from flows.paths import staging_dir
from flows.warehouse import opener


@flow(name="load-raw", flow_run_name="load-raw {as_of}", validate_parameters=False)
def load_raw(
    as_of: date, batch_id: str, warehouse_block: str = WAREHOUSE_BLOCK, environment: str = PRODUCTION
) -> dict[str, EntityLoad]:
    """Load a staged batch into the raw tables, one transaction an entity, then forget its files."""
    logger = get_run_logger()
    batch = StagedBatch.open(staging_dir() / batch_id)
    connect = opener(load_warehouse(warehouse_block), warehouse_block, "load-raw", as_of)
    try:
        loaded = load_batch(connect, batch, logger.info, environment=environment)
    finally:
        batch.discard()
    with Session(connect, _as_it_is, logger.info) as session:
        session.run(partial(remove_leftovers, root=staging_dir(), report=logger.info), "tidying up")
        found = session.run(origins, "reading the manifest")
    if len(found) > 1:
        logger.warning(
            "this warehouse holds orders of different shops (%s), whose open orders will look late; "
            "give each a database (or ORDERS_DATA_DIR) of its own",
            "; ".join(found),
        )
    create_table_artifact(
        key="load-raw",
        description=f"batch {batch_id} as of {as_of}",
        table=days_as_rows(loaded),
    )
    return loaded


@task(name="find-missing-days", task_run_name="find-missing-days {as_of}")
def find_missing_days(
    as_of: date, days: int, warehouse_block: str = WAREHOUSE_BLOCK, environment: str = PRODUCTION
) -> MissingDays:
    """Ask the manifest which days of [as_of - days + 1, as_of] are to be simulated."""
    logger = get_run_logger()
    connect = opener(load_warehouse(warehouse_block), warehouse_block, "find-missing-days", as_of)
    with Session(connect, partial(prepare, environment=environment), logger.info) as session:
        session.run(partial(remove_leftovers, root=staging_dir(), report=logger.info), "tidying up")
        found = session.run(partial(missing_days, as_of=as_of, days=days), "reading the manifest")
    logger.info("%d of %d days up to %s are missing", len(found.missing), days, as_of)
    return found


def _as_it_is(_connection: SnowflakeConnection) -> None:
    """The schema was looked at a moment ago."""
