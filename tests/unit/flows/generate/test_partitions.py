import hashlib
import random
from datetime import date, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.errors import InputError
from flows.generate import partitions as partitions_module
from flows.generate.partitions import Partitions, change_partitions
from flows.generate.shop import Shop
from flows.tables import ENTITIES, SCHEMAS

SHOP = Shop(seed=11, orders_per_day=300)
FIRST = date(2026, 1, 20)
DAYS = [FIRST + timedelta(days=number) for number in range(60)]
# from one day's end to a later one; an order may be shipped and delivered between the two
LEGAL = {
    ("pending", "shipped"),
    ("pending", "delivered"),
    ("pending", "cancelled"),
    ("shipped", "delivered"),
    ("delivered", "returned"),
}


def collected(shop: Shop, days: list[date]) -> Partitions:
    runs = [partitions for _, partitions in change_partitions(shop, days)]
    return {entity: pl.concat([run[entity] for run in runs]) for entity in ENTITIES}


@pytest.fixture(scope="module")
def sweep() -> Partitions:
    return collected(SHOP, DAYS)


def newest_orders(partitions: Partitions, as_of: date) -> pl.DataFrame:
    """The state of every order placed in the last 45 days, as it is known at the end of `as_of`."""
    age = (pl.lit(as_of) - pl.col("order_date").dt.date()).dt.total_days()
    return (
        partitions["orders"]
        .filter(pl.col("_batch_day") <= as_of)
        .sort("_batch_day")
        .unique("order_id", keep="last")
        .with_columns(age=age)
        .filter(pl.col("age") < 45)
    )


def test_the_same_seed_and_day_give_the_same_frames() -> None:
    one, other = (collected(Shop(3, 40), DAYS[:3]) for _ in range(2))
    for entity in ENTITIES:
        assert_frame_equal(one[entity], other[entity])


def test_days_one_by_one_in_any_order_are_the_sweep_over_the_range(sweep: Partitions) -> None:
    days = DAYS[5:15]
    shuffled = random.Random(1).sample(days, len(days))
    single = {day: collected(SHOP, [day]) for day in shuffled}
    for entity in ENTITIES:
        assert_frame_equal(
            pl.concat([single[day][entity] for day in days]),
            sweep[entity].filter(pl.col("_batch_day").is_between(days[0], days[-1])),
        )


def test_gaps_and_repeated_days_yield_each_day_once(sweep: Partitions) -> None:
    wanted = [DAYS[9], DAYS[2], DAYS[3], DAYS[9]]
    found = list(change_partitions(SHOP, wanted))
    assert [run for run, _ in found] == [[DAYS[2], DAYS[3]], [DAYS[9]]]
    for entity in ENTITIES:
        assert_frame_equal(
            pl.concat([frames[entity] for _, frames in found]),
            sweep[entity].filter(pl.col("_batch_day").is_in(wanted)),
        )


def test_a_range_cut_into_small_pieces_of_memory_is_the_same(
    sweep: Partitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions_module, "ORDERS_PER_RUN", 1_000)
    monkeypatch.setattr(partitions_module, "LIVES_AT_ONCE", 2_000)
    days = DAYS[:8]
    found = list(change_partitions(SHOP, days))
    assert [len(run) for run, _ in found] == [3, 3, 2]
    for entity in ENTITIES:
        assert_frame_equal(
            pl.concat([frames[entity] for _, frames in found]),
            sweep[entity].filter(pl.col("_batch_day").is_in(days)),
        )


@pytest.mark.parametrize("entity", ENTITIES)
def test_another_seed_is_another_shop(entity: str) -> None:
    one, other = collected(Shop(3, 40), [FIRST]), collected(Shop(4, 40), [FIRST])
    assert not one[entity].equals(other[entity])


