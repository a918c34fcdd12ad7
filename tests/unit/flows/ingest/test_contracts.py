from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from dataframely.exc import SchemaError

from flows.generate import truth
from flows.generate.shop import Shop
from flows.ingest.contracts import CONTRACTS, judge
from flows.tables import DELIVERY_STATUSES, ENTITIES, SCHEMAS, STATUSES
from tests.unit.flows.generate.shops import KEYS, collected, days_from, listed

DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 1, 12)
OUT_OF_REACH = "lies before 1971 or more than a year after the day of the batch"
NO_STATUS = "is not one of pending, shipped, delivered, cancelled, returned"
NO_DELIVERY_STATUS = "is not one of in_transit, delivered, failed"
LAST_MOMENT = datetime(2027, 3, 3, 23, 59, 59, 999_999)

REQUIRED: dict[str, dict[str, Any]] = {
    "customers": {"customer_id": "C-1"},
    "products": {"product_id": "P-1"},
    "orders": {
        "order_id": "O-1",
        "customer_id": "C-1",
        "product_id": "P-1",
        "order_date": NOON,
        "status": "pending",
    },
    "deliveries": {"delivery_id": "D-1", "order_id": "O-1"},
}
FULL: dict[str, dict[str, Any]] = {
    "customers": {
        **REQUIRED["customers"],
        **{"name": "Åsa", "email": "a@example.com", "city": "Lahti", "country": "FI", "segment": "vip"},
        "created_at": datetime(1999, 1, 1),
    },
    "products": {
        **REQUIRED["products"],
        **{
            "name": "Teapot",
            "category": "kitchen",
            "unit_price": Decimal("9.99"),
            "weight_kg": Decimal("0.8"),
        },
    },
    "orders": {
        **REQUIRED["orders"],
        **{"status": "delivered", "delivery_date": NOON, "quantity": 1, "unit_price": Decimal("9.99")},
        **{"shipping_tier": "express", "promised_date": DAY, "updated_at": NOON},
    },
    "deliveries": {
        **REQUIRED["deliveries"],
        **{"carrier": "NordPost", "region": "FI-South", "status": "delivered"},
        **{"shipped_at": NOON, "promised_at": NOON, "delivered_at": NOON},
    },
}
DATES = [
    ("customers", "created_at"),
    ("orders", "order_date"),
    ("orders", "delivery_date"),
    ("orders", "updated_at"),
    ("deliveries", "shipped_at"),
    ("deliveries", "promised_at"),
    ("deliveries", "delivered_at"),
]
AMOUNTS = [
    ("products", "unit_price", Decimal("0.01")),
    ("products", "weight_kg", Decimal("0.001")),
    ("orders", "unit_price", Decimal("0.01")),
    ("orders", "quantity", 1),
]

OLDEST = date(1975, 1, 1)
# Shops that bring their dates, statuses or amounts to an edge, and days to look at them.
CLEAN = {
    "ordinary": (Shop(seed=1, orders_per_day=150), days_from(date(2026, 2, 20), 12)),
    "another seed": (Shop(seed=2, orders_per_day=150), days_from(date(2024, 2, 26), 8)),
    "first day": (Shop(seed=3, orders_per_day=100), days_from(date(2010, 1, 1), 40)),
    "oldest": (Shop(seed=4, orders_per_day=100, opened=OLDEST), days_from(OLDEST, 25)),
    "first as_of": (Shop(seed=5, orders_per_day=100, opened=OLDEST), days_from(date(1989, 12, 25), 12)),
    "last as_of": (Shop(seed=6, orders_per_day=100), days_from(date(2999, 12, 24), 8)),
    "opens today": (Shop(seed=7, orders_per_day=100, opened=DAY), days_from(DAY, 30)),
    "everything fails": (
        Shop(seed=8, orders_per_day=150, failed_attempt_rate=1, returned_rate=1),
        days_from(date(2026, 1, 1), 15),
    ),
    "nothing arrives": (
        Shop(seed=9, orders_per_day=150, cancelled_rate=0.4, incidents={"lost_rate": 0.3, "stuck_rate": 0.3}),
        days_from(date(2026, 1, 1), 45),
    ),
    "held up for months": (
        Shop(
            seed=10,
            orders_per_day=100,
            incidents={
                "listed": [
                    listed("strike", date(2025, 1, 1), date(2025, 3, 31)),
                    listed("outage", date(2025, 4, 10), date(2025, 7, 8)),
                    listed("outage", date(2025, 7, 20), date(2025, 10, 17)),
                ]
            },
        ),
        [*days_from(date(2025, 1, 1), 3), *days_from(date(2025, 11, 20), 14)],
    ),
    "far promises": (
        Shop(
            seed=11,
            orders_per_day=150,
            tiers=[
                {
                    "name": "slow",
                    "promised_days": 60,
                    "handover_hours": 200,
                    "transit_hours": 200,
                    "share": 1,
                },
                {"name": "now", "promised_days": 0, "handover_hours": 0.1, "transit_hours": 0.1, "share": 1},
            ],
            carriers=[{"name": "NordPost", "share": 1}],
        ),
        days_from(date(2026, 1, 1), 30),
    ),
    "midnight": (
        Shop(seed=12, orders_per_day=150, demand={"hours": [*[0] * 23, 1], "weekdays": [0] * 6 + [1]}),
        days_from(date(2025, 12, 26), 10),
    ),
}
DIRT = {"null": "nulls", "unknown_status": "unknown_statuses", "impossible_date": "impossible_dates"}


