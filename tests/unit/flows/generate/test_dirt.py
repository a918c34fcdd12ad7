from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.generate import partitions as partitions_module
from flows.generate import truth
from flows.generate.partitions import Partitions, clean_partitions
from flows.generate.shop import Shop
from flows.tables import ENTITIES, STATUSES
from tests.unit.flows.generate.shops import KEYS, collected, days_from, is_share

SIZE = {"seed": 13, "orders_per_day": 250}
DAYS = days_from(date(2026, 3, 2), 4)
RATE = 0.1
KINDS = {
    "duplicates": "duplicate",
    "nulls": "null",
    "impossible_dates": "impossible_date",
    "unknown_statuses": "unknown_status",
    "broken_encodings": "broken_encoding",
}
# kind → the entities it can hit, and there the columns
HITS = {
    "duplicates": {entity: {None} for entity in ENTITIES},
    "nulls": {
        "customers": {"customer_id"},
        "products": {"product_id"},
        "orders": {"order_id", "customer_id", "product_id", "order_date", "status"},
        "deliveries": {"delivery_id", "order_id"},
    },
    "impossible_dates": {
        "orders": {"order_date", "delivery_date"},
        "deliveries": {"shipped_at", "delivered_at"},
    },
    "unknown_statuses": {"orders": {"status"}, "deliveries": {"status"}},
    "broken_encodings": {"customers": {"name", "city"}, "products": {"name"}},
}
CASES = [(field, entity) for field, entities in HITS.items() for entity in entities]


def dirty(**rates: float) -> Shop:
    return Shop(**SIZE, dirt=rates)


@pytest.fixture(scope="module")
def clean() -> Partitions:
    return collected(Shop(**SIZE), DAYS)


@pytest.fixture(scope="module")
def spoiled() -> dict[str, tuple[Partitions, pl.DataFrame]]:
    """For each kind of dirt alone: the rows, and what is known of their damage."""
    shops = {field: dirty(**{field: RATE}) for field in KINDS}
    return {field: (collected(shop, DAYS), truth.damage(shop, DAYS)) for field, shop in shops.items()}


def cells_that_differ(clean: Partitions, found: Partitions) -> set[tuple[str, date, str, str]]:
    """(entity, day, key, column) of each value that is not what it was; rows must be the same ones."""
    cells = set()
    for entity in ENTITIES:
        before, after = clean[entity], found[entity]
        assert before.height == after.height
        for column in before.columns:
            changed = before.filter(~before[column].eq_missing(after[column]))
            rows = changed.select("_batch_day", KEYS[entity]).rows()
            cells |= {(entity, day, key, column) for day, key in rows}
    return cells


def test_a_shop_is_clean_unless_it_is_asked_to_be_dirty(clean: Partitions) -> None:
    for entity in ENTITIES:
        parts = [frames[entity] for _, frames in clean_partitions(Shop(**SIZE), DAYS)]
        assert_frame_equal(clean[entity], pl.concat(parts))
    assert truth.damage(Shop(**SIZE), DAYS).is_empty()


@pytest.mark.parametrize("field", [field for field in KINDS if field != "duplicates"])
def test_damage_names_exactly_the_values_that_were_spoiled(
    clean: Partitions, spoiled: dict, field: str
) -> None:
    found, damage = spoiled[field]
    assert set(damage["kind"]) == {KINDS[field]}
    named = damage.select("entity", "day", "key", "column").rows()
    assert len(named) == len(set(named)) > 50
    assert set(named) == cells_that_differ(clean, found)


def test_duplicates_stand_right_after_their_originals_and_are_named(clean: Partitions, spoiled: dict) -> None:
    found, damage = spoiled["duplicates"]
    for entity in ENTITIES:
        key = ["_batch_day", KEYS[entity]]
        again = found[entity].filter(pl.struct(key).is_first_distinct().not_())
        named = damage.filter(entity=entity).select("day", "key")
        assert again.select(key).rows() == named.rows()
        repeated = pl.struct(pl.all()).eq_missing(pl.struct(pl.all()).shift()).fill_null(False)
        assert found[entity].filter(repeated).height == again.height
        assert_frame_equal(found[entity].filter(~repeated), clean[entity])


@pytest.mark.parametrize(("field", "entity"), CASES)
def test_the_share_of_rows_that_are_spoiled_is_the_rate(
    clean: Partitions, spoiled: dict, field: str, entity: str
) -> None:
    count = spoiled[field][1].filter(entity=entity).height
    assert is_share(count, clean[entity].height, RATE)
    assert not is_share(count, clean[entity].height, 2 * RATE)


@pytest.mark.parametrize("field", KINDS)
def test_each_kind_hits_the_columns_it_can_and_no_others(spoiled: dict, field: str) -> None:
    damage = spoiled[field][1]
    found = {
        entity: set(rows["column"]) for (entity,), rows in damage.partition_by("entity", as_dict=True).items()
    }
    assert found == HITS[field]


def test_spoiled_values_are_wrong_in_the_way_they_say(spoiled: dict) -> None:
    def values(field: str, entity: str, column: str) -> pl.Series:
        found, damage = spoiled[field]
        hit = damage.filter(entity=entity, column=column).select(_batch_day="day", **{KEYS[entity]: "key"})
        rows = found[entity].join(hit, on=["_batch_day", KEYS[entity]])
        assert rows.height == hit.height > 0
        return rows.to_struct()

    statuses = values("unknown_statuses", "orders", "status").struct.field("status")
    assert statuses.n_unique() > 3
    assert not set(statuses) & set(STATUSES)
    missing = values("nulls", "orders", "customer_id").struct.field("customer_id")
    assert missing.null_count() == missing.len()
    ordered = values("impossible_dates", "orders", "order_date").struct.field("order_date")
    assert set(ordered.dt.year()) == {1899, 9999}
    delivered = values("impossible_dates", "orders", "delivery_date").struct.unnest()
    assert (delivered["delivery_date"] < delivered["order_date"]).all()
    names = values("broken_encodings", "customers", "name").struct.field("name")
    assert names.str.contains("[Ã�ÅÄ]").all()


def test_the_same_rows_are_spoiled_however_a_day_is_produced(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = dirty(**dict.fromkeys(KINDS, 0.2))
    found, damage = collected(shop, DAYS), truth.damage(shop, DAYS)
    single = [collected(shop, [day]) for day in DAYS]
    monkeypatch.setattr(partitions_module, "PART_ROWS", 333)
    parts = collected(shop, DAYS)
    for entity in ENTITIES:
        assert_frame_equal(pl.concat([frames[entity] for frames in single]), found[entity])
        assert_frame_equal(parts[entity], found[entity])
    assert sorted(truth.damage(shop, DAYS).rows(), key=str) == sorted(damage.rows(), key=str)


def test_kinds_together_spoil_what_each_spoils_alone(spoiled: dict) -> None:
    together = truth.damage(dirty(**dict.fromkeys(KINDS, RATE)), DAYS)
    for field, kind in KINDS.items():
        assert set(together.filter(kind=kind).rows()) == set(spoiled[field][1].rows())
