"""The `read-source` step."""

from datetime import date
from pathlib import Path

from prefect import flow, get_run_logger

from flows.ingest.intake import settle
from flows.ingest.source.description import read_description
from flows.ingest.source.read import read_source_files, reject_limit
from flows.ingest.staging import BatchWriter
from flows.paths import staging_dir


@flow(name="read-source", flow_run_name="read-source {as_of}", validate_parameters=False)
def read_source(
    as_of: date,
    source: str,
    batch_id: str,
    max_reject_rate: float | None = None,
) -> dict[str, int]:
    """Read a shop's own files as of the end of `as_of`, and stage what can be used under `batch_id`.

    What cannot be used is published below `rejects/<as_of>/`, with the reasons.

    Args:
        as_of: the day.
        source: path of a `source.toml`.
        batch_id: names the batch.
        max_reject_rate: the largest share of rejected rows; default: as the source says, or 0.05.

    Returns:
        Rows staged per entity.
    """
    logger = get_run_logger()
    described = read_description(Path(source))
    with BatchWriter(batch_id, staging_dir(), origin="files") as writer:
        reading = read_source_files(described, as_of, writer, staging_dir(), logger.info)
        settle(reading, writer.rejected(), as_of, reject_limit(max_reject_rate, described), logger.warning)
    return writer.batch.rows()