def frame(entity: str, *rows: dict[str, Any]) -> pl.DataFrame:
    """Full rows of 2 March 2026, but for what is given."""
    filled = [{**FULL[entity], "_batch_day": DAY, **row} for row in rows]
    return pl.DataFrame(filled, schema={**SCHEMAS[entity], "_batch_day": pl.Date()}, orient="row")


def complaints(entity: str, **values: Any) -> list[tuple[str, str]]:
    """What is said of one row."""
    return [(broken.column, broken.reason) for broken in judge(entity, frame(entity, values))]


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_contract_has_the_columns_and_types_of_the_raw_table(entity: str) -> None:
    types = {name: column.dtype for name, column in CONTRACTS[entity].columns().items()}
    assert types.pop("_row") == pl.UInt32()
    assert types.pop("_batch_day") == pl.Date()
    assert list(types.items()) == list(SCHEMAS[entity].items())


@pytest.mark.parametrize("entity", ENTITIES)
def test_full_rows_and_rows_of_nothing_but_the_required_columns_pass(entity: str) -> None:
    nothing_else = {**dict.fromkeys(SCHEMAS[entity]), **REQUIRED[entity]}
    assert judge(entity, frame(entity, {}, nothing_else)) == []
    assert judge(entity, frame(entity)) == []


@pytest.mark.parametrize(("entity", "column"), [(e, column) for e in ENTITIES for column in REQUIRED[e]])
def test_a_required_column_must_not_be_missing(entity: str, column: str) -> None:
    assert complaints(entity, **{column: None}) == [(column, "is missing")]


@pytest.mark.parametrize(
    ("entity", "known", "reason"),
    [("orders", STATUSES, NO_STATUS), ("deliveries", DELIVERY_STATUSES, NO_DELIVERY_STATUS)],
)
def test_a_status_is_one_of_ours(entity: str, known: tuple[str, ...], reason: str) -> None:
    for status in known:
        assert complaints(entity, status=status) == []
    for status in ("", "Shipped", "livré", "unknown"):
        assert complaints(entity, status=status) == [("status", reason)]


@pytest.mark.parametrize(("entity", "column"), DATES)
def test_a_date_lies_from_1971_to_a_year_after_the_day_of_the_batch(entity: str, column: str) -> None:
    def said(when: datetime) -> list[tuple[str, str]]:
        # what else depends on the date moves with it
        start = {"orders": "order_date", "deliveries": "shipped_at"}.get(entity, column)
        end = {"orders": "delivery_date", "deliveries": "delivered_at"}.get(entity, column)
        values = {end: None, column: when} if column == start else {start: when, end: when, column: when}
        return [(name, reason) for name, reason in complaints(entity, **values) if name == column]

    assert said(datetime(1971, 1, 1)) == said(LAST_MOMENT) == []
    for when in (datetime(1970, 12, 31, 23, 59), datetime(1899, 12, 30), datetime(1, 1, 1)):
        assert said(when) == [(column, OUT_OF_REACH)]
    for when in (LAST_MOMENT + timedelta(microseconds=1), datetime(9999, 12, 31)):
        assert said(when) == [(column, OUT_OF_REACH)]


def test_a_promised_day_lies_within_the_same_bounds() -> None:
    for day in (date(1971, 1, 1), LAST_MOMENT.date()):
        assert complaints("orders", promised_date=day) == []
    for day in (date(1970, 12, 31), LAST_MOMENT.date() + timedelta(days=1)):
        assert complaints("orders", promised_date=day) == [("promised_date", OUT_OF_REACH)]


@pytest.mark.parametrize("entity", ENTITIES)
def test_the_day_of_the_batch_lies_after_1970(entity: str) -> None:
    dates = {name: None for name, kind in SCHEMAS[entity].items() if kind.is_temporal()}
    required = {"order_date": datetime(1971, 1, 1)} if entity == "orders" else {}
    assert complaints(entity, **dates | required, _batch_day=date(1971, 1, 1)) == []
    said = complaints(entity, **dates | required, _batch_day=date(1970, 12, 31))
    assert said == [("_batch_day", "lies before 1971")]


