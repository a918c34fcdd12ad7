"""The `dbt-build` step."""

from datetime import date

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact

from blocks.load import load_warehouse
from blocks.names import WAREHOUSE_BLOCK
from flows.transform.build import DbtSummary, dbt_build
from flows.transform.environment import dbt_variables, environment


@flow(name="dbt-build", flow_run_name="dbt-build {as_of}", validate_parameters=True)
def build_models(as_of: date, warehouse_block: str = WAREHOUSE_BLOCK) -> DbtSummary:
    """Build staging, marts and alerts as they stand at the end of `as_of`, and test them."""
    logger = get_run_logger()
    connector = load_warehouse(warehouse_block)
    with environment(dbt_variables(connector)):
        summary = dbt_build(as_of, logger.info)
    create_markdown_artifact(
        key="dbt-build",
        description=f"dbt build as of {as_of}",
        markdown=f"""| passed | warned | failed | skipped |
| --- | --- | --- | --- |
| {summary.passed} | {summary.warned} | {summary.failed} | {summary.skipped} |""",
    )
    return summary
