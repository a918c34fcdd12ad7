"""The `generate-orders` step."""

from datetime import date
from pathlib import Path

from prefect import flow, get_run_logger

from flows.generate.ahead import one_ahead
from flows.generate.partitions import change_partitions
from flows.generate.shop import described_shop
from flows.ingest.staging import BatchWriter
from flows.paths import staging_dir


@flow(name="generate-orders", flow_run_name="generate-orders {as_of}")
def generate_orders(
    as_of: date,
    days: list[date],
    batch_id: str,
    orders_per_day: int | None = None,
    seed: int | None = None,
    shop: str | None = None,
) -> dict[str, int]:
    """Simulate the change partitions of `days` and stage them under `batch_id`.

    Returns:
        Rows per entity.
    """
    logger = get_run_logger()
    simulated = described_shop(Path(shop) if shop else None, orders_per_day, seed)
    done: set[date] = set()
    with BatchWriter(batch_id, staging_dir(), origin=simulated.origin) as writer:
        for run, partitions in one_ahead(change_partitions(simulated, days)):
            for entity, frame in partitions.items():
                writer.write(entity, frame, run)
            if not done.issuperset(run):
                done.update(run)
                logger.info("simulated %d of %d days", len(done), len(days))
    return writer.batch.rows()
