import json
import socket
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from prefect import flow, task
from prefect.runtime import flow_run
from snowflake.connector.errors import OperationalError

from blocks.settings import SnowflakeSettings
from blocks.snowflake import SnowflakeEndpointCredentials
from flows import warehouse
from flows.errors import UnreachableError, WarehouseError
from flows.warehouse import NoAnswerError, address, connect, rows, tag
from tests.integration.flows.network import Cut, Network, network_to
from tests.integration.local.stand_ins import StandIn, running

DAY = date(2026, 1, 31)


@pytest.fixture
def network(pipeline_warehouse: StandIn) -> Iterator[Network]:
    """A way to the warehouse on which the login requests can be seen."""
    with network_to(pipeline_warehouse.port) as network:
        yield network


def test_a_session_runs_in_utc_under_its_query_tag(connector) -> None:
    with connect(connector, query_tag="a tag with spaces") as connection:
        parameters = connection._session_parameters
        assert parameters["TIMEZONE"] == "UTC"
        assert parameters["QUERY_TAG"] == "a tag with spaces"
        assert rows(connection, "select 1 + %s", (1,)) == [(2,)]


def test_these_session_parameters_are_sent_with_the_login(network: Network) -> None:
    with connect(SnowflakeSettings(port=network.port).to_block(), tag("check-sla", DAY)):
        pass
    (login,) = network.logins
    ours = {name: login["SESSION_PARAMETERS"].get(name) for name in warehouse._session_parameters("")}
    assert ours == {
        "TIMEZONE": "UTC",
        "DATE_INPUT_FORMAT": "AUTO",
        "TIMESTAMP_INPUT_FORMAT": "AUTO",
        "QUERY_TAG": '{"app": "order-monitoring", "step": "check-sla", "as_of": "2026-01-31"}',
        "AUTOCOMMIT": True,
        "STATEMENT_TIMEOUT_IN_SECONDS": 3600,
        "LOCK_TIMEOUT": 30,
        "ABORT_DETACHED_QUERY": True,
    }
    environment = login["CLIENT_ENVIRONMENT"]
    assert (environment["LOGIN_TIMEOUT"], environment["NETWORK_TIMEOUT"]) == (20, 3600 + 120)


def test_the_tag_names_the_flow_run_that_asks_also_from_its_tasks(prefect_api: None) -> None:
    @task
    def ask() -> str:
        return tag("a-task", DAY)

    @flow
    def step() -> tuple[str, str, str]:
        return str(flow_run.id), tag("a-flow", DAY), ask()

    run, of_flow, of_task = step()
    assert uuid.UUID(run)
    assert json.loads(of_flow) == {
        "app": "order-monitoring",
        "step": "a-flow",
        "as_of": "2026-01-31",
        "flow_run_id": run,
    }
    assert json.loads(of_task)["flow_run_id"] == run
    assert len(of_flow) < 2000
    assert json.loads(tag("a-script")) == {"app": "order-monitoring", "step": "a-script"}


def test_a_block_opens_another_session_while_one_is_open_or_lost(connector) -> None:
    with connect(connector) as first, connect(connector) as second:
        assert first.rest.token != second.rest.token
        assert rows(first, "select 1") == rows(second, "select 1")


def test_a_server_that_is_gone_is_given_up_and_said_to_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        running("local.warehouse", tmp_path) as stand_in,
        pytest.raises(
            UnreachableError, match=r"the connection to http://127.* was lost \(.*no answer for 0 s"
        ),
        connect(SnowflakeSettings(port=stand_in.port).to_block()) as connection,
    ):
        monkeypatch.setattr(warehouse, "ANSWER_TIMEOUT_SECONDS", 0)
        stand_in.process.kill()
        stand_in.process.wait()
        rows(connection, "select 1")


def test_a_server_that_says_nothing_is_given_up(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection and the request, and that is all."""
    network.cuts += [Cut("select 'lost'", "after") for _ in range(9)]
    with connect(SnowflakeSettings(port=network.port).to_block()) as connection:
        monkeypatch.setattr(warehouse, "ANSWER_TIMEOUT_SECONDS", 0)
        with pytest.raises(OperationalError, match="no answer for 0 seconds"):
            rows(connection, "select 'lost'")
        assert rows(connection, "select 'found'") == [("found",)]


def test_a_statement_is_not_limited_by_how_long_a_server_may_be_silent(
    connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = "select count(*) from range(1000) a, range(100000) b where (a.range * 7 + b.range) % 11 = 3"
    with connect(connector) as connection:
        monkeypatch.setattr(warehouse, "ANSWER_TIMEOUT_SECONDS", 0)
        assert len(rows(connection, slow)) == 1


def test_a_statement_that_is_refused_is_told_from_a_connection_that_is_lost(connector) -> None:
    with (
        pytest.raises(WarehouseError, match=r"refused a statement in database SHOP_\d+ \("),
        connect(connector) as connection,
    ):
        rows(connection, "select * from no_such_table")


@pytest.mark.parametrize("trouble", [None, RuntimeError])
def test_a_session_is_closed_whatever_happens(connector, trouble: type[Exception] | None) -> None:
    try:
        with connect(connector) as connection:
            assert not connection.is_closed()
            if trouble:
                raise trouble
    except RuntimeError:
        pass
    assert connection.is_closed()


def test_nobody_listening_is_reported_with_block_and_address() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    block = SnowflakeSettings(port=port).to_block()
    with (
        pytest.raises(NoAnswerError) as error,
        connect(block, block="snowflake-connector/mine"),
    ):
        pass
    message = str(error.value)
    assert message.startswith(
        f"block snowflake-connector/mine: no Snowflake answers at http://127.0.0.1:{port} ("
    )
    assert "python -m blocks.register --check" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "account org-shop"),
        ({"host": "link.example.com"}, "https://link.example.com:443"),
        ({"host": "127.0.0.1", "port": 8584, "protocol": "http"}, "http://127.0.0.1:8584"),
    ],
)
def test_an_address_names_what_the_block_points_at(connector, fields: dict, expected: str) -> None:
    credentials = SnowflakeEndpointCredentials(account="org-shop", user="me", password="word", **fields)
    assert address(connector.model_copy(update={"credentials": credentials})) == expected
