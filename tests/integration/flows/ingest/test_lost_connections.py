"""A warehouse that dies during a load, at every point of it: all of it is loaded once, and reported right."""

import itertools
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.errors import UnreachableError
from flows.ingest.load import load_batch
from flows.ingest.retries import Patience
from flows.warehouse import Connect
from tests.integration.flows.conftest import Shop
from tests.integration.flows.ingest.batches import DAYS, names, outcomes, stage_is_empty, staged_products
from tests.integration.flows.ingest.conftest import Mortal
from tests.integration.flows.network import Cut, Network, network_to

AGAIN = "loading products: the connection was lost ("


_databases = itertools.count(1)


@dataclass
class Scene:
    """A shop, the network between it and the loads, and a way to open sessions over that network."""

    network: Network
    connect: Connect
    look: Callable[[], Shop]

    def cut(self, when: str, statement: str, meanwhile: Callable[[], object] = lambda: None) -> Cut:
        """Cut the connection at this statement."""
        cut = Cut(statement, when, meanwhile)
        self.network.cuts.append(cut)
        return cut


@pytest.fixture
def scene(mortal: Mortal) -> Iterator[Scene]:
    database = f"SHOP_{next(_databases)}"
    with network_to(mortal.port) as network, ExitStack() as opened:
        direct = mortal.connect(database)
        yield Scene(
            network,
            mortal.connect(database, network.port),
            lambda: Shop(opened.enter_context(direct()), direct),
        )


@pytest.mark.parametrize(
    ("when", "statement"),
    [
        ("after", "put 'file"),
        ("after", "update ops.load_lock"),
        ("before", "copy into"),
        ("after", "copy into"),
        ("before", "commit"),
        ("after", "commit"),
    ],
)
def test_a_load_outlives_a_warehouse_that_is_killed_at(
    mortal: Mortal, scene: Scene, tmp_path: Path, statement: str, when: str
) -> None:
    load_batch(scene.connect, staged_products(tmp_path, "first", {DAYS[0]: "old"}), lambda line: None)
    cut = scene.cut(when, statement, meanwhile=mortal.restart)
    lines: list[str] = []
    batch = staged_products(tmp_path, f"{when}-{statement[:4].strip()}", {DAYS[0]: "new", DAYS[1]: "new"})

    loaded = load_batch(scene.connect, batch, lines.append)

    assert cut.done
    assert outcomes(loaded) == {"products": ["replaced", "loaded"]}
    assert [line for line in lines if line.startswith(AGAIN)]
    shop = scene.look()
    assert names(shop) == dict.fromkeys(DAYS[:2], ("new", batch.batch_id))
    manifest = shop.rows("select batch_day, batch_id, row_count from ops.load_manifest order by 1")
    assert manifest == [(day, batch.batch_id, 1) for day in DAYS[:2]]
    assert stage_is_empty(shop)


def test_a_commit_whose_answer_was_lost_is_not_made_again(
    mortal: Mortal, scene: Scene, tmp_path: Path
) -> None:
    scene.cut("after", "commit", meanwhile=mortal.restart)
    batch = staged_products(tmp_path, "once", {DAYS[0]: "P"})
    load_batch(scene.connect, batch, lambda line: None)
    sent = scene.network.statements
    assert sent.count("commit") == 2, (
        "the connector sends its request again, to a server that knows no session"
    )
    assert len([text for text in sent if text.startswith("copy into")]) == 1


def test_a_request_whose_answer_was_lost_is_asked_for_again_in_the_same_session(
    scene: Scene, tmp_path: Path
) -> None:
    cuts = [scene.cut("after", "copy into"), scene.cut("after", "commit")]
    lines: list[str] = []
    batch = staged_products(tmp_path, "hiccup", {DAYS[0]: "P"})
    assert outcomes(load_batch(scene.connect, batch, lines.append)) == {"products": ["loaded"]}
    assert all(cut.done for cut in cuts)
    assert lines == ["loading products: 1 rows of 1 day(s)"]
    assert len(scene.network.logins) == 1
    assert names(scene.look()) == {DAYS[0]: ("P", "hiccup")}


def test_a_warehouse_that_does_not_come_back_is_an_unreachable_error_with_its_address(
    mortal: Mortal, tmp_path: Path
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    lines: list[str] = []
    batch = staged_products(tmp_path, "first", {DAYS[0]: "P"})
    with pytest.raises(UnreachableError, match=f"no Snowflake answers at http://127.0.0.1:{port} "):
        load_batch(mortal.connect("SHOP", port), batch, lines.append, Patience(connection=0))
    assert lines == []


def test_a_connection_that_is_lost_at_every_attempt_is_given_up_with_what_to_do(
    mortal: Mortal, scene: Scene, tmp_path: Path
) -> None:
    scene.cut("before", "update ops.load_lock", meanwhile=mortal.restart)
    with pytest.raises(UnreachableError, match=r"loading products: the connection .* was lost .* Run again"):
        load_batch(
            scene.connect,
            staged_products(tmp_path, "first", {DAYS[0]: "P"}),
            lambda line: None,
            Patience(connection=0),
        )
    assert names(scene.look()) == {}
