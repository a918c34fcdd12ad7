"""A build whose session is lost on the way, over a network that can be told to lose it."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from blocks.settings import SnowflakeSettings
from flows.errors import TransformError
from flows.generate.shop import described_shop
from flows.ingest.retries import Patience
from flows.migrations import prepare
from flows.transform.build import DbtSummary, dbt_build
from flows.transform.environment import connection_variables, dbt_variables
from flows.warehouse import connect, rows
from tests.integration.flows.network import Cut, Network, network_to
from tests.integration.flows.simulated_shops import load

FIRST = date(2026, 3, 2)
AS_OF = FIRST + timedelta(days=9)
HURRIED = Patience(connection=60, lock=60, longest_wait=0.1)
FCT_ORDERS = "marts.fct_orders"


@pytest.fixture(scope="module")
def network(new_connector, data_root: Path, prefect_api: None) -> Iterator[tuple[Network, object]]:
    """A loaded warehouse behind the network, and its connector."""
    direct = new_connector()
    with connect(direct) as connection:
        prepare(connection, "prod")
        days = [FIRST + timedelta(days=n) for n in range(10)]
        load(connection, described_shop(None, 20, 7), days, data_root)
    with network_to(direct.credentials.port) as network:
        connector = SnowflakeSettings(port=network.port, database=direct.database).to_block()
        with connection_variables(dbt_variables(connector)):
            yield network, connector


def build(lines: list[str]) -> DbtSummary:
    return dbt_build(AS_OF, lines.append, patience=HURRIED)


def made(network: Network, name: str) -> int:
    """How often a table of this name was made."""
    return sum(
        "create or replace" in line and f"{name}" in line.split(" as ")[0] for line in network.statements
    )


def test_what_failed_for_a_lost_session_is_built_again_and_nothing_else(network) -> None:
    network, connector = network
    lines: list[str] = []
    network.cuts.append(Cut("", "gone", contains=f"{FCT_ORDERS}"))
    summary = build(lines)
    assert network.cuts[0].done
    assert sum("dbt: the connection was lost; building what failed again" in line for line in lines) == 1
    assert (summary.failed, summary.skipped, summary.warned) == (0, 0, 0)
    assert made(network, "staging.loaded_days") == 1
    assert made(network, "alerts.sla_clocks") == 1
    with connect(connector) as connection:
        ((orders,),) = rows(connection, "select count(*) from marts.fct_orders")
        assert rows(connection, "select max(as_of) from staging.built_days") == [(AS_OF,)]
    assert orders > 0
    network.cuts.clear()
    whole = build([])
    assert (summary.passed, summary.warned) == (whole.passed, whole.warned)


def test_it_is_tried_again_twice_and_then_the_build_fails_naming_the_node(network) -> None:
    network, _ = network
    lines: list[str] = []
    network.cuts[:] = [Cut("", "gone", contains="alerts.sla_clocks") for _ in range(5)]
    with pytest.raises(TransformError, match=r"model sla_clocks: .*390111"):
        build(lines)
    assert sum("building what failed again" in line for line in lines) == 2
    assert [cut.done for cut in network.cuts] == [True, True, True, False, False]
    network.cuts.clear()


def test_a_failed_test_is_not_tried_again_and_shows_three_of_its_rows(network) -> None:
    network, connector = network
    with connect(connector) as connection:
        for number in range(5):
            rows(
                connection,
                "insert into ops.load_manifest (entity, batch_day, batch_id, row_count, content_hash, "
                f"origin, loaded_at) values ('orders', '2026-01-0{number + 1}', 'b', 7, 'h', 'o', "
                "'2026-01-01')",
            )
        lines: list[str] = []
        with pytest.raises(TransformError) as failure:
            dbt_build(AS_OF, lines.append, examples=lambda relation: three_rows(connection, relation))
        assert not any("again" in line for line in lines)
        name = "every_loaded_day_holds_the_rows_its_manifest_counts"
        assert f"test {name}" in str(failure.value)
        assert str(failure.value).count("entity=orders, batch_day=2026-01-0") == 3
        stored = rows(connection, f"select * from test_failures.{name}")
        assert len(stored) == 5
        rows(connection, "delete from ops.load_manifest where batch_id = 'b'")
        assert build([]).failed == 0
        found = rows(
            connection,
            "select count(*) from information_schema.tables where table_schema = 'TEST_FAILURES'",
        )
        assert found == [(0,)]


def three_rows(connection, relation: str) -> list[str]:
    from flows.transform.failures import read_examples

    return read_examples(connection, relation)
