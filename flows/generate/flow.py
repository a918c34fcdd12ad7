"""The `generate-orders` step."""

from datetime import date
from pathlib import Path

from prefect import flow, get_run_logger

from flows.generate.shop import described_shop
from flows.generate.stage import stage_days
from flows.paths import staging_dir
from flows.progress import seldom


@flow(name="generate-orders", flow_run_name="generate-orders {as_of}", validate_parameters=False)
def generate_orders(
    as_of: date,
    days: list[date],
    batch_id: str,
    orders_per_day: int | None = None,
    seed: int | None = None,
    shop: str | None = None,
    max_reject_rate: float | None = None,
) -> dict[str, int]:
    """Simulate the change partitions of `days` and stage what can be used of them under `batch_id`.

    What cannot be used, as a shop with dirt has it, is published below `rejects/<as_of>/`, with the reasons.

    Args:
        as_of: the day the run closes.
        days: the days to simulate.
        batch_id: names the batch.
        orders_per_day: size of the shop; default: as its file says, or 1,000.
        seed: which shop; default: as its file says, or 7.
        shop: path of a TOML file describing the shop.
        max_reject_rate: the largest share of rejected rows; default: 0.05.

    Returns:
        Rows staged per entity.
    """
    logger = get_run_logger()
    simulated = described_shop(Path(shop) if shop else None, orders_per_day, seed)
    batch = stage_days(
        simulated,
        days,
        batch_id,
        as_of,
        staging_dir(),
        max_reject_rate,
        report=seldom(logger.info),
        warn=logger.warning,
    )
    rows = batch.rows()
    each = ", ".join(f"{count:,} {entity}" for entity, count in rows.items())
    logger.info("simulated %d day(s): %s", len(days), each)
    return rows
