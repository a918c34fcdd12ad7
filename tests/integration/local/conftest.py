"""One local warehouse for all tests of this directory, and a schema for each."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.request import urlopen

import pytest
from snowflake.connector import SnowflakeConnection

from tests.integration.local.stand_ins import START_SECONDS, StandIn, connect_to, running


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """One server for all tests; 'in progress' is answered early so that slow statements need not be long."""
    data_dir = tmp_path_factory.mktemp("warehouse data")
    with running("local.warehouse", data_dir, "--in-progress-after", "0.2") as stand_in:
        with urlopen(f"http://127.0.0.1:{stand_in.port}/health", timeout=START_SECONDS) as answer:
            assert json.load(answer) == {"service": "warehouse"}
        yield stand_in


@pytest.fixture
def connect(
    warehouse: StandIn, request: pytest.FixtureRequest
) -> Iterator[Callable[..., SnowflakeConnection]]:
    """Open sessions in a schema of the test's own."""
    schema = re.sub(r"\W", "_", request.node.name.upper())[:100]
    with ExitStack() as opened:

        def connect(**overrides: Any) -> SnowflakeConnection:
            return opened.enter_context(connect_to(warehouse, **{"schema": schema, **overrides}))

        yield connect


@pytest.fixture
def query(connect: Callable[..., SnowflakeConnection]) -> Callable[..., list[Any]]:
    """Run one statement in the test's session and return its rows."""
    cursor = connect().cursor()

    def query(sql: str, *binds: Any) -> list[Any]:
        return cursor.execute(sql, binds or None).fetchall()

    return query
