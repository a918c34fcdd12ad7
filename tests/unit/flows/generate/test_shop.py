from datetime import date
from typing import Any

import pytest

from flows.errors import InputError
from flows.generate.parts import Carrier, Category, Region, Tier
from flows.generate.shop import Shop

TIER = {"name": "a", "share": 1, "promised_days": 3, "handover_hours": 9, "transit_hours": 20}
REGION = {"name": "a", "country": "FI", "share": 1}
CATEGORY = {"name": "a", "share": 1, "price_cents": [1, 2], "weight_grams": [1, 2], "things": ["x"]}
OUTAGE = {"kind": "outage", "from": date(2026, 1, 1), "to": date(2026, 1, 3)}


def demand(**fields: Any) -> dict[str, Any]:
    return {"demand": fields}


def incidents(**fields: Any) -> dict[str, Any]:
    return {"incidents": fields}


def outage(**fields: Any) -> dict[str, Any]:
    return {"incidents": {"listed": [{**OUTAGE, **fields}]}}


# what is wrong, and what the message says of where and of what
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"seed": -1}, "seed: .*0, not -1"),
    ({"seed": 2**63}, "seed: .*not 9223372036854775808"),
    ({"seed": 1.5}, "seed: .*not 1.5"),
    ({"orders_per_day": 0}, "orders_per_day: .*1, not 0"),
    ({"orders_per_day": 10_000_001}, "orders_per_day: .*10000000, not 10000001"),
    ({"orders_per_day": None}, "orders_per_day: "),
    ({"customers": 0}, "customers: .*not 0"),
    ({"products": 0}, "products: .*not 0"),
    ({"products": 50_001}, "products: .*not 50001"),
    ({"opened": date(1974, 12, 31)}, "opened: .*1975-01-01"),
    ({"opened": "yesterday"}, "opened: .*not 'yesterday'"),
    ({"cancelled_rate": -0.1}, r"cancelled_rate: .*not -0\.1"),
    ({"returned_rate": 1.1}, r"returned_rate: .*not 1\.1"),
    ({"failed_attempt_rate": float("nan")}, "failed_attempt_rate: .*not nan"),
    ({"cancelled_rate": float("inf")}, "cancelled_rate: .*not inf"),
    ({"cancelled_rate": "many"}, "cancelled_rate: .*not 'many'"),
    ({"colour": "red"}, "colour: unknown field"),
    (demand(colour="red"), r"demand\.colour: "),
    (demand(hours=[1] * 25), r"demand\.hours: .*24.*25"),
    (demand(hours=[1] * 23), r"demand\.hours: .*24.*23"),
    (demand(hours=[0] * 24), r"demand\.hours: all weights are zero"),
    (demand(hours=[-1] + [1] * 23), r"demand\.hours\[0\]: .*not -1"),
    (demand(weekdays=[1] * 6), r"demand\.weekdays: "),
    (demand(weekdays=[0] * 7), r"demand\.weekdays: all weights are zero"),
    (demand(weekdays=[1] * 6 + [float("nan")]), r"demand\.weekdays\[6\]: .*nan"),
    (demand(noise=-0.1), r"demand\.noise: .*not -0\.1"),
    (demand(growth_per_year=5), r"demand\.growth_per_year: .*not 5"),
    (demand(anchor="someday"), r"demand\.anchor: .*'someday'"),
    (demand(season={}), r"demand\.season: name at least one day"),
    (demand(season={"02-29": 1}), r"demand\.season: '02-29' is not a day"),
    (demand(season={"13-01": 1}), r"demand\.season: '13-01' is not a day"),
    (demand(season={"1-1": 1}), r"demand\.season: '1-1' is not a day"),
    (demand(season={"W01-1": 1}), r"demand\.season: 'W01-1' is not a day"),
    (demand(season={"01-01": 0}), r"demand\.season"),
    (demand(season={"01-01": "high"}), r"demand\.season.*'high'"),
    ({"tiers": []}, "tiers: .*at least 1"),
    ({"tiers": [TIER, TIER]}, "tiers: a name stands twice: a, a"),
    ({"tiers": [{**TIER, "share": 0}]}, "tiers: all shares are zero"),
    ({"tiers": [{**TIER, "handover_hours": 0}]}, r"tiers\[0\]\.handover_hours: .*not 0"),
    ({"tiers": [{**TIER, "transit_sigma": -1}]}, r"tiers\[0\]\.transit_sigma: .*not -1"),
    ({"tiers": [{**TIER, "promised_days": -1}]}, r"tiers\[0\]\.promised_days: .*not -1"),
    ({"tiers": [{"name": "a"}]}, r"tiers\[0\]\.share: Field required"),
    ({"carriers": [{"name": "a", "share": 1}] * 2}, "carriers: a name stands twice"),
    ({"carriers": [{"name": "a", "share": 0}]}, "carriers: all shares are zero"),
    ({"carriers": [{"name": "", "share": 1}]}, r"carriers\[0\]\.name: "),
    ({"carriers": [{"name": " a", "share": 1}]}, r"carriers\[0\]\.name: .*' a'"),
    ({"carriers": [{"name": "a", "share": 1, "transit": 0}]}, r"carriers\[0\]\.transit: .*not 0"),
    ({"regions": [REGION, REGION]}, "regions: a name stands twice"),
    ({"regions": [{**REGION, "country": "US"}]}, r"regions\[0\]\.country: .*'US'; known: .*FI"),
    ({"regions": [{**REGION, "share": -1}]}, r"regions\[0\]\.share: .*not -1"),
    ({"categories": [{**CATEGORY, "price_cents": [5, 1]}]}, r"categories\[0\]: price_cents runs from 5 down"),
    ({"categories": [{**CATEGORY, "weight_grams": [0, 1]}]}, r"categories\[0\]\.weight_grams\[0\]: .*not 0"),
    ({"categories": [{**CATEGORY, "things": []}]}, r"categories\[0\]\.things: .*at least 1"),
    ({"categories": [CATEGORY, CATEGORY]}, "categories: a name stands twice"),
    (incidents(lost_rate=2), r"incidents\.lost_rate: .*not 2"),
    (incidents(outages_per_year=-1), r"incidents\.outages_per_year: .*not -1"),
    (incidents(strikes_per_year=366), r"incidents\.strikes_per_year: .*not 366"),
    (
        {"cancelled_rate": 0.6, "incidents": {"stuck_rate": 0.5}},
        "lost_rate add up to 1.104",
    ),
    (outage(share=1e-6), r"incidents\.listed\[0\]\.share: .*not 1e-06"),
    (outage(region="FI-South", country="SE"), r"incidents\.listed\[0\]: FI-South is in FI, not in SE"),
    (outage(kind="flood"), r"incidents\.listed\[0\]\.kind: .*'outage'.*not 'flood'"),
    (outage(to=date(2025, 12, 31)), r"incidents\.listed\[0\]: it ends on 2025-12-31, before it starts"),
    (outage(to=date(2026, 12, 31)), r"incidents\.listed\[0\]: it lasts 365 days; at most 90"),
    (outage(carrier="Pony"), r"incidents\.listed\[0\]: unknown carrier 'Pony'; known: .*NordPost"),
    (outage(region="Moon"), r"incidents\.listed\[0\]: unknown region 'Moon'; known: .*FI-South"),
    (outage(country="IT"), r"incidents\.listed\[0\]: unknown country 'IT'; known: DE, FI"),
    (outage(tier="slow"), r"incidents\.listed\[0\]: unknown tier 'slow'; known: economy"),
    (outage(share=0), r"incidents\.listed\[0\]\.share: .*not 0"),
    (outage(share=1.5), r"incidents\.listed\[0\]\.share: .*not 1\.5"),
    (outage(colour="red"), r"incidents\.listed\[0\]\.colour: "),
    (incidents(listed=[{"kind": "lost", "to": date(2026, 1, 1)}]), r"incidents\.listed\[0\]\.from: "),
    ({"dirt": {"nulls": 1.01}}, r"dirt\.nulls: .*not 1\.01"),
    ({"dirt": {"typos": 0.1}}, r"dirt\.typos: "),
    ({"demand": 5}, "demand: .*not 5"),
    ({"tiers": {"name": "a"}}, "tiers: "),
    # TOML knows numbers, words and truth values apart, and who mixes them up means something else
    ({"seed": True}, "seed: .*True"),
    ({"seed": "7"}, "seed: .*'7'"),
    ({"orders_per_day": "1000"}, "orders_per_day: .*'1000'"),
    ({"cancelled_rate": False}, "cancelled_rate: .*False"),
    ({"cancelled_rate": "0.5"}, r"cancelled_rate: .*'0\.5'"),
    (demand(hours=["1"] + [1] * 23), r"demand\.hours\[0\]: .*'1'"),
    ({"opened": 631152000}, "opened: .*631152000"),
    ({"self": 1}, "self: "),
]


