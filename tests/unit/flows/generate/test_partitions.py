import os
import random
import subprocess
import sys
from datetime import date
from itertools import groupby

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows import paths
from flows.errors import InputError
from flows.generate import partitions as partitions_module
from flows.generate.partitions import Partitions, change_partitions
from flows.generate.shop import Shop
from flows.tables import ENTITIES, SCHEMAS
from tests.unit.flows.generate.shops import collected, days_from, digest, listed

DAY = date(2026, 3, 14)
ELSEWHERE = """
from datetime import date
from flows.generate.shop import Shop
from tests.unit.flows.generate.shops import collected, days_from, digest
print(digest(collected(Shop(seed=3, orders_per_day=80), days_from(date(2026, 3, 14), 2))))
"""


def test_the_same_shop_and_days_are_the_same_bytes_in_a_fresh_process() -> None:
    here = digest(collected(Shop(seed=3, orders_per_day=80), days_from(DAY, 2)))
    elsewhere = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        cwd=paths.REPOSITORY,
        env=os.environ | {"PYTHONHASHSEED": "4242", "POLARS_MAX_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert elsewhere.stdout.strip() == here


@pytest.mark.parametrize("entity", ENTITIES)
def test_another_seed_is_another_shop(entity: str) -> None:
    one, other = (collected(Shop(seed=seed, orders_per_day=80), days_from(DAY, 2)) for seed in (3, 4))
    assert not one[entity].equals(other[entity])


def test_the_generated_data_does_not_change_unnoticed() -> None:
    """A deliberate change updates the hash, and every warehouse simulated before is another shop."""
    found = digest(collected(Shop(seed=7, orders_per_day=50), [DAY]))
    assert found == "89c31fe284e6c9619826b926ea58f56240e41372dab809459e559be3559deb06"


def test_days_one_by_one_in_any_order_are_the_sweep_over_the_range(
    sweep: Partitions, swept_shop: Shop, swept_days: list[date]
) -> None:
    days = swept_days[5:15]
    single = {day: collected(swept_shop, [day]) for day in random.Random(1).sample(days, len(days))}
    for entity in ENTITIES:
        assert_frame_equal(
            pl.concat([single[day][entity] for day in days]),
            sweep[entity].filter(pl.col("_batch_day").is_between(days[0], days[-1])),
        )


def test_a_day_is_the_same_whatever_was_simulated_just_before() -> None:
    """Incidents change how far back a day has to look; what is kept from other days must not matter."""
    outage = listed("backlog", date(2026, 3, 2), date(2026, 3, 12))
    shop = Shop(orders_per_day=60, incidents={"listed": [outage]})
    after_others = collected(shop, [date(2026, 1, 5), date(2026, 3, 1), date(2026, 3, 20), date(2026, 6, 1)])
    for day in (date(2026, 3, 20), date(2026, 6, 1)):
        for entity, frame in collected(shop, [day]).items():
            assert_frame_equal(frame, after_others[entity].filter(pl.col("_batch_day") == day))


def test_gaps_and_repeated_days_yield_each_day_once_and_ascending(
    sweep: Partitions, swept_shop: Shop, swept_days: list[date]
) -> None:
    wanted = [swept_days[9], swept_days[2], swept_days[30], swept_days[3], swept_days[9]]
    found = list(change_partitions(swept_shop, iter(wanted)))
    assert [day for days, _ in found for day in days] == sorted(set(wanted))
    for entity in ENTITIES:
        assert_frame_equal(
            pl.concat([frames[entity] for _, frames in found]),
            sweep[entity].filter(pl.col("_batch_day").is_in(wanted)),
        )


def test_no_days_are_no_partitions(swept_shop: Shop) -> None:
    assert list(change_partitions(swept_shop, [])) == []


@pytest.mark.parametrize("rows", [97, 800, 1_600])
def test_days_cut_into_parts_have_the_same_rows_in_the_same_order(
    sweep: Partitions, swept_shop: Shop, swept_days: list[date], rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions_module, "PART_ROWS", rows)
    wanted = swept_days[:8]
    found = list(change_partitions(swept_shop, wanted))
    assert len(found) > 2
    for entity in ENTITIES:
        assert_frame_equal(
            pl.concat([frames[entity] for _, frames in found]),
            sweep[entity].filter(pl.col("_batch_day").is_in(wanted)),
        )


@pytest.mark.parametrize(
    ("rows", "most"),
    # small days come together by what is expected of them, large ones are cut
    [(97, 97), (300, 300), (3_200, 3_200 * 1.25)],
)
def test_parts_are_no_larger_than_memory_allows_and_stand_together(
    swept_shop: Shop, swept_days: list[date], rows: int, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions_module, "PART_ROWS", rows)
    wanted = swept_days[:8]
    found = list(change_partitions(swept_shop, wanted))
    groups = [days for days, _ in groupby(days for days, _ in found)]
    assert [day for days in groups for day in days] == wanted
    assert max(frames[entity].height for _, frames in found for entity in ("orders", "customers")) <= most
    for days, frames in found:
        for frame in frames.values():
            assert set(frame["_batch_day"]) <= set(days)


def test_small_days_come_together_and_large_ones_alone(
    swept_shop: Shop, swept_days: list[date], monkeypatch: pytest.MonkeyPatch
) -> None:
    def groups() -> list[int]:
        return [
            len(days)
            for days, _ in groupby(days for days, _ in change_partitions(swept_shop, swept_days[:8]))
        ]

    assert groups() == [8]
    monkeypatch.setattr(partitions_module, "PART_ROWS", 2_500)
    assert 1 < max(groups()) < 8
    monkeypatch.setattr(partitions_module, "PART_ROWS", 97)
    assert groups() == [1] * 8


def test_every_part_has_every_entity_with_the_types_of_the_raw_tables(
    swept_shop: Shop, swept_days: list[date], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions_module, "PART_ROWS", 150)
    for _, frames in change_partitions(swept_shop, swept_days[:2]):
        assert tuple(frames) == ENTITIES
        for entity, frame in frames.items():
            assert frame.schema == pl.Schema({**SCHEMAS[entity], "_batch_day": pl.Date()})


def test_a_quiet_day_after_busy_ones_is_cut_like_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions_module, "PART_ROWS", 500)
    shop = Shop(orders_per_day=400, demand={"weekdays": [1, 1, 1, 1, 1, 0, 0]})
    saturday = date(2026, 11, 21)
    parts = [frames["orders"].height for _, frames in change_partitions(shop, [saturday])]
    assert max(parts) <= 500 < sum(parts)


def test_a_day_too_large_to_simulate_is_refused() -> None:
    shop = Shop(orders_per_day=10_000_000, demand={"growth_per_year": 2.0})
    with pytest.raises(InputError, match="orders on 2030-11-30; at most"):
        next(change_partitions(shop, [date(2030, 11, 30)]))
