from collections.abc import Callable
from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

Connect = Callable[..., SnowflakeConnection]
Query = Callable[..., list[Any]]

AS_DBT_WRITES_IT = """
    merge into ECOMMERCE_DB.{schema}.target as DBT_INTERNAL_DEST
        using ECOMMERCE_DB.{schema}.source as DBT_INTERNAL_SOURCE
        on ((DBT_INTERNAL_SOURCE.id = DBT_INTERNAL_DEST.id))
    when matched then update set
        "ID" = DBT_INTERNAL_SOURCE."ID","V" = DBT_INTERNAL_SOURCE."V"
    when not matched then insert
        ("ID", "V")
    values
        ("ID", "V")
"""


@pytest.fixture
def session(connect: Connect) -> SnowflakeConnection:
    opened = connect()
    opened.cursor().execute("create table target as select * from (values (1, 'a'), (2, 'b')) as t (id, v)")
    opened.cursor().execute("create table source as select * from (values (2, 'B'), (3, 'C')) as t (id, v)")
    return opened


def target(session: SnowflakeConnection) -> list[Any]:
    return session.cursor().execute("select id, v from target order by id").fetchall()


def test_a_merge_as_dbt_writes_it_reports_the_counts_of_snowflake(session: SnowflakeConnection) -> None:
    cursor = session.cursor()
    counts = cursor.execute(AS_DBT_WRITES_IT.format(schema=session.schema)).fetchall()
    assert [column.name for column in cursor.description] == [
        "number of rows inserted",
        "number of rows updated",
    ]
    assert [tuple(map(int, row)) for row in counts] == [(1, 1)]
    assert cursor.rowcount == 2
    assert target(session) == [(1, "a"), (2, "B"), (3, "C")]


def test_conditions_and_deletes_are_honoured_in_order(session: SnowflakeConnection) -> None:
    cursor = session.cursor()
    counts = cursor.execute("""
        merge into target t using (select id, v from source union all select 1, 'gone') s on t.id = s.id
        when matched and s.v = 'gone' then delete
        when matched and s.v = 'B' then update set t.v = s.v || t.v
        when not matched and s.id > 99 then insert (id, v) values (s.id, s.v)
    """).fetchall()
    assert [tuple(map(int, row)) for row in counts] == [(0, 1, 1)]
    assert target(session) == [(2, "Bb")]


def test_a_merge_in_a_transaction_is_rolled_back_with_it(session: SnowflakeConnection) -> None:
    session.cursor().execute("begin")
    session.cursor().execute(AS_DBT_WRITES_IT.format(schema=session.schema))
    session.cursor().execute("rollback")
    assert target(session) == [(1, "a"), (2, "b")]


def test_a_merge_with_autocommit_off_waits_for_the_commit(
    session: SnowflakeConnection, connect: Connect
) -> None:
    session.autocommit(False)
    session.cursor().execute(AS_DBT_WRITES_IT.format(schema=session.schema))
    assert target(connect()) == [(1, "a"), (2, "b")]
    session.commit()
    assert target(connect()) == [(1, "a"), (2, "B"), (3, "C")]


def test_a_merge_that_fails_changes_nothing(session: SnowflakeConnection) -> None:
    with pytest.raises(ProgrammingError):
        session.cursor().execute("""
            merge into target t using source s on t.id = s.id
            when matched then update set v = 'changed'
            when not matched then insert (id, v) values (s.v::int, s.v)
        """)
    assert target(session) == [(1, "a"), (2, "b")]


def test_two_source_rows_for_one_target_row_are_an_error_as_on_snowflake(
    session: SnowflakeConnection,
) -> None:
    session.cursor().execute("insert into source values (2, 'again')")
    with pytest.raises(ProgrammingError) as ambiguous:
        session.cursor().execute(AS_DBT_WRITES_IT.format(schema=session.schema))
    assert ambiguous.value.errno == 100090
    assert target(session) == [(1, "a"), (2, "b")]


def test_a_merge_takes_bound_values(connect: Connect) -> None:
    session = connect(paramstyle="qmark")
    session.cursor().execute("create table target (id int, v varchar)")
    session.cursor().execute(
        "merge into target t using (select ? as id, ? as v) s on t.id = s.id "
        "when not matched then insert (id, v) values (s.id, s.v)",
        (7, "seven"),
    )
    assert target(session) == [(7, "seven")]
