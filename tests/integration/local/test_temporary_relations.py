from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

from tests.integration.local.stand_ins import START_SECONDS, connect_to, running

Connect = Callable[..., SnowflakeConnection]
Query = Callable[..., list[Any]]


def test_a_qualified_temporary_table_can_be_created_replaced_and_described(connect: Connect) -> None:
    session = connect()
    name = f"ECOMMERCE_DB.{session.schema}.orders__dbt_tmp"
    for value in ("a", "b"):
        session.cursor().execute(
            f"create or replace temporary table {name} as (select 1 as id, '{value}' as v)"
        )
    assert session.cursor().execute(f"select * from {name}").fetchall() == [(1, "b")]
    assert [row[0] for row in session.cursor().execute(f"describe table {name}").fetchall()] == ["ID", "V"]


def test_a_qualified_temporary_view_can_be_created(connect: Connect) -> None:
    session = connect()
    name = f"ECOMMERCE_DB.{session.schema}.orders__dbt_tmp"
    session.cursor().execute(f"create or replace temporary view {name} as (select 1 as id)")
    assert session.cursor().execute(f"select * from {name}").fetchall() == [(1,)]


def test_temporary_relations_end_with_their_session(connect: Connect) -> None:
    leaving, staying = connect(), connect()
    schema = staying.schema
    leaving.cursor().execute(f"create temporary table ECOMMERCE_DB.{schema}.t as select 1 as id")
    leaving.cursor().execute(f"create temporary view ECOMMERCE_DB.{schema}.v as select 1 as id")
    leaving.close()
    for name in ("t", "v"):
        with pytest.raises(ProgrammingError, match="does not exist"):
            staying.cursor().execute(f"select * from {schema}.{name}")


def test_a_temporary_table_never_replaces_an_ordinary_one(connect: Connect) -> None:
    session = connect()
    name = f"ECOMMERCE_DB.{session.schema}.orders"
    session.cursor().execute(f"create table {name} as select 1 as id")
    with pytest.raises(ProgrammingError, match="not temporary"):
        session.cursor().execute(f"create or replace temporary table {name} as select 2 as id")
    assert session.cursor().execute(f"select * from {name}").fetchall() == [(1,)]


def test_what_a_killed_server_left_behind_is_dropped_at_the_next_start(tmp_path: Path) -> None:
    create = "create temporary table ECOMMERCE_DB.RAW.t as select 1 as id"
    with running("local.warehouse", tmp_path) as stand_in:
        connect_to(stand_in).cursor().execute(create)
        stand_in.process.kill()
        stand_in.process.wait(START_SECONDS)
    with running("local.warehouse", tmp_path) as stand_in, connect_to(stand_in) as session:
        with pytest.raises(ProgrammingError, match="does not exist"):
            session.cursor().execute("select * from raw.t")
        session.cursor().execute(create)


def test_an_ordinary_table_under_the_name_of_a_dropped_temporary_one_stays(connect: Connect) -> None:
    leaving, staying = connect(), connect()
    name = f"ECOMMERCE_DB.{staying.schema}.t"
    for statement in (
        f"create temporary table {name} as select 1 as id",
        f"drop table {name}",
        f"create table {name} as select 2 as id",
    ):
        leaving.cursor().execute(statement)
    leaving.close()
    assert staying.cursor().execute(f"select * from {name}").fetchall() == [(2,)]


def test_a_temporary_table_replaced_by_another_session_ends_with_that_one(connect: Connect) -> None:
    first, second = connect(), connect()
    name = f"ECOMMERCE_DB.{second.schema}.t"
    first.cursor().execute(f"create temporary table {name} as select 1 as id")
    second.cursor().execute(f"create or replace temporary table {name} as select 2 as id")
    first.close()
    assert second.cursor().execute(f"select * from {name}").fetchall() == [(2,)]