def test_the_generated_data_does_not_change_unnoticed() -> None:
    """A deliberate change updates the hash, and every warehouse simulated before is another shop."""
    digest = hashlib.sha256()
    for entity, frame in collected(Shop(seed=7, orders_per_day=50), [date(2026, 3, 14)]).items():
        digest.update(f"{entity}\n{frame.write_csv()}".encode())
    assert digest.hexdigest() == "3d2cb51d1ad7a3165cd8cd254ba453cb34b71bd40a676cb5af978309372bbe5b"


@pytest.mark.parametrize("entity", ENTITIES)
def test_frames_have_the_columns_and_types_of_the_raw_tables(sweep: Partitions, entity: str) -> None:
    assert sweep[entity].schema == pl.Schema({**SCHEMAS[entity], "_batch_day": pl.Date()})


@pytest.mark.parametrize(
    ("entity", "key"), [("orders", "order_id"), ("customers", "customer_id"), ("products", "product_id")]
)
def test_a_key_stands_once_in_a_day(sweep: Partitions, entity: str, key: str) -> None:
    assert not sweep[entity].select(pl.struct("_batch_day", key).is_duplicated().any()).item()


def test_each_day_places_exactly_the_orders_of_the_shop(sweep: Partitions) -> None:
    placed = sweep["orders"].filter(pl.col("order_date").dt.date() == pl.col("_batch_day"))
    assert placed.group_by("_batch_day").len()["len"].to_list() == [300] * 60


def test_every_status_history_is_legal_and_goes_forward_in_time(sweep: Partitions) -> None:
    versions = (
        sweep["orders"]
        .filter(pl.col("order_date").dt.date() >= FIRST)
        .sort("order_id", "_batch_day")
        .with_columns(
            before=pl.col("status").shift().over("order_id"),
            updated_before=pl.col("updated_at").shift().over("order_id"),
        )
    )
    firsts, laters = (versions.filter(pl.col("before").is_null() == is_first) for is_first in (True, False))
    assert firsts.filter(pl.col("order_date").dt.date() != pl.col("_batch_day")).is_empty()
    assert laters.filter(pl.col("updated_at") <= pl.col("updated_before")).is_empty()
    assert set(laters.select("before", "status").unique().rows()) == LEGAL


@pytest.mark.parametrize(
    "column", ["customer_id", "product_id", "order_date", "quantity", "unit_price", "shipping_tier"]
)
def test_what_was_ordered_never_changes(sweep: Partitions, column: str) -> None:
    assert sweep["orders"].group_by("order_id").agg(pl.col(column).n_unique())[column].max() == 1


def test_a_delivery_date_stands_exactly_where_something_was_delivered(sweep: Partitions) -> None:
    orders = sweep["orders"]
    delivered = orders["status"].is_in(["delivered", "returned"])
    assert orders["delivery_date"].is_not_null().equals(delivered)
    assert orders.filter(pl.col("delivery_date") < pl.col("order_date")).is_empty()


def test_an_order_was_last_updated_on_the_day_of_its_partition(sweep: Partitions) -> None:
    orders = sweep["orders"]
    assert orders["updated_at"].dt.date().equals(orders["_batch_day"])


@pytest.mark.parametrize(
    ("child", "parent", "key"),
    [
        ("orders", "customers", "customer_id"),
        ("orders", "products", "product_id"),
        ("deliveries", "orders", "order_id"),
    ],
)
def test_a_day_brings_along_what_its_rows_refer_to(
    sweep: Partitions, child: str, parent: str, key: str
) -> None:
    assert not sweep[child].is_empty()
    assert sweep[child].join(sweep[parent], on=["_batch_day", key], how="anti").is_empty()


@pytest.mark.parametrize(
    ("entity", "column"),
    [
        ("orders", "order_date"),
        ("orders", "delivery_date"),
        ("orders", "updated_at"),
        ("deliveries", "shipped_at"),
        ("deliveries", "delivered_at"),
        ("customers", "created_at"),
    ],
)
def test_a_day_knows_nothing_of_the_future(sweep: Partitions, entity: str, column: str) -> None:
    moments = sweep[entity].filter(pl.col(column).is_not_null())
    assert not moments.is_empty()
    assert moments.filter(pl.col(column).dt.date() > pl.col("_batch_day")).is_empty()


