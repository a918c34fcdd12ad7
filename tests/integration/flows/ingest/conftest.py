"""Shops to load into, and warehouses that may be killed."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from blocks.settings import SnowflakeSettings
from flows.ingest.load import EntityLoad, load_batch
from flows.ingest.staging import StagedBatch
from flows.warehouse import Connect, connect
from tests.integration.flows.ingest.batches import staged
from tests.integration.flows.network import Network, network_to
from tests.integration.local.stand_ins import StandIn, start

Load = Callable[..., dict[str, EntityLoad]]


@pytest.fixture
def load(shop) -> Load:
    """Loads a batch into the test's shop, and is silent unless told where to report."""

    def load(batch: StagedBatch, report: Callable[[str], None] = lambda line: None) -> dict[str, EntityLoad]:
        return load_batch(shop.connect, batch, report)

    return load


@pytest.fixture
def loaded(shop, load: Load, tmp_path: Path) -> StagedBatch:
    """A shop whose days are loaded already, as batch `first`."""
    batch = staged(tmp_path, "first")
    load(batch)
    return batch


@pytest.fixture
def network(pipeline_warehouse: StandIn) -> Iterator[Network]:
    """A way to the shops' warehouse that is watched."""
    with network_to(pipeline_warehouse.port) as network:
        yield network


class Mortal:
    """A warehouse that can be killed and started again at the same port."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._stand_in = start("local.warehouse", data_dir)
        self.port = self._stand_in.port

    def kill(self) -> None:
        """End it as a power failure would."""
        self._stand_in.process.kill()
        self._stand_in.process.wait()
        assert self._stand_in.process.stdout
        self._stand_in.process.stdout.close()

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self._stand_in = start("local.warehouse", self._data_dir, "--port", str(self.port))

    def connect(self, database: str, port: int | None = None) -> Connect:
        """Opens sessions in one of its databases, over another port if one leads to it."""
        return partial(connect, SnowflakeSettings(port=port or self.port, database=database).to_block())


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    """A warehouse of this module's own."""
    warehouse = Mortal(tmp_path_factory.mktemp("mortal"))
    yield warehouse
    warehouse.kill()
