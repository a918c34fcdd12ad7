"""What a check says is missing is what the set-up script gives."""

import re

import pytest
from snowflake.connector.errors import ProgrammingError

from blocks import setup
from blocks.grants import (
    CREATE_SCHEMA,
    USE_DATABASE,
    USE_ROLE,
    USE_WAREHOUSE,
    Grant,
    Names,
    explained,
    on_schema,
    on_stage,
    on_tables,
)
from blocks.probes import WRITES
from flows.tables import LANDING_STAGE

PRODUCTION = Names("prod", "order_pipeline", "order_pipeline", "ecommerce_wh", "ecommerce_db")
DEV = Names("dev", "order_pipeline_dev", "order_pipeline_dev", "ecommerce_dev_wh", "ecommerce_dev")
GRANTS = [
    USE_ROLE,
    USE_DATABASE,
    USE_WAREHOUSE,
    CREATE_SCHEMA,
    on_stage("WRITE", LANDING_STAGE),
    *(on_schema("CREATE TABLE", schema) for schema in WRITES),
    *(on_tables("INSERT", schema) for schema in WRITES),
]


@pytest.mark.parametrize("names", [PRODUCTION, DEV], ids=["prod", "dev"])
@pytest.mark.parametrize("grant", GRANTS, ids=lambda grant: grant.statement)
def test_every_statement_that_is_named_stands_in_the_environments_script(grant: Grant, names: Names) -> None:
    given = grant.statement.format_map(vars(names))
    lines = [line.rstrip(";") for line in setup.script(names.environment).splitlines()]
    assert given in lines


def test_a_refusal_says_who_may_not_do_what_and_what_gives_it() -> None:
    error = ProgrammingError(
        msg="SQL access control error:\nInsufficient privileges to operate on schema 'RAW'",
        errno=3001,
        sqlstate="42501",
    )
    said = explained(error, "create a table in ecommerce_dev.RAW", on_schema("CREATE TABLE", "RAW"), DEV)
    assert "\n" not in said
    assert said.startswith("role order_pipeline_dev may not create a table in ecommerce_dev.RAW (")
    assert "Insufficient privileges to operate on schema 'RAW'" in said
    assert (
        "missing: CREATE TABLE on the schema, given in `python -m blocks.setup --env dev` by "
        "`create schema if not exists ecommerce_dev.raw` as that role; where another role was first: "
        "`grant ownership on schema ecommerce_dev.raw to role order_pipeline_dev copy current grants`"
    ) in said


def test_an_error_that_is_no_refusal_is_not_taken_for_a_missing_grant() -> None:
    error = ProgrammingError(
        msg="No active warehouse selected in the current session.", errno=606, sqlstate="57P03"
    )
    said = explained(error, "compute on warehouse W", USE_WAREHOUSE, PRODUCTION)
    assert re.fullmatch(
        r"role order_pipeline cannot compute on warehouse W \(.*No active warehouse.*\)", said
    )
