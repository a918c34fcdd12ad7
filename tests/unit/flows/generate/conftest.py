"""What is costly to simulate, once for all tests of a worker."""

from datetime import date

import pytest

from flows.generate.partitions import Partitions
from flows.generate.shop import Shop
from tests.unit.flows.generate.shops import collected, days_from


@pytest.fixture(scope="session")
def swept_shop() -> Shop:
    return Shop(seed=11, orders_per_day=200)


@pytest.fixture(scope="session")
def swept_days() -> list[date]:
    return days_from(date(2026, 1, 20), 40)


@pytest.fixture(scope="session")
def sweep(swept_shop: Shop, swept_days: list[date]) -> Partitions:
    """Every row of forty days of an ordinary shop."""
    return collected(swept_shop, swept_days)
