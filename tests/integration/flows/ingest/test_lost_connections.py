"""A warehouse that dies during a load, at every point of it: everything is loaded once, and reported right."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from flows.errors import UnreachableError
from flows.ingest.load import load_batch
from flows.ingest.retries import Patience
from tests.integration.flows.conftest import Shop
from tests.integration.flows.ingest.batches import DAYS, names, outcomes, stage_is_empty, staged_products
from tests.integration.flows.ingest.conftest import Mortal
from tests.integration.flows.network import Cut, Network, network_to

AGAIN = "loading products: the connection was lost ("


@pytest.fixture
def way(mortal: Mortal) -> Iterator[Network]:
    """The network between the loads and their warehouse."""
    with network_to(mortal.port) as network:
        yield network


@pytest.fixture
def look(mortal: Mortal) -> Iterator[Callable[[], Shop]]:
    """Opens a session to look at the outcome, once the warehouse is alive again."""
    with ExitStack() as opened:
        connect = mortal.connect()
        yield lambda: Shop(opened.enter_context(connect()), connect)


STATEMENTS = [
    "put ",
    "begin",
    "update ops.load_lock",
    "delete from raw.products",
    "-- left out on purpose",
    "insert into ops.load_manifest",
    "commit",
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda text: text.split()[0])
def test_a_load_outlives_a_warehouse_that_is_killed_at(
    mortal: Mortal, way: Network, look: Callable[[], Shop], tmp_path: Path, statement: str, when: str
) -> None:
    connect = mortal.connect(way.port)
    load_batch(connect, staged_products(tmp_path, "first", {DAYS[0]: "old"}), lambda line: None)
    way.cuts.append(Cut(statement, when, meanwhile=mortal.restart))
    lines: list[str] = []
    batch = staged_products(tmp_path, f"{when}-{statement.split()[0]}", {DAYS[0]: "new", DAYS[1]: "new"})

    loaded = load_batch(connect, batch, lines.append)

    assert way.cuts[0].done
    assert outcomes(loaded) == {"products": ["replaced", "loaded"]}
    assert [line for line in lines if line.startswith(AGAIN)]
    shop = look()
    assert names(shop) == dict.fromkeys(DAYS[:2], ("new", batch.batch_id))
    manifest = shop.rows("select batch_day, batch_id, row_count from ops.load_manifest order by 1")
    assert manifest == [(day, batch.batch_id, 1) for day in DAYS[:2]]
    assert shop.value(f"select count(*) from ops.replaced_days where batch_id = '{batch.batch_id}'") == 1
    assert stage_is_empty(shop)
    # the last session of this test leaves the next one a shop without days
    shop.rows("delete from raw.products")
    shop.rows("delete from ops.load_manifest")


def test_a_commit_whose_answer_was_lost_is_not_made_again(
    mortal: Mortal, way: Network, look: Callable[[], Shop], tmp_path: Path
) -> None:
    way.cuts.append(Cut("commit", "after", meanwhile=mortal.restart))
    batch = staged_products(tmp_path, "once", {DAYS[0]: "P"})
    load_batch(mortal.connect(way.port), batch, lambda line: None)
    assert way.statements.count("commit") == 2, "the connector itself sends it a second time, to a new server"
    assert len([text for text in way.statements if text.startswith("put ")]) == 1
    assert len([text for text in way.statements if text.startswith("insert into ops.load_manifest")]) == 1
    shop = look()
    shop.rows("delete from raw.products")
    shop.rows("delete from ops.load_manifest")


def test_a_request_whose_answer_was_lost_is_asked_for_again_in_the_same_session(
    mortal: Mortal, way: Network, look: Callable[[], Shop], tmp_path: Path
) -> None:
    way.cuts += [Cut(statement, "after") for statement in ("-- left out", "commit")]
    lines: list[str] = []
    batch = staged_products(tmp_path, "hiccup", {DAYS[0]: "P"})
    assert outcomes(load_batch(mortal.connect(way.port), batch, lines.append)) == {"products": ["loaded"]}
    assert all(cut.done for cut in way.cuts)
    assert lines == ["loading products: 1 rows of 1 day(s)"]
    assert len(way.logins) == 1
    shop = look()
    assert names(shop) == {DAYS[0]: ("P", "hiccup")}
    shop.rows("delete from raw.products")
    shop.rows("delete from ops.load_manifest")


def test_a_warehouse_that_does_not_come_back_is_an_unreachable_error_with_its_address(
    mortal: Mortal, tmp_path: Path
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    lines: list[str] = []
    batch = staged_products(tmp_path, "first", {DAYS[0]: "P"})
    with pytest.raises(UnreachableError, match=f"no Snowflake answers at http://127.0.0.1:{port} "):
        load_batch(mortal.connect(port), batch, lines.append, Patience(connection=0))
    assert lines == []
