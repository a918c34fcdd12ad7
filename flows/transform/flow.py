"""The `dbt-build` step."""

from collections.abc import Callable
from datetime import date
from functools import partial

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from snowflake.connector import SnowflakeConnection

from blocks.load import load_warehouse
from blocks.names import WAREHOUSE_BLOCK
from flows.ingest.retries import Session, Trouble, patiently
from flows.transform.build import BuildConflictError, DbtSummary, dbt_build
from flows.transform.environment import dbt_variables, environment
from flows.transform.replaced import forget, in_words, replaced_days
from flows.warehouse import opener


@flow(name="dbt-build", flow_run_name="dbt-build {as_of}", validate_parameters=True)
def build_models(as_of: date, warehouse_block: str = WAREHOUSE_BLOCK) -> DbtSummary:
    """Build staging, marts and alerts as they stand at the end of `as_of`, and test them."""
    logger = get_run_logger()
    connector = load_warehouse(warehouse_block)
    connect = opener(connector, warehouse_block, "dbt-build", as_of)
    with Session(connect, _as_it_is, logger.info) as session:
        replaced = session.run(replaced_days, "reading which days were replaced")
        if replaced:
            logger.info("replaced since the last build: %s", in_words(replaced))
        with environment(dbt_variables(connector)):
            summary = _build(as_of, logger.info)
        if replaced:
            session.run(partial(forget, done=replaced), "noting that the models know the replaced days")
    create_markdown_artifact(
        key="dbt-build",
        description=f"dbt build as of {as_of}",
        markdown=f"""| passed | warned | failed | skipped |
| --- | --- | --- | --- |
| {summary.passed} | {summary.warned} | {summary.failed} | {summary.skipped} |""",
    )
    return summary


def _build(as_of: date, report: Callable[[str], None]) -> DbtSummary:
    """Build, and build again after another run that was at work on the same models."""

    def say(_trouble: Trouble, _error: BaseException, seconds: float) -> None:
        report(f"dbt: another run is building the same models; building again in {seconds:.1f} s")

    return patiently(partial(dbt_build, as_of, report), say, classify=_conflict)


def _conflict(error: BaseException) -> Trouble | None:
    return Trouble.LOCKED if isinstance(error, BuildConflictError) else None


def _as_it_is(_connection: SnowflakeConnection) -> None:
    """The landing zone was made by the load."""
