"""The `dbt-build` step."""

from datetime import date
from functools import partial

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact

from blocks.load import load_warehouse
from blocks.names import WAREHOUSE_BLOCK
from flows.environments import PRODUCTION
from flows.ingest.retries import Session
from flows.migrations import prepare
from flows.transform.build import DbtSummary, dbt_build
from flows.transform.environment import connection_variables, dbt_variables
from flows.transform.failures import read_examples
from flows.transform.standing import is_past
from flows.transform.turn import our_turn
from flows.warehouse import opener


@flow(name="dbt-build", flow_run_name="dbt-build {as_of}", validate_parameters=False)
def build_models(
    as_of: date, warehouse_block: str = WAREHOUSE_BLOCK, environment: str = PRODUCTION
) -> DbtSummary:
    """Build staging, marts and alerts as they stand at the end of `as_of`, and test them.

    A day before the one the models stand at is a look back, and goes into schemas of its own.
    """
    logger = get_run_logger()
    connector = load_warehouse(warehouse_block)
    connect = opener(connector, warehouse_block, "dbt-build", as_of)
    with (
        our_turn(connect, logger.info, "building the models", environment=environment),
        Session(connect, partial(prepare, environment=environment), logger.info) as session,
    ):
        past = session.run(partial(is_past, as_of=as_of), "asking which day the models stand at")
        if past:
            logger.info("looking back: building into STAGING_PAST, MARTS_PAST and ALERTS_PAST")

        def examples(relation: str) -> list[str]:
            return session.run(
                partial(read_examples, relation=relation), "reading what a failed test has found"
            )

        with connection_variables(dbt_variables(connector)):
            summary = dbt_build(
                as_of,
                logger.info,
                past,
                examples,
                environment=environment,
                detail=logger.debug,
                warn=logger.warning,
            )
    logger.info("dbt: %d passed, %d warned, %d skipped", summary.passed, summary.warned, summary.skipped)
    create_markdown_artifact(
        key="dbt-build",
        description=f"dbt build as of {as_of}",
        markdown=f"""| passed | warned | failed | skipped |
| --- | --- | --- | --- |
| {summary.passed} | {summary.warned} | {summary.failed} | {summary.skipped} |""",
    )
    return summary
