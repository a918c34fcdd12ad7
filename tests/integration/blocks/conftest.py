"""Blocks in a Prefect server of the tests' own, and the stand-ins they point at."""

from collections.abc import Iterator

import pytest
from prefect.client.orchestration import get_client

from blocks.names import email_block, warehouse_block, webhook_blocks
from flows.environments import NAMES
from tests.integration.local.stand_ins import StandIn, running


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StandIn, StandIn]]:
    """A running warehouse and a running mailbox."""
    directory = tmp_path_factory.mktemp("stand ins")
    with running("local.warehouse", directory) as warehouse, running("local.mailbox", directory) as mailbox:
        yield warehouse, mailbox


@pytest.fixture
def no_blocks(prefect_api: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is registered, for any environment; the shell names none."""
    monkeypatch.delenv("ORDER_MONITORING_ENV", raising=False)
    named = {name for one in NAMES for name in (warehouse_block(one), email_block(one), *webhook_blocks(one))}
    with get_client(sync_client=True) as client:
        for document in client.read_block_documents():
            if document.name in named:
                client.delete_block_document(document.id)