@pytest.mark.parametrize(("fields", "complaint"), WRONG, ids=lambda value: str(value)[:60])
def test_a_shop_that_cannot_be_is_refused_with_the_field_and_the_value(
    fields: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InputError, match=f"^this shop cannot be: .*{complaint}") as refused:
        Shop(**fields)
    assert "\n" not in str(refused.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InputError, match=r"seed: .*; .*returned_rate: "):
        Shop(seed=-1, returned_rate=2)


def test_a_shop_needs_nothing_to_be_said() -> None:
    shop = Shop()
    assert shop == Shop(seed=7, orders_per_day=1_000)
    assert hash(shop) == hash(Shop())
    for parts, kind in (
        (shop.tiers, Tier),
        (shop.carriers, Carrier),
        (shop.regions, Region),
        (shop.categories, Category),
    ):
        assert all(isinstance(part, kind) for part in parts)
        assert sum(part.share for part in parts) == pytest.approx(1)
    assert not shop.dirt.any


def test_a_shop_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Shop().seed = 8


@pytest.mark.parametrize(
    ("fields", "accounts"), [({}, 30_000), ({"orders_per_day": 1}, 200), ({"customers": 5}, 5)]
)
def test_a_shop_has_thirty_accounts_for_each_daily_order_unless_it_says_otherwise(
    fields: dict[str, int], accounts: int
) -> None:
    assert Shop(**fields).accounts == accounts


def test_the_origin_is_readable_and_another_one_for_each_other_shop() -> None:
    assert Shop().origin == "simulated, seed 7, 1000 orders a day"
    assert Shop(seed=3, orders_per_day=5).origin == "simulated, seed 3, 5 orders a day"
    others = [Shop(products=401), Shop(demand={"noise": 0.05}), Shop(**outage()), Shop(dirt={"nulls": 0.1})]
    origins = [shop.origin for shop in (Shop(), *others)]
    assert len(set(origins)) == len(origins)
    assert all(origin.startswith("simulated, seed 7, 1000 orders a day, shop ") for origin in origins[1:])
    assert Shop(products=401).origin == Shop(products=401).origin
