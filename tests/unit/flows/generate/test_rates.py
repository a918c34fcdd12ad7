from datetime import date

import polars as pl
import pytest

from flows.generate import truth
from flows.generate.shop import Shop
from tests.unit.flows.generate.shops import NOTHING_DRAWN, days_from, is_share

DAYS = days_from(date(2026, 3, 2), 10)
DEFAULT = {"cancelled": 0.025, "returned": 0.03, "failed_attempt": 0.04, "lost": 0.004, "stuck": 0.003}
TROUBLED = {"cancelled": 0.2, "returned": 0.4, "failed_attempt": 0.3, "lost": 0.05, "stuck": 0.1}
NONE = dict.fromkeys(DEFAULT, 0)


def lives(rates: dict[str, float], orders: int) -> pl.DataFrame:
    shop = Shop(
        seed=6,
        orders_per_day=orders,
        cancelled_rate=rates["cancelled"],
        returned_rate=rates["returned"],
        failed_attempt_rate=rates["failed_attempt"],
        incidents={
            "lost_rate": rates["lost"],
            "stuck_rate": rates["stuck"],
            "given_up_days": 0,
            **NOTHING_DRAWN,
        },
    )
    return truth.lives(shop, DAYS[0], DAYS[-1])


def counts(lives: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """How many of how many, for each thing that goes wrong."""
    happened = {
        name: lives[f"{name}_at"].is_not_null()
        for name in ("cancelled", "returned", "failed_attempt", "delivered", "shipped")
    }
    return {
        "cancelled": (happened["cancelled"].sum(), lives.height),
        "returned": (happened["returned"].sum(), happened["delivered"].sum()),
        "failed_attempt": (happened["failed_attempt"].sum(), happened["delivered"].sum()),
        "lost": ((happened["shipped"] & ~happened["delivered"]).sum(), lives.height),
        "stuck": ((~happened["shipped"] & ~happened["cancelled"]).sum(), lives.height),
    }


@pytest.mark.parametrize(
    ("rates", "orders"), [(DEFAULT, 3_000), (TROUBLED, 600)], ids=["default", "troubled"]
)
def test_things_go_wrong_as_often_as_the_shop_says(rates: dict[str, float], orders: int) -> None:
    for what, (count, total) in counts(lives(rates, orders)).items():
        assert is_share(count, total, rates[what]), what
        assert not is_share(count, total, 2 * rates[what]), what
        assert not is_share(count, total, rates[what] / 2), what


def test_nothing_goes_wrong_at_a_rate_of_zero() -> None:
    assert {what: count for what, (count, _) in counts(lives(NONE, 300)).items()} == NONE


@pytest.mark.parametrize("what", ["cancelled", "stuck", "lost", "returned", "failed_attempt"])
def test_everything_goes_wrong_at_a_rate_of_one(what: str) -> None:
    count, total = counts(lives({**NONE, what: 1}, 60))[what]
    assert count == total > 300


@pytest.mark.parametrize("days", [1, 30, 120])
def test_what_is_lost_or_stuck_is_given_up_after_some_days(days: int) -> None:
    wrong = {"lost_rate": 0.2, "stuck_rate": 0.2, **NOTHING_DRAWN}
    kept, given_up = (
        truth.lives(
            Shop(seed=6, orders_per_day=100, incidents={**wrong, "given_up_days": after}), DAYS[0], DAYS[-1]
        )
        for after in (0, days)
    )
    never = kept.filter(pl.col("delivered_at").is_null() & pl.col("cancelled_at").is_null())
    ended = given_up.join(never.select("order_id"), on="order_id")
    started = pl.coalesce("shipped_at", "placed_at").dt.date()
    waited = ended.select(pl.col("cancelled_at").dt.date() - started).to_series()
    assert ended.height > 300
    assert set(waited.dt.total_days()) == {days}
    assert given_up.join(never, on="order_id", how="anti").equals(kept.join(never, on="order_id", how="anti"))
