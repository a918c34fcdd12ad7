"""`--check` tries what the pipeline will do: each missing grant is one finding, and nothing is left behind.

What Snowflake refuses is refused here by a server in between, because the stand-in allows everything.
"""

import re
from collections.abc import Iterator
from itertools import count

import prefect.settings
import pytest
from snowflake.connector import SnowflakeConnection

from blocks.register import main
from blocks.setup import script
from tests.integration.blocks.refusals import Gate, Refusal, Truth, gate_to, insufficient, unknown
from tests.integration.local.stand_ins import StandIn, connect_to

SECRET = "correct-horse-battery"
WAREHOUSE, MAIL = "snowflake-connector/ecommerce-warehouse-dev", "email-server-credentials/sla-email-dev"
ROLE = "ORDER_PIPELINE_DEV"
TABLES = """
    create table raw.orders (order_id varchar not null, amount number(12, 2));
    insert into raw.orders values ('A-1', 12.5), ('A-2', 7);
    create table raw.products (product_id varchar not null);
    create table ops.environment (name varchar not null);
    insert into ops.environment values ('dev');
    create table ops.load_manifest (entity varchar not null, batch_day date);
    insert into ops.load_manifest values ('orders', '2026-11-01');
    create table marts.fct_orders as select order_id from raw.orders;
    create view marts.seen as select order_id from marts.fct_orders
"""
_numbers = count()


@pytest.fixture
def gate(
    stand_ins: tuple[StandIn, StandIn], no_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Gate]:
    """The way to the warehouse, as the registered block takes it."""
    with gate_to(stand_ins[0].port) as gate:
        for name, value in {
            "PREFECT_API_URL": prefect.settings.PREFECT_API_URL.value(),
            "SNOWFLAKE_PORT": str(gate.port),
            "SNOWFLAKE_USER": ROLE,
            "SNOWFLAKE_ROLE": ROLE,
            "SNOWFLAKE_PASSWORD": SECRET,
            "SNOWFLAKE_DATABASE": f"GRANTS_{next(_numbers)}",
            "SMTP_PORT": str(stand_ins[1].port),
            "ORDER_MONITORING_ENV": "dev",
        }.items():
            monkeypatch.setenv(name, value)
        assert main([]) == 0
        yield gate


@pytest.fixture
def database(gate: Gate, stand_ins: tuple[StandIn, StandIn]) -> Iterator[SnowflakeConnection]:
    """The block's database as the set-up script leaves it, with a few tables."""
    name = f"GRANTS_{next(_numbers) - 1}"
    with connect_to(stand_ins[0], database=name, schema="PUBLIC") as connection:
        connection.execute_string(script("dev", name), remove_comments=True)
        connection.execute_string(TABLES)
        yield connection


