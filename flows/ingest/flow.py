"""The `read-source` and `load-raw` steps."""

from dataclasses import asdict
from datetime import date
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact

from blocks.load import load_warehouse
from blocks.names import WAREHOUSE_BLOCK
from flows.ingest.load import EntityLoad, load_batch
from flows.ingest.manifest import MissingDays, create_landing, missing_days, origins, read_manifest
from flows.ingest.source import read_description, read_orders
from flows.ingest.staging import BatchWriter, StagedBatch
from flows.paths import staging_dir
from flows.warehouse import connect


@flow(name="read-source", flow_run_name="read-source {as_of}")
def read_source(as_of: date, source: str, batch_id: str) -> dict[str, int]:
    """Read a shop's own orders as their state at the end of `as_of`, and stage them under `batch_id`.

    Returns:
        Rows per entity.
    """
    orders = read_orders(read_description(Path(source)), as_of)
    with BatchWriter(batch_id, staging_dir(), origin="files") as writer:
        writer.write("orders", orders, [as_of])
    get_run_logger().info("read %s orders from %s", f"{orders.height:,}", source)
    return writer.batch.rows()


@flow(name="load-raw", flow_run_name="load-raw {as_of}")
def load_raw(as_of: date, batch_id: str, warehouse_block: str = WAREHOUSE_BLOCK) -> dict[str, EntityLoad]:
    """Load a staged batch into the raw tables, one transaction an entity, then forget its files."""
    logger = get_run_logger()
    batch = StagedBatch.open(staging_dir() / batch_id)
    days = [day for entity in batch.days.values() for day in entity]
    try:
        with connect(load_warehouse(warehouse_block), query_tag=f"load-raw {as_of}") as connection:
            create_landing(connection)
            manifest = read_manifest(connection, min(days), max(days))
            loaded = load_batch(connection, batch, manifest, logger.info)
            if len(found := origins(connection)) > 1:
                logger.warning(
                    "this warehouse holds orders of different shops (%s), whose open orders will look late; "
                    "give each a database (or ORDERS_DATA_DIR) of its own",
                    "; ".join(found),
                )
    finally:
        batch.discard()
    create_table_artifact(
        key="load-raw",
        description=f"batch {batch_id} as of {as_of}",
        table=[{"entity": entity, **asdict(load)} for entity, load in loaded.items()],
    )
    return loaded


@task(name="find-missing-days", task_run_name="find-missing-days {as_of}")
def find_missing_days(as_of: date, days: int, warehouse_block: str = WAREHOUSE_BLOCK) -> MissingDays:
    """Ask the manifest which days of [as_of - days + 1, as_of] are to be simulated."""
    logger = get_run_logger()
    with connect(load_warehouse(warehouse_block), query_tag=f"find-missing-days {as_of}") as connection:
        create_landing(connection)
        found = missing_days(connection, as_of, days)
    logger.info("%d of %d days up to %s are missing", len(found.missing), days, as_of)
    return found
