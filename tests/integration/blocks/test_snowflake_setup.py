"""The script that prepares an account, as far as a warehouse without access control can prove it."""

import re
from pathlib import Path

import sqlglot
from snowflake.connector import SnowflakeConnection
from sqlglot import exp

from flows.migrations import prepare
from tests.integration.local.stand_ins import StandIn, connect_to

SCRIPT = Path("blocks/snowflake_setup.sql").read_text(encoding="utf-8")
PLAIN = re.sub(r"--[^\n]*", "", SCRIPT).lower()


def run_script(connection: SnowflakeConnection) -> None:
    connection.execute_string(SCRIPT, remove_comments=True)


def test_every_statement_is_snowflakes_and_can_be_run_twice(stand_ins: tuple[StandIn, StandIn]) -> None:
    with connect_to(stand_ins[0], database="SETUP_TWICE", schema="PUBLIC") as connection:
        run_script(connection)
        run_script(connection)


def test_what_it_creates_is_what_the_pipeline_uses(stand_ins: tuple[StandIn, StandIn]) -> None:
    with connect_to(stand_ins[0], database="ECOMMERCE_DB", schema="PUBLIC") as connection:
        run_script(connection)
        before = names(connection, "show schemas in database ecommerce_db")
        prepare(connection, "prod")
        assert names(connection, "show schemas in database ecommerce_db") == before
        assert {"RAW", "OPS", "STAGING", "MARTS", "ALERTS"} <= before


def names(connection: SnowflakeConnection, show: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(show)
        position = [column.name for column in cursor.description].index("name")
        return {row[position] for row in cursor.fetchall()}


def test_no_role_gets_more_than_it_needs() -> None:
    granted = re.findall(r"grant\s+(.*?)\s+to\s+(?:role|user)\s+(\w+)", PLAIN, re.DOTALL)
    privileges = {
        (" ".join(what.split()).split(" on ")[0], to) for what, to in granted if not what.startswith("role ")
    }
    assert privileges == {
        ("usage", "order_pipeline"),
        ("create schema", "order_pipeline"),
        ("usage", "order_reader"),
        ("select", "order_reader"),
    }
    assert not re.search(r"select on (all|future) \w+ in schema ecommerce_db\.(raw|ops|staging)", PLAIN)


def test_the_user_logs_in_with_a_key_and_the_warehouse_suspends_itself() -> None:
    assert "type = service" in PLAIN
    assert "password" not in PLAIN
    assert re.search(r"set rsa_public_key = 'public_key'", PLAIN)
    assert re.search(r"auto_suspend = \d+", PLAIN)


def test_objects_are_only_created_where_missing() -> None:
    kinds = [
        statement.args.get("exists")
        for statement in sqlglot.parse(PLAIN, dialect="snowflake")
        if isinstance(statement, exp.Create)
    ]
    assert kinds
    assert all(kinds)
    assert not re.search(r"create\s+or\s+replace|\bdrop\b", PLAIN)
