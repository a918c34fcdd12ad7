"""Simulated days, staged as one batch; knows nothing of Prefect."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from flows.ahead import one_ahead
from flows.generate.partitions import change_partitions
from flows.generate.shop import Shop
from flows.ingest.intake import Intake, settle
from flows.ingest.staging import BatchWriter, StagedBatch
from flows.ingest.tally import DEFAULT_REJECT_RATE


def stage_days(
    shop: Shop,
    days: Sequence[date],
    batch_id: str,
    as_of: date,
    root: Path,
    max_reject_rate: float | None = None,
    report: Callable[[str], None] = lambda _line: None,
    warn: Callable[[str], None] = lambda _line: None,
) -> StagedBatch:
    """Simulate the change partitions of `days` and stage what can be used of them.

    What cannot be used, as a shop with dirt has it, is published below `rejects/<as_of>/`, with the reasons.

    Args:
        shop: what is simulated.
        days: which days of it.
        batch_id: names the batch.
        as_of: the day the rejects are filed under.
        root: where batches are staged, one directory each.
        max_reject_rate: the largest share of rejected rows; default: 0.05.
        report: told one line a few days.
        warn: told of rejected rows.

    Raises:
        RejectedError: too many rows cannot be used; nothing is staged.
        StagingError: the disk is full or cannot be written; nothing is staged.
    """
    done: set[date] = set()
    with BatchWriter(batch_id, root, origin=shop.origin) as writer:
        intake = Intake(writer, as_of)
        for run, partitions in one_ahead(change_partitions(shop, days)):
            for entity, frame in partitions.items():
                intake.take_simulated(entity, frame, run)
            if not done.issuperset(run):
                done.update(run)
                report(f"simulated {len(done)} of {len(days)} days")
        intake.finish()
        limit = DEFAULT_REJECT_RATE if max_reject_rate is None else max_reject_rate
        settle(intake.reading, writer.rejected(), as_of, limit, warn)
    return writer.batch
