from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

import pytest
from snowflake.connector import SnowflakeConnection

from flows.ingest.load import load_batch
from flows.ingest.manifest import missing_days, origins
from flows.ingest.staging import StagedBatch
from flows.migrations import prepare
from flows.tables import ENTITIES
from flows.warehouse import connect
from tests.integration.flows.ingest.batches import DAYS, everything, staged


@pytest.fixture(scope="module")
def loaded_once(new_connector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SnowflakeConnection]:
    """A session with a shop whose days are loaded, for tests that only read."""
    connector = new_connector()
    load_batch(
        partial(connect, connector), staged(tmp_path_factory.mktemp("once"), "first"), lambda line: None
    )
    with connect(connector) as connection:
        yield connection


@pytest.mark.parametrize(
    ("as_of", "days", "missing"),
    [
        (DAYS[-1], 3, []),
        (DAYS[-1], 1, []),
        (DAYS[-1] + timedelta(days=1), 1, [date(2026, 1, 8)]),
        (DAYS[-1] + timedelta(days=2), 5, [date(2026, 1, 8), date(2026, 1, 9)]),
        (DAYS[0], 3, [date(2026, 1, 3), date(2026, 1, 4)]),
        (date(2026, 1, 4), 2, [date(2026, 1, 3), date(2026, 1, 4)]),
    ],
)
def test_the_window_ends_with_the_as_of_day_and_lists_what_lacks_oldest_first(
    loaded_once: SnowflakeConnection, as_of: date, days: int, missing: list[date]
) -> None:
    found = missing_days(loaded_once, as_of, days)
    assert found.missing == missing
    assert found.present == dict.fromkeys(ENTITIES, days - len(missing))


def test_a_day_one_entity_lacks_is_missing(shop, loaded: StagedBatch) -> None:
    shop.rows(f"delete from ops.load_manifest where entity = 'deliveries' and batch_day = '{DAYS[1]}'")
    assert missing_days(shop.connection, DAYS[-1], 3).missing == [DAYS[1]]


def test_the_landing_zone_is_created_once_and_kept(shop, loaded: StagedBatch) -> None:
    before = everything(shop)
    prepare(shop.connection, "prod")
    assert everything(shop) == before
    assert origins(shop.connection) == ["simulated"]
    assert shop.value("select count(*) from ops.load_lock") == 1
