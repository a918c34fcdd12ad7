"""The schema of RAW and OPS, from nothing, from every earlier number and from what earlier versions made."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prefect_snowflake import SnowflakeConnector
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

from flows.errors import InputError, UpgradeError
from flows.migrations import migrate, prepare
from flows.migrations.numbered import migrations
from flows.warehouse import connect, rows

EARLIER = sorted((Path(__file__).parent / "earlier_schemas").glob("*.sql"))
NUMBERS = range(len(migrations()))
SAMPLES = {
    "TEXT": "'it stays'",
    "DATE": "'2026-01-01'",
    "TIMESTAMP_NTZ": "'2026-01-01 12:00:00'",
    "NUMBER": "7",
}
COLUMNS = """
    select table_schema || '.' || table_name, column_name, data_type, is_nullable
    from information_schema.columns where table_schema in ('RAW', 'OPS') order by 1, ordinal_position
"""


class Database:
    """A database without a schema, and sessions in it."""

    def __init__(self, connector: SnowflakeConnector, sessions: ExitStack) -> None:
        self._connector = connector
        self._sessions = sessions
        self.connection = self.session()

    def session(self) -> SnowflakeConnection:
        return self._sessions.enter_context(connect(self._connector))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return rows(self.connection, sql)

    def run(self, statements: str) -> None:
        self.connection.execute_string(statements, remove_comments=True)

    @property
    def schema(self) -> dict[str, list[tuple[str, str, str]]]:
        """Name, type and nullability of each table's columns."""
        found: dict[str, list[tuple[str, str, str]]] = {}
        for table, *column in self.rows(COLUMNS):
            found.setdefault(table, []).append(tuple(column))
        return found

    @property
    def numbers(self) -> list[int]:
        return [int(number) for (number,) in self.rows("select number from ops.schema_migrations order by 1")]

    def counts(self) -> dict[str, int]:
        return {table: self.rows(f"select count(*) from {table}")[0][0] for table in self.schema}


@pytest.fixture
def new_database(new_connector: Callable[[], SnowflakeConnector]) -> Iterator[Callable[[], Database]]:
    with ExitStack() as sessions:
        yield lambda: Database(new_connector(), sessions)


@pytest.fixture
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


@pytest.fixture(scope="module")
def newest(new_connector: Callable[[], SnowflakeConnector]) -> dict[str, list[tuple[str, str, str]]]:
    """The schema that an empty database gets."""
    with ExitStack() as sessions:
        fresh = Database(new_connector(), sessions)
        prepare(fresh.connection, "prod")
        return fresh.schema


