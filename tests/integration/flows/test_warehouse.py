import socket

import pytest

from blocks.settings import SnowflakeSettings
from blocks.snowflake import SnowflakeEndpointCredentials
from flows.errors import UnreachableError
from flows.warehouse import address, connect, rows


def test_a_session_runs_in_utc_under_its_query_tag(connector) -> None:
    with connect(connector, query_tag="a tag with spaces") as connection:
        parameters = connection._session_parameters
        assert parameters["TIMEZONE"] == "UTC"
        assert parameters["QUERY_TAG"] == "a tag with spaces"
        assert rows(connection, "select 1 + %s", (1,)) == [(2,)]


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
        pytest.raises(UnreachableError) as error,
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