@pytest.mark.parametrize(
    ("entity", "start", "end"),
    [("orders", "order_date", "delivery_date"), ("deliveries", "shipped_at", "delivered_at")],
)
def test_an_end_may_lie_before_its_start_within_a_day_but_not_on_a_day_before(
    entity: str, start: str, end: str
) -> None:
    midnight, second = datetime(2026, 3, 1), timedelta(seconds=1)
    late = midnight + timedelta(days=1) - second
    assert complaints(entity, **{start: late, end: midnight}) == []
    assert complaints(entity, **{start: late, end: midnight - second}) == [(end, f"lies before {start}")]
    assert complaints(entity, **{start: midnight, end: midnight - second}) == [(end, f"lies before {start}")]
    assert complaints(entity, **{start: midnight, end: None}) == []


def test_a_delivery_may_be_known_without_its_start() -> None:
    assert complaints("deliveries", shipped_at=None) == []


@pytest.mark.parametrize(("entity", "column", "smallest"), AMOUNTS)
def test_amounts_may_be_nothing_but_not_negative(entity: str, column: str, smallest: Any) -> None:
    assert complaints(entity, **{column: 0 * smallest}) == []
    assert complaints(entity, **{column: -smallest}) == [(column, "is negative")]


def test_what_is_missing_comes_first_then_the_order_of_the_contract() -> None:
    old, older = datetime(1899, 12, 30), datetime(1899, 12, 29)
    worst = {"order_id": None, "customer_id": None, "product_id": None, "status": "?", "quantity": -1}
    dates = {"order_date": old, "delivery_date": older, "promised_date": old.date(), "updated_at": old}
    rows = frame("orders", worst | dates, {"order_date": None}, {"unit_price": Decimal(-1)}, {"status": None})
    assert [(broken.column, broken.reason) for broken in judge("orders", rows)] == [
        ("order_id", "is missing"),
        ("customer_id", "is missing"),
        ("product_id", "is missing"),
        ("order_date", "is missing"),
        ("status", "is missing"),
        ("order_date", OUT_OF_REACH),
        ("status", NO_STATUS),
        ("delivery_date", OUT_OF_REACH),
        ("delivery_date", "lies before order_date"),
        ("quantity", "is negative"),
        ("unit_price", "is negative"),
        ("promised_date", OUT_OF_REACH),
        ("updated_at", OUT_OF_REACH),
    ]


@pytest.mark.parametrize("rechunk", [True, False])
def test_a_rule_names_every_row_that_breaks_it_and_no_other(rechunk: bool) -> None:
    good, missing, negative = {}, {"customer_id": None}, {"quantity": -1}
    pieces = [frame("orders", good, missing, good), frame("orders", negative, missing | negative, good)]
    broken = judge("orders", pl.concat(pieces, rechunk=rechunk))
    assert [rule.column for rule in broken] == ["customer_id", "quantity"]
    assert [rule.rows.dtype for rule in broken] == [pl.Boolean] * 2
    assert broken[0].rows.to_list() == [False, True, False, False, True, False]
    assert broken[1].rows.to_list() == [False, False, False, True, True, False]


def test_other_columns_or_types_are_a_programming_error() -> None:
    orders = frame("orders", {})
    with pytest.raises(SchemaError, match="quantity"):
        judge("orders", orders.drop("quantity"))
    with pytest.raises(SchemaError, match="quantity"):
        judge("orders", orders.with_columns(pl.col("quantity").cast(pl.String)))


@pytest.mark.parametrize("name", CLEAN)
def test_whatever_is_simulated_passes(name: str) -> None:
    shop, days = CLEAN[name]
    rows = collected(shop, days)
    assert rows["orders"].height > 100
    for entity in ENTITIES:
        assert [(broken.column, broken.reason) for broken in judge(entity, rows[entity])] == []


@pytest.mark.parametrize("kinds", [*([kind] for kind in DIRT), list(DIRT)], ids="+".join)
@pytest.mark.parametrize("seed", [13, 14])
def test_exactly_the_spoiled_rows_are_found(kinds: list[str], seed: int) -> None:
    size, days = {"seed": seed, "orders_per_day": 200}, days_from(date(2026, 3, 2), 4)
    shop = Shop(**size, dirt={**{DIRT[kind]: 0.05 for kind in kinds}, "broken_encodings": 0.2})
    rows, damage = collected(shop, days), truth.damage(shop, days).filter(pl.col("kind") != "broken_encoding")
    clean = collected(Shop(**size), days)
    assert set(damage["kind"]) == set(kinds)
    for entity in ENTITIES:
        named = damage.filter(entity=entity).select("day", "key", "column").rows()
        # the first rule that a row breaks is why it is rejected
        first: dict[tuple[date, str], str] = {}
        keys = clean[entity].select("_batch_day", KEYS[entity])
        for broken in judge(entity, rows[entity]):
            for day, key in keys.filter(broken.rows).rows():
                first.setdefault((day, key), broken.column)
        assert set(first) == {(day, key) for day, key, _ in named}
        assert {(*where, column) for where, column in first.items()} <= set(named)
        if len(kinds) == 1:
            assert len(first) == len(named)