def at(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """As a checkout that knows only the first so many migrations."""
    monkeypatch.setattr(migrate, "migrations", lambda: migrations()[:count])


def test_an_empty_database_gets_everything_and_is_whose_run_it_is(database: Database) -> None:
    prepare(database.connection, "dev")
    assert database.numbers == [one.number for one in migrations()]
    assert database.rows("select name from ops.environment") == [("dev",)]
    assert database.rows("select count(*) from ops.load_lock") == [(1,)]
    assert database.rows("select count(*) from ops.build_lock") == [(1,)]


def test_an_empty_database_ends_where_the_version_before_the_numbers_ended(
    database: Database, newest: dict[str, Any]
) -> None:
    database.run(EARLIER[-1].read_text())
    record = {"OPS.SCHEMA_MIGRATIONS", "OPS.ENVIRONMENT"}
    assert {table: columns for table, columns in newest.items() if table not in record} == database.schema


@pytest.mark.parametrize("number", NUMBERS)
def test_from_every_earlier_number_all_rows_stay_and_the_schema_is_the_newest(
    monkeypatch: pytest.MonkeyPatch, database: Database, newest: dict[str, Any], number: int
) -> None:
    with monkeypatch.context() as earlier:
        at(earlier, number)
        prepare(database.connection, "prod")
    record = {"OPS.SCHEMA_MIGRATIONS", "OPS.ENVIRONMENT"}
    before = {table: count for table, count in _filled(database, but=record).items() if table not in record}
    prepare(database.connection, "prod")
    assert database.schema == newest
    assert database.numbers == [one.number for one in migrations()]
    after = database.counts()
    assert {table: after[table] for table in before} == before


def _filled(database: Database, but: set[str]) -> dict[str, int]:
    for table, columns in database.schema.items():
        if table not in but:
            names = ", ".join(name for name, _, _ in columns)
            values = ", ".join(SAMPLES[kind] for _, kind, _ in columns)
            database.rows(f"insert into {table} ({names}) select {values}")
    return database.counts()


@pytest.mark.parametrize("earlier", EARLIER, ids=lambda path: path.stem)
def test_what_a_version_without_numbers_made_is_brought_up_with_its_rows(
    database: Database, newest: dict[str, Any], earlier: Path
) -> None:
    database.run(earlier.read_text())
    gone = {"OPS.ALERT_STATES", "OPS.REPLACED_DAYS"}
    before = _filled(database, but={"OPS.ALERT_STATES"})
    prepare(database.connection, "prod")
    assert {table: set(columns) for table, columns in database.schema.items()} == {
        table: set(columns) for table, columns in newest.items()
    }
    after = database.counts()
    assert {table: after[table] for table in before if table not in gone} == {
        table: count for table, count in before.items() if table not in gone
    }
    assert database.rows("select name from ops.environment") == [("prod",)]


def test_what_was_loaded_before_there_were_environments_is_productions(database: Database) -> None:
    database.run(EARLIER[-1].read_text())
    _filled(database, but=set())
    before = database.schema
    with pytest.raises(InputError, match="belongs to the environment prod, and this run is of dev"):
        prepare(database.connection, "dev")
    assert database.schema == before


@pytest.mark.parametrize(("owner", "other"), [("prod", "dev"), ("prod", "staging"), ("dev", "prod")])
def test_another_environments_run_is_refused_and_changes_nothing(
    database: Database, owner: str, other: str
) -> None:
    prepare(database.connection, owner)
    before = database.schema, database.counts()
    with pytest.raises(InputError, match=rf"of {other}: nothing was changed"):
        prepare(database.connection, other)
    assert (database.schema, database.counts()) == before


def test_a_database_that_is_up_to_date_is_asked_one_question(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(database.connection, "prod")
    asked: list[str] = []
    execute = type(database.connection.cursor()).execute

    def listening(cursor: Any, command: str, *arguments: Any, **options: Any) -> Any:
        asked.append(command)
        return execute(cursor, command, *arguments, **options)

    monkeypatch.setattr(type(database.connection.cursor()), "execute", listening)
    prepare(database.connection, "prod")
    assert len(asked) == 1


def test_several_at_once_end_as_one_alone(database: Database, newest: dict[str, Any]) -> None:
    sessions = [database.session() for _ in range(3)]

    def patiently(session: SnowflakeConnection) -> None:
        for _ in range(20):
            try:
                return prepare(session, "prod")
            except (
                ProgrammingError
            ) as error:  # a session that is in the way of another; `Session` tries again
                if error.errno != 625:
                    raise
        raise AssertionError("never alone")

    with ThreadPoolExecutor(len(sessions)) as pool:
        list(pool.map(patiently, sessions))
    assert database.schema == newest
    assert sorted(set(database.numbers)) == [one.number for one in migrations()]
    assert set(database.rows("select name from ops.environment")) == {("prod",)}


class Killed(BaseException):
    pass


def test_killed_after_any_statement_the_next_run_ends_as_one_that_was_not(
    new_database: Callable[[], Database], newest: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor_class = type(new_database().connection.cursor())
    execute = cursor_class.execute
    point = 0
    while True:
        point += 1
        database, left = new_database(), [point]

        def dying(cursor: Any, command: str, *arguments: Any, left: list[int] = left, **options: Any) -> Any:
            answer = execute(cursor, command, *arguments, **options)
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return answer

        with monkeypatch.context() as patched:
            patched.setattr(cursor_class, "execute", dying)
            try:
                prepare(database.connection, "prod")
                break
            except Killed:
                pass
        prepare(database.session(), "prod")
        assert database.schema == newest, point
        assert database.numbers == [one.number for one in migrations()], point
    assert point > len(migrations()) * 2


def test_a_migration_that_was_changed_after_it_was_applied_is_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(database.connection, "prod")
    first, *others = migrations()
    changed = (replace(first, sql=first.sql + "\nselect 1;"), *others)
    monkeypatch.setattr(migrate, "migrations", lambda: changed)
    with pytest.raises(UpgradeError, match=r"0001_landing.sql is not what was applied"):
        prepare(database.connection, "prod")


def test_a_database_of_a_newer_version_is_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(database.connection, "prod")
    at(monkeypatch, len(migrations()) - 1)
    with pytest.raises(UpgradeError, match="bring this checkout, or image, up to date"):
        prepare(database.connection, "prod")