def test_orders_and_deliveries_tell_the_same_story(sweep: Partitions) -> None:
    both = sweep["deliveries"].join(sweep["orders"], on=["_batch_day", "order_id"], suffix="_order")
    assert both.height == sweep["deliveries"].height
    assert both["delivered_at"].equals(both["delivery_date"])
    assert set(both["status_order"]) <= {"shipped", "delivered", "returned"}
    assert both.filter(pl.col("delivered_at") < pl.col("shipped_at")).is_empty()


def test_a_shop_of_45_days_has_every_kind_of_trouble(sweep: Partitions) -> None:
    orders = newest_orders(sweep, DAYS[-1])
    status, age = pl.col("status"), pl.col("age")
    is_open = status.is_in(["pending", "shipped"])
    kinds = {
        "late": is_open & (age > 7),
        "at risk": is_open & age.is_between(6, 7),
        "stuck": (status == "pending") & (age > 7),
        "lost": (status == "shipped") & (age > 24),
        "cancelled": status == "cancelled",
        "returned": status == "returned",
        "delivered late": (status == "delivered")
        & ((pl.col("delivery_date") - pl.col("order_date")) > timedelta(days=7)),
    }
    counts = {kind: orders.filter(condition).height for kind, condition in kinds.items()}
    assert min(counts.values()) >= 5, counts
    assert counts["late"] < orders.height // 20, counts


@pytest.mark.parametrize(("entity", "column"), [("products", "unit_price"), ("orders", "unit_price")])
def test_prices_are_exact_to_the_cent_and_above_zero(sweep: Partitions, entity: str, column: str) -> None:
    prices = sweep[entity][column]
    assert prices.dtype == pl.Decimal(12, 2)
    assert prices.min() > 0
    assert prices.n_unique() > 100


def test_an_order_is_sold_at_its_products_price(sweep: Partitions) -> None:
    both = sweep["orders"].join(sweep["products"], on=["_batch_day", "product_id"], suffix="_listed")
    assert both.height == sweep["orders"].height
    assert both["unit_price"].equals(both["unit_price_listed"])


def test_every_customer_has_one_address_of_their_own_under_example_com(sweep: Partitions) -> None:
    people = sweep["customers"].select("customer_id", "email").unique()
    assert people["customer_id"].is_unique().all()
    assert people["email"].is_unique().all()
    assert people["email"].str.contains(r"^[a-z0-9.]+@example\.com$").all()


def test_no_column_of_people_and_products_is_empty(sweep: Partitions) -> None:
    for entity in ("customers", "products"):
        assert sweep[entity].null_count().sum_horizontal().item() == 0


@pytest.mark.parametrize("day", [date(2024, 2, 29), date(2025, 12, 31), date(9999, 12, 31)])
def test_unusual_days_can_be_simulated(day: date) -> None:
    (orders,) = (frames["orders"] for _, frames in change_partitions(Shop(1, 20), [day]))
    assert orders.filter(pl.col("order_date") >= datetime.combine(day, datetime.min.time())).height == 20


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1969, 12, 31), date(1970, 1, 20)])
def test_a_day_before_the_shop_existed_is_refused(day: date) -> None:
    with pytest.raises(InputError, match="opened on 1975-01-01"):
        list(change_partitions(Shop(1, 20), [day]))


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"orders_per_day": 0}, "orders per day must be between 1 and 10,000,000, not 0"),
        ({"orders_per_day": -5}, "not -5"),
        ({"orders_per_day": 10_000_001}, "not 10000001"),
        ({"seed": -1}, "the seed must be between 0 and"),
        ({"seed": 2**63}, "the seed must be between 0 and"),
    ],
)
def test_a_shop_with_impossible_parameters_is_refused(parameters: dict[str, int], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        Shop(**parameters)