def check(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """Exit status, and what is said of the warehouse."""
    capsys.readouterr()
    status = main(["--check"])
    out, err = capsys.readouterr()
    assert err == ""
    assert SECRET not in out
    said = [line for line in out.splitlines() if line.startswith(WAREHOUSE)]
    assert f"{MAIL}: ok: " in out  # whatever the warehouse says, the others are tried
    return status, [line.removeprefix(f"{WAREHOUSE}: ") for line in said]


def contents(connection: SnowflakeConnection) -> dict[str, list[tuple]]:
    """Everything there is in the database."""
    name = connection.database

    def fetched(sql: str) -> list[tuple]:
        return sorted(tuple(map(str, row)) for row in connection.cursor().execute(sql).fetchall())

    tables = fetched(
        "select table_schema, table_name, table_type from information_schema.tables "
        f"where table_catalog = '{name}' and table_schema != 'INFORMATION_SCHEMA'"
    )
    found = {f"{schema}.{table}": fetched(f"select * from {schema}.{table}") for schema, table, _ in tables}
    return found | {
        "tables": tables,
        "schemas": fetched(f"show terse schemas in database {name}"),
        "stage": fetched("list @raw.landing"),
    }


def test_where_everything_is_granted_all_is_well_and_nothing_is_left_behind(
    gate: Gate, database: SnowflakeConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(database)
    status, said = check(capsys)
    assert (status, len(said)) == (0, 1)
    assert said[0].startswith(f"ok: database {database.database} on 127.0.0.1 answers")
    assert contents(database) == before
    assert len(before["tables"]) == 6
    assert before["RAW.ORDERS"]


def test_everything_the_pipeline_does_is_tried(
    gate: Gate, database: SnowflakeConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    gate.statements.clear()
    check(capsys)
    sent = "\n".join(gate.statements)
    for schema in ("RAW", "OPS", "STAGING", "MARTS", "ALERTS"):
        assert f"create transient table {schema}." in sent
        assert f"create view {schema}." in sent
    for table in ('RAW."ORDERS"', 'RAW."PRODUCTS"', 'OPS."LOAD_MANIFEST"', 'MARTS."FCT_ORDERS"'):
        assert f"insert into {table} " in sent
        assert f"delete from {table} " in sent
    assert 'update OPS."LOAD_MANIFEST" ' in sent
    assert '"SEEN"' not in sent  # a view
    for start in ("create transient schema", "put", "list", "remove", "select count(*) from table(generator"):
        assert re.search(rf"^{re.escape(start)}", sent, re.MULTILINE)


def test_rows_are_written_only_in_transactions_that_are_rolled_back_and_in_no_other_is_anything_created(
    gate: Gate, database: SnowflakeConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    gate.refusals.append(insufficient('delete from RAW."ORDERS"', "table 'ORDERS'"))
    gate.statements.clear()
    check(capsys)
    is_open = False
    writes = 0
    for statement in gate.statements:
        word = statement.split()[0]
        assert word != "commit"
        if word in ("insert", "update", "delete"):
            assert is_open
            assert statement.endswith("where false")
            writes += 1
        if word in ("create", "drop", "put", "remove", "use", "alter"):
            assert not is_open
        is_open = {"begin": True, "rollback": False}.get(word, is_open)
    assert writes > 8
    assert not is_open


@pytest.mark.parametrize(
    ("refusal", "deed", "privilege", "statement"),
    [
        (
            unknown("use warehouse"),
            "may not use warehouse ECOMMERCE_WH",
            "USAGE on the warehouse",
            "grant usage on warehouse ECOMMERCE_WH to role {role}",
        ),
        (
            insufficient("create transient schema", "database"),
            "may not create a schema in {database}",
            "CREATE SCHEMA on the database",
            "grant create schema on database {database} to role {role}",
        ),
        (
            insufficient("show objects in schema STAGING", "schema 'STAGING'"),
            "may not use schema {database}.STAGING",
            "USAGE on the schema",
            "create schema if not exists {database}.staging",
        ),
        (
            insufficient("create transient table RAW", "schema 'RAW'"),
            "may not create a table in {database}.RAW",
            "CREATE TABLE on the schema",
            "create schema if not exists {database}.raw",
        ),
        (
            insufficient("create view MARTS", "schema 'MARTS'"),
            "may not create a view in {database}.MARTS",
            "CREATE VIEW on the schema",
            "create schema if not exists {database}.marts",
        ),
        (
            unknown(r'select \* from OPS."LOAD_MANIFEST"'),
            "may not SELECT in {database}.OPS on LOAD_MANIFEST",
            "SELECT on them",
            "create schema if not exists {database}.ops",
        ),
        (
            insufficient("insert into RAW", "table"),
            "may not INSERT in {database}.RAW on ORDERS, PRODUCTS",
            "INSERT on them",
            "create schema if not exists {database}.raw",
        ),
        (
            insufficient('update OPS."LOAD_MANIFEST"', "table 'LOAD_MANIFEST'"),
            "may not UPDATE in {database}.OPS on LOAD_MANIFEST",
            "UPDATE on them",
            "create schema if not exists {database}.ops",
        ),
        (
            insufficient('delete from MARTS."FCT_ORDERS"', "table 'FCT_ORDERS'"),
            "may not DELETE in {database}.MARTS on FCT_ORDERS",
            "DELETE on them",
            "create schema if not exists {database}.marts",
        ),
        (
            insufficient("put", "stage 'LANDING'"),
            "may not upload to @raw.landing",
            "WRITE on the stage",
            "create stage if not exists {database}.raw.landing",
        ),
        (
            insufficient("list", "stage 'LANDING'"),
            "may not list @raw.landing",
            "READ on the stage",
            "create stage if not exists {database}.raw.landing",
        ),
    ],
    ids=lambda value: value.pattern if isinstance(value, Refusal) else "",
)
def test_a_missing_grant_is_one_finding_that_names_it_the_role_and_what_gives_it(
    gate: Gate,
    database: SnowflakeConnection,
    capsys: pytest.CaptureFixture[str],
    refusal: Refusal,
    deed: str,
    privilege: str,
    statement: str,
) -> None:
    before = contents(database)
    gate.refusals.append(refusal)
    status, said = check(capsys)
    names = {"database": database.database, "role": ROLE}
    assert (status, len(said)) == (1, 1)
    assert said[0].startswith(f"FAILED: role {ROLE} {deed.format(**names)} (")
    assert refusal.message.splitlines()[-1] in said[0]
    given = (
        f"missing: {privilege}, given in `python -m blocks.setup --env dev` by `{statement.format(**names)}`"
    )
    assert given in said[0]
    assert contents(database) == before


@pytest.mark.parametrize("is_granted", [False, True])
def test_what_another_role_owns_cannot_be_altered_unless_that_role_was_granted(
    gate: Gate, database: SnowflakeConnection, capsys: pytest.CaptureFixture[str], is_granted: bool
) -> None:
    gate.role = ROLE  # what the stand-in has belongs to SYSADMIN
    gate.refusals.append(Truth("select is_role_in_session", is_granted))
    status, said = check(capsys)
    assert "select is_role_in_session('SYSADMIN')" in gate.statements
    if is_granted:
        assert (status, said[0].partition(":")[0]) == (0, "ok")
        return
    assert status == 1
    name = database.database
    assert [line.partition(";")[0] for line in said] == [
        f"FAILED: role {ROLE} may not alter or replace in {name}.RAW what SYSADMIN owns: ORDERS, PRODUCTS",
        f"FAILED: role {ROLE} may not alter or replace in {name}.OPS what SYSADMIN owns: "
        "ENVIRONMENT, LOAD_MANIFEST",
        f"FAILED: role {ROLE} may not alter or replace in {name}.MARTS what SYSADMIN owns: FCT_ORDERS, SEEN",
    ]
    assert f"`grant ownership on all tables in schema {name}.raw to role {ROLE} copy" in said[0]


def test_every_problem_is_a_line_of_its_own(
    gate: Gate, database: SnowflakeConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    gate.refusals += [
        insufficient("create transient schema", "database"),
        insufficient("create transient table OPS", "schema 'OPS'"),
        insufficient('delete from RAW."ORDERS"', "table 'ORDERS'"),
        insufficient('insert into RAW."ORDERS"', "table 'ORDERS'"),
    ]
    status, said = check(capsys)
    assert status == 1
    assert [re.findall(r"may not (\w+(?: a \w+)?)", line) for line in said] == [
        ["create a schema"],
        ["create a table"],
        ["INSERT"],
        ["DELETE"],
    ]


def test_without_the_database_nothing_else_is_tried(
    gate: Gate, database: SnowflakeConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    gate.refusals.append(unknown("use database"))
    gate.statements.clear()
    status, said = check(capsys)
    name = database.database
    assert (status, len(said), len(gate.statements)) == (1, 1, 1)
    assert said[0].startswith(f"FAILED: role {ROLE} may not use database {name} (")
    assert f"`grant usage on database {name} to role {ROLE}`" in said[0]


def test_without_a_warehouse_what_needs_none_is_tried(
    gate: Gate, database: SnowflakeConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    message = "No active warehouse selected in the current session. Select an active warehouse first."
    gate.refusals += [
        Refusal("select count", message, 606, "57P03"),
        insufficient("create transient table RAW", "schema 'RAW'"),
    ]
    gate.statements.clear()
    status, said = check(capsys)
    assert (status, len(said)) == (1, 2)
    assert said[0].startswith(f"FAILED: role {ROLE} cannot compute on warehouse ECOMMERCE_WH (")
    assert "may not create a table" in said[1]
    assert not [one for one in gate.statements if one.startswith(("insert", "delete", "update", "begin"))]


def test_what_cannot_be_dropped_again_is_named(
    gate: Gate, database: SnowflakeConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    gate.refusals.append(insufficient("drop view OPS", "view"))
    _, said = check(capsys)
    [(left,)] = database.cursor().execute(
        "select table_name from information_schema.tables where table_schema = 'OPS' and table_type = 'VIEW'"
    )
    assert len(said) == 1
    assert said[0].startswith(f"FAILED: view OPS.{left} in database {database.database} was made to test")
    assert "drop it by hand" in said[0]


def test_a_table_that_somebody_is_at_work_on_is_no_missing_grant(
    gate: Gate, database: SnowflakeConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    message = "Statement was aborted because the number of waiters for this lock exceeds the limit"
    gate.refusals.append(Refusal("delete from RAW", message, 625, "57014"))
    status, said = check(capsys)
    assert (status, said[0].partition(":")[0]) == (0, "ok")


def test_a_role_that_was_not_granted_to_the_user_is_said_with_what_grants_it(
    gate: Gate, capsys: pytest.CaptureFixture[str]
) -> None:
    message = f"Role '{ROLE}' specified in the connect string is not granted to this user."
    gate.refusals.append(Refusal(None, message, 390189, "08001"))
    status, said = check(capsys)
    assert (status, len(said)) == (1, 1)
    assert message in said[0]
    assert f"`grant role {ROLE} to user {ROLE}`" in said[0]


@pytest.mark.parametrize(
    ("change", "sign"),
    [
        ("update ops.environment set name = 'prod'", "as its OPS.ENVIRONMENT says"),
        ("delete from ops.environment", "because it was loaded before databases were marked"),
        ("drop table ops.environment", "because it was loaded before databases were marked"),
    ],
)
def test_a_database_of_another_environments_is_said_and_nothing_done_in_it(
    gate: Gate,
    database: SnowflakeConnection,
    capsys: pytest.CaptureFixture[str],
    change: str,
    sign: str,
) -> None:
    database.cursor().execute(change)
    gate.statements.clear()
    status, said = check(capsys)
    assert (status, len(said)) == (1, 1)
    whose = f"environment dev: database {database.database} belongs to prod, {sign}; "
    assert said[0].startswith(f"FAILED: {whose}")
    assert not [one for one in gate.statements if re.match("create|insert|update|delete|put", one)]


def test_an_empty_database_is_fine_because_the_first_run_fills_it(
    gate: Gate, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = check(capsys)
    assert (status, said[0].partition(":")[0]) == (0, "ok")
    assert not [one for one in gate.statements if re.match(r"put|insert|create .* OPS\.", one)]


def test_a_connection_that_is_lost_half_way_is_one_finding(
    gate: Gate, database: SnowflakeConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    message = "Session no longer exists. New login required to access the service."
    gate.refusals.append(Refusal("create view", message, 390111, "08001"))
    status, said = check(capsys)
    assert (status, len(said)) == (1, 1)
    assert "was lost" in said[0]
