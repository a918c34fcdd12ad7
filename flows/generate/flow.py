"""The `generate-orders` step."""

from datetime import date

from prefect import flow, get_run_logger

from flows.generate.partitions import change_partitions
from flows.generate.shop import Shop
from flows.ingest.staging import BatchWriter
from flows.paths import staging_dir


@flow(name="generate-orders", flow_run_name="generate-orders {as_of}")
def generate_orders(
    as_of: date, days: list[date], batch_id: str, orders_per_day: int, seed: int
) -> dict[str, int]:
    """Simulate the change partitions of `days` and stage them under `batch_id`.

    Returns:
        Rows per entity.
    """
    logger = get_run_logger()
    shop = Shop(seed=seed, orders_per_day=orders_per_day)
    done = 0
    with BatchWriter(batch_id, staging_dir(), origin=shop.origin) as writer:
        for run, partitions in change_partitions(shop, days):
            for entity, frame in partitions.items():
                writer.write(entity, frame, run)
            done += len(run)
            logger.info("simulated %d of %d days", done, len(days))
    return writer.batch.rows()
