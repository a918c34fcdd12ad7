"""Errors, statements that do nothing, sessions, and database files."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import DatabaseError, ProgrammingError

from tests.integration.local.stand_ins import START_SECONDS, StandIn, connect_to, refused, running

Connect = Callable[..., SnowflakeConnection]
Query = Callable[..., list[Any]]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("insert into keyed values (1)", "Duplicate key"),
        ("insert into keyed values (null)", "NOT NULL"),
        ("select 9223372036854775807::bigint + 1", "overflow"),
        ("select a.range from range(3) a, no_such_table", "does not exist"),
        ("select no_such_column from keyed", "no_such_column"),
        ("select no_such_function(1)", "no_such_function"),
        ("this is not sql", ""),
        ("begin; insert into keyed values (2)", "statement count 2"),
        ("select $no_such_variable", "no_such_variable"),
        ("select interval '1 day'", ""),
        ("copy into keyed from @no_such_stage", "does not exist"),
        ("create table keyed (id int)", "already exists"),
        ("drop table no_such_table", "does not exist"),
    ],
)
def test_a_failing_statement_is_one_programming_error_at_once(query: Query, sql: str, message: str) -> None:
    query("create table keyed (id int primary key)")
    query("insert into keyed values (1)")
    with pytest.raises(ProgrammingError, match=re.compile(message, re.IGNORECASE)) as error:
        query(sql)
    assert error.value.errno not in (None, 625, 250003)
    assert query("select id from keyed") == [(1,)]


@pytest.mark.parametrize(
    "statement",
    [
        "alter session set query_tag = 'dbt: orders'",
        "alter session set timezone = 'UTC'",
        "alter session set statement_timeout_in_seconds = 300, lock_timeout = 10",
        "alter session unset query_tag",
        "/* dbt */ alter session set query_tag = ''",
        "grant select on all tables in schema raw to role reporter",
        "revoke all on database ecommerce_db from role reporter",
        "create role if not exists reporter",
        "create or replace warehouse transforming with warehouse_size = xsmall auto_suspend = 60",
        "create user if not exists dbt password = 'x' default_role = reporter",
        "drop role if exists reporter",
        "use role reporter",
        "use warehouse transforming",
        "use secondary roles all",
        "alter warehouse transforming resume if suspended",
    ],
)
def test_statements_about_roles_warehouses_and_sessions_succeed(query: Query, statement: str) -> None:
    assert query(statement) == [("Statement executed successfully.",)]


def test_the_information_schema_lists_tables_and_views(query: Query) -> None:
    query("create schema listed")
    query("create table listed.t (id int)")
    query("insert into listed.t values (1), (2)")
    query("create view listed.v as select id from listed.t")
    found = query(
        "select table_name, table_type, row_count from information_schema.tables"
        " where table_schema = 'LISTED' order by 1"
    )
    assert found == [("T", "BASE TABLE", 2), ("V", "VIEW", None)]
    assert [row[1] for row in query("show tables in schema listed")] == ["T"]


def test_a_comment_behind_the_last_semicolon_is_no_statement(query: Query) -> None:
    assert query("select 1 as one; -- that was all\n") == [(1,)]


def test_a_closed_session_is_gone_from_the_server(warehouse: StandIn, connect: Connect) -> None:
    import http.client

    session = connect()
    header = {"Authorization": f'Snowflake Token="{session.rest.token}"'}
    statuses = []
    for _ in range(2):
        http_client = http.client.HTTPConnection("127.0.0.1", warehouse.port, timeout=START_SECONDS)
        http_client.request("POST", "/session/heartbeat", headers=header)
        statuses.append(http_client.getresponse().status)
        http_client.close()
        session.close()
    assert statuses == [200, 401]


def test_a_database_named_like_a_path_is_refused(connect: Connect, warehouse: StandIn) -> None:
    with pytest.raises(DatabaseError, match="cannot name a database"):
        connect(database="../outside")
    assert not list(warehouse.data_dir.glob("*.db"))


def test_data_is_there_after_a_restart_without_create_database(tmp_path: Path) -> None:
    with running("local.warehouse", tmp_path) as stand_in, connect_to(stand_in) as session:
        session.cursor().execute("create database other")
        session.cursor().execute("create schema other.s")
        session.cursor().execute("create table other.s.t as select 1 as id")
        session.close()
        assert stand_in.stop() == 0
    assert not list((tmp_path / "warehouse").glob("*.wal"))
    with (
        running("local.warehouse", tmp_path) as stand_in,
        connect_to(stand_in, database=None, schema=None) as session,
    ):
        assert session.cursor().execute("select id from other.s.t").fetchall() == [(1,)]
        assert len(session.cursor().execute("describe table other.s.t").fetchall()) == 1


def test_what_was_committed_survives_a_killed_server_and_what_was_not_does_not(tmp_path: Path) -> None:
    with running("local.warehouse", tmp_path) as stand_in:
        cursor = connect_to(stand_in).cursor()
        cursor.execute("create table t as select 1 as id")
        cursor.execute("begin")
        cursor.execute("insert into t values (2)")
        stand_in.process.kill()
        stand_in.process.wait(START_SECONDS)
    with running("local.warehouse", tmp_path) as stand_in, connect_to(stand_in) as session:
        assert session.cursor().execute("select id from t").fetchall() == [(1,)]


def test_a_running_statement_does_not_keep_the_server_from_stopping(tmp_path: Path) -> None:
    endless = "select count(*) from range(10000000) a, range(10000000) b where (a.range + b.range) % 11 = 3"
    with running("local.warehouse", tmp_path, "--in-progress-after", "0") as stand_in:
        connect_to(stand_in).cursor().execute_async(endless)
        assert stand_in.stop() == 0


def test_the_server_refuses_versions_it_was_not_written_for() -> None:
    from local.service import ServiceError
    from local.warehouse import versions

    with pytest.raises(ServiceError, match=r"duckdb 2\.0\.0 instead of 1\.4\.0.*requirements\.txt"):
        versions.check({**versions.WRITTEN_FOR, "duckdb": "1.4.0"})


def test_a_damaged_database_file_is_named_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "warehouse" / "ECOMMERCE_DB.db"
    file.parent.mkdir()
    file.write_bytes(b"not a database " * 1000)
    outcome = refused("local.warehouse", tmp_path, "--port", "0")
    assert outcome.returncode == 1
    assert outcome.stderr.startswith("error: ")
    assert outcome.stderr.count("\n") == 1
    assert str(file) in outcome.stderr
    assert "move it away" in outcome.stderr
    assert file.read_bytes() == b"not a database " * 1000


def test_nothing_is_printed_for_statements_and_verbose_hides_literals(tmp_path: Path) -> None:
    import os
    import sys

    from tests.integration.local.stand_ins import REPOSITORY

    for flags, shown in (([], False), (["--verbose"], True)):
        data_dir = tmp_path / str(shown)
        process = subprocess.Popen(
            [sys.executable, "-m", "local.warehouse", "--port", "0", "--with-parent", *flags],
            env={**os.environ, "ORDERS_DATA_DIR": str(data_dir)},
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        line = process.stdout.readline()
        stand_in = StandIn(process, data_dir, int(line.split("127.0.0.1:")[1].split(",")[0]), line)
        with connect_to(stand_in) as session:
            session.cursor().execute("select 'open sesame' as password_of_the_cave")
        process.terminate()
        _, stderr = process.communicate(timeout=START_SECONDS)
        assert ("password_of_the_cave" in stderr) == shown
        assert "sesame" not in stderr
        assert shown or stderr == ""
