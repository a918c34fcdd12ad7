import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

from tests.integration.local.stand_ins import START_SECONDS

Connect = Callable[..., SnowflakeConnection]


@pytest.fixture
def session(connect: Connect) -> SnowflakeConnection:
    opened = connect()
    opened.cursor().execute("create table t (id int)")
    return opened


def rows(session: SnowflakeConnection, sql: str = "select id from t order by id") -> list[int]:
    return [row[0] for row in session.cursor().execute(sql).fetchall()]


@pytest.mark.parametrize("mistake", ["select * from no_such_table", "select 'x'::int", "selec 1"])
def test_commit_after_an_error_fails_and_saves_nothing(session: SnowflakeConnection, mistake: str) -> None:
    cursor = session.cursor()
    cursor.execute("begin")
    cursor.execute("insert into t values (1)")
    with pytest.raises(ProgrammingError):
        cursor.execute(mistake)
    with pytest.raises(ProgrammingError, match="COMMIT refused"):
        cursor.execute("commit")
    assert rows(session) == []


def test_statements_after_an_error_are_refused_until_rollback(session: SnowflakeConnection) -> None:
    cursor = session.cursor()
    cursor.execute("begin")
    with pytest.raises(ProgrammingError):
        cursor.execute("select * from no_such_table")
    with pytest.raises(ProgrammingError, match="ROLLBACK and run it again"):
        cursor.execute("insert into t values (1)")
    cursor.execute("rollback")
    cursor.execute("insert into t values (2)")
    assert rows(session) == [2]


def test_with_autocommit_off_a_commit_after_an_error_fails_too(session: SnowflakeConnection) -> None:
    session.autocommit(False)
    session.cursor().execute("insert into t values (1)")
    with pytest.raises(ProgrammingError):
        session.cursor().execute("insert into t values ('x')")
    with pytest.raises(ProgrammingError, match="COMMIT refused"):
        session.commit()
    session.autocommit(True)
    assert rows(session) == []


def test_switching_autocommit_on_after_an_error_fails(session: SnowflakeConnection) -> None:
    session.autocommit(False)
    session.cursor().execute("insert into t values (1)")
    with pytest.raises(ProgrammingError):
        session.cursor().execute("insert into t values ('x')")
    with pytest.raises(ProgrammingError, match="saves nothing"):
        session.cursor().execute("alter session set autocommit = true")
    session.rollback()
    assert rows(session) == []


def test_switching_autocommit_on_commits_what_is_open(session: SnowflakeConnection, connect: Connect) -> None:
    session.autocommit(False)
    for statement in ("begin", "insert into t values (1)", "alter session set autocommit = true"):
        session.cursor().execute(statement)
    session.cursor().execute("create table other (id int)")
    assert rows(connect()) == [1]


def test_a_begin_within_a_transaction_is_ignored(session: SnowflakeConnection) -> None:
    cursor = session.cursor()
    for statement in ("begin", "insert into t values (1)", "begin", "insert into t values (2)", "rollback"):
        cursor.execute(statement)
    assert rows(session) == []


def test_ddl_commits_the_open_transaction_as_on_snowflake(session: SnowflakeConnection) -> None:
    cursor = session.cursor()
    for statement in ("begin", "insert into t values (1)", "create table other (id varchar(5))", "rollback"):
        cursor.execute(statement)
    assert rows(session) == [1]


def test_two_transactions_on_the_same_rows_conflict_as_errno_625(
    session: SnowflakeConnection, connect: Connect
) -> None:
    session.cursor().execute("insert into t values (1)")
    other = connect()
    session.cursor().execute("begin")
    session.cursor().execute("delete from t")
    other.cursor().execute("begin")
    with pytest.raises(ProgrammingError) as conflict:
        other.cursor().execute("delete from t")
    assert conflict.value.errno == 625
    session.cursor().execute("commit")
    other.cursor().execute("rollback")
    assert rows(other) == []


def test_a_single_statement_conflicts_as_errno_625_while_the_other_transaction_is_open(
    session: SnowflakeConnection, connect: Connect
) -> None:
    session.cursor().execute("insert into t values (1)")
    session.cursor().execute("begin")
    session.cursor().execute("update t set id = 2")
    with pytest.raises(ProgrammingError) as conflict:
        connect().cursor().execute("update t set id = 3")
    assert conflict.value.errno == 625
    session.cursor().execute("commit")
    assert rows(session) == [2]


def test_closing_a_session_rolls_its_transaction_back(session: SnowflakeConnection, connect: Connect) -> None:
    session.cursor().execute("insert into t values (1)")
    leaving = connect()
    leaving.cursor().execute("begin")
    leaving.cursor().execute("delete from t")
    leaving.close()
    session.cursor().execute("update t set id = 5")
    assert rows(session) == [5]


def test_an_insert_overwrite_that_fails_leaves_the_rows(
    session: SnowflakeConnection, connect: Connect
) -> None:
    session.cursor().execute("insert into t values (1)")
    with pytest.raises(ProgrammingError):
        session.cursor().execute("insert overwrite into t select 'x'::int")
    assert rows(session) == [1]
    session.cursor().execute("insert overwrite into t select 2")
    assert rows(connect()) == [2]


def test_sessions_that_create_the_same_things_where_they_are_missing_all_succeed(connect: Connect) -> None:
    opened = [connect() for _ in range(4)]
    begin = threading.Barrier(len(opened))

    def create(session: SnowflakeConnection) -> None:
        try:
            for number in range(10):
                begin.wait(START_SECONDS)
                session.cursor().execute(f"create table if not exists t{number} (a varchar(5), b varchar(6))")
                session.cursor().execute(f"create stage if not exists s{number}")
        except BaseException:
            begin.abort()  # the others must not wait for this one
            raise

    with ThreadPoolExecutor(len(opened)) as threads:
        list(threads.map(create, opened))
    assert len(opened[0].cursor().execute("show tables").fetchall()) == 10
