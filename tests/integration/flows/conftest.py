"""One local warehouse for all tests of this directory, and a database for each test."""

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prefect_snowflake import SnowflakeConnector
from snowflake.connector import SnowflakeConnection

from blocks.settings import SnowflakeSettings
from flows.migrations import prepare
from flows.warehouse import Connect, connect
from tests.integration.local.stand_ins import StandIn, running

_databases = itertools.count(1)


@pytest.fixture(scope="session")
def pipeline_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """A warehouse process with state of its own."""
    with running("local.warehouse", tmp_path_factory.mktemp("pipeline")) as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def administrator(pipeline_warehouse: StandIn) -> Iterator[SnowflakeConnection]:
    """A session that creates databases."""
    with connect(SnowflakeSettings(port=pipeline_warehouse.port).to_block()) as connection:
        yield connection


@pytest.fixture(scope="session")
def new_connector(
    pipeline_warehouse: StandIn, administrator: SnowflakeConnection
) -> Callable[[], SnowflakeConnector]:
    """Makes a block that points at a new, empty database, at each call."""

    def make() -> SnowflakeConnector:
        database = f"SHOP_{next(_databases)}"
        administrator.cursor().execute(f"create database {database}")
        return SnowflakeSettings(port=pipeline_warehouse.port, database=database).to_block()

    return make


@pytest.fixture
def connector(new_connector: Callable[[], SnowflakeConnector]) -> SnowflakeConnector:
    """A block that points at a new, empty database."""
    return new_connector()


class Shop:
    """One database, with a session to look at it, and a way to open others."""

    def __init__(self, connection: SnowflakeConnection, connect: Connect) -> None:
        self.connection = connection
        self.connect = connect

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The result of a query."""
        return [tuple(row) for row in self.connection.cursor().execute(sql).fetchall()]

    def value(self, sql: str) -> Any:
        """The only value of a query."""
        ((value,),) = self.rows(sql)
        return value


@pytest.fixture
def shop(connector: SnowflakeConnector) -> Iterator[Shop]:
    """A database with its landing zone."""
    with connect(connector, query_tag="tests") as connection:
        prepare(connection, "prod")
        yield Shop(connection, partial(connect, connector, query_tag="tests"))


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A root of local state for the tests of one file that build models."""
    root = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORDERS_DATA_DIR", str(root))
        yield root
