import random
import re
from datetime import date, timedelta
from itertools import product
from typing import Any

import polars as pl
import pytest

from flows.alert.digest import ALERTS
from flows.alert.explain import explain
from tests.unit.flows.alert.short_messages import ALERT, DAY

CARRIERS = {"NordPost": 0.45, "Baltic Express": 0.28, "Kurier 24": 0.17, "Maison Colis": 0.10}
COUNTRIES = {"FI": 0.20, "SE": 0.16, "DE": 0.28, "FR": 0.18, "GB": 0.10, "PL": 0.08}
TIERS = {"standard": 0.70, "express": 0.15, "economy": 0.15}
RULES = {
    "delivery_7d": "Not delivered within 7 days of the order",
    "promise_missed": "Not delivered by the day promised to the customer",
    "stuck_in_pending": "Not handed over to a carrier within 5 days: stuck",
}
POPULATION_SCHEMA = {
    "carrier": pl.String(),
    "country": pl.String(),
    "shipping_tier": pl.String(),
    "orders": pl.Int64(),
}
NOBODY = pl.DataFrame(schema=POPULATION_SCHEMA)
OUTAGE = {"carrier": "NordPost", "country": "FI"}


def population(
    carriers: dict[str, float] = CARRIERS, countries: dict[str, float] = COUNTRIES
) -> pl.DataFrame:
    """Ten thousand orders on their way, spread independently."""
    shares = product(carriers.items(), countries.items(), TIERS.items())
    rows = [
        (carrier, country, tier, round(10_000 * p * q * r))
        for (carrier, p), (country, q), (tier, r) in shares
    ]
    return pl.DataFrame(rows, schema=POPULATION_SCHEMA, orient="row")


def usual(draw: random.Random, day: date = DAY, section: str | None = "new", **values: Any) -> dict[str, Any]:
    """A breach that has nothing to do with an incident."""
    rule = draw.choice(list(RULES))
    drawn = {
        name: draw.choices(list(shares), list(shares.values()))[0]
        for name, shares in (("carrier", CARRIERS), ("country", COUNTRIES), ("shipping_tier", TIERS))
    }
    told = {"section": section, "state": "new" if section == "new" else "open", "breaks_on": day}
    return ALERT | told | drawn | {"rule_id": rule, "rule_description": RULES[rule]} | values


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=ALERTS)


def outage(seed: int = 7, days: int = 5, **values: Any) -> pl.DataFrame:
    """31 of 40 new breaches, and as many on each of the days before; quiet before that."""
    draw = random.Random(seed)
    rows = []
    for back in range(20):
        day, section = DAY - timedelta(days=back), None if back else "new"
        others = {"carrier": "Kurier 24", "country": "DE"}
        rows += [usual(draw, day, section, **others) for _ in range(9)]
        if back < days:
            rows += [usual(draw, day, section, **(values or OUTAGE)) for _ in range(31)]
    return frame(rows)


def test_an_outage_of_a_carrier_in_a_country_is_found_with_its_first_day() -> None:
    assert explain(outage(), population()) == (
        "31 of 40 new breaches are NordPost to FI (9% of the orders on their way), at least half on every "
        "day since Tuesday 17 Nov.",
    )


def test_an_outage_is_found_among_breaches_that_are_spread_as_usual() -> None:
    for draw in map(random.Random, range(20)):
        rows = [usual(draw, **OUTAGE) for _ in range(25)] + [usual(draw) for _ in range(15)]
        rows += [usual(draw, DAY - timedelta(days=draw.randrange(1, 20)), None) for _ in range(100)]
        (sentence, *_) = explain(frame(rows), population())
        assert re.match(
            r"\d\d of 40 new breaches are NordPost to FI \(9% of the orders on their way\)", sentence
        )


@pytest.mark.parametrize("others", [60, 10], ids=["earlier breaches are a base", "there is no base"])
def test_an_outage_is_found_without_knowing_the_orders_on_their_way(others: int) -> None:
    draw = random.Random(7)
    rows = [usual(draw, DAY - timedelta(days=3), None) for _ in range(others)]
    alerts = pl.concat([outage(days=1).filter(pl.col("section") == "new"), frame(rows)])
    (sentence, *_) = explain(alerts, NOBODY)
    assert "NordPost to FI" in sentence
    assert "orders on their way" not in sentence


def test_what_is_only_todays_has_no_since() -> None:
    (sentence, *_) = explain(outage(days=1), population())
    assert sentence == "31 of 40 new breaches are NordPost to FI (9% of the orders on their way)."


def test_a_day_without_it_ends_the_run() -> None:
    alerts = outage(days=5).filter(
        (pl.col("breaks_on") != date(2026, 11, 18)) | (pl.col("carrier") != "NordPost")
    )
    assert "since Thursday 19 Nov." in explain(alerts, population())[0]


def test_express_orders_that_are_stuck_are_found_with_their_rule() -> None:
    draw = random.Random(7)
    stuck = {"rule_id": "stuck_in_pending", "rule_description": RULES["stuck_in_pending"], "carrier": None}
    rows = [usual(draw, shipping_tier="express", **stuck) for _ in range(30)]
    rows += [usual(draw, shipping_tier="standard") for _ in range(10)]
    assert explain(frame(rows), population()) == (
        "30 of 40 new breaches are express orders (15% of the orders on their way).",
        "All of these are of the rule “Not handed over to a carrier within 5 days: stuck”.",
    )


def test_a_rule_that_breaks_everywhere_is_found() -> None:
    draw = random.Random(7)
    rows = [usual(draw, rule_id="stuck_in_pending") for _ in range(35)] + [usual(draw) for _ in range(5)]
    rows += [usual(draw, DAY - timedelta(days=9), None, rule_id="delivery_7d") for _ in range(60)]
    alerts = frame(rows).with_columns(rule_description=pl.col("rule_id").replace(RULES))
    assert re.fullmatch(
        r"\d\d of 40 new breaches are of the rule “Not handed over to a carrier within 5 days: stuck”.",
        *explain(alerts, population()),
    )


def test_a_rule_about_express_orders_makes_them_no_more_surprising() -> None:
    draw = random.Random(7)
    late = {"rule_id": "express_2d", "rule_description": "Express late", "shipping_tier": "express"}
    rows = [usual(draw, **late) for _ in range(22)]
    rows += [usual(draw, shipping_tier="standard") for _ in range(18)]
    rows += [usual(draw, DAY - timedelta(days=2), None, **late) for _ in range(30)]
    assert explain(frame(rows), population()) == (
        "22 of 40 new breaches are express orders (15% of the orders on their way).",
        "All of these are of the rule “Express late”.",
    )


@pytest.mark.parametrize("known", [True, False])
def test_a_shop_with_one_carrier_does_not_read_that_all_are_its(known: bool) -> None:
    draw = random.Random(7)
    orders = population({"NordPost": 1.0}) if known else NOBODY
    assert explain(frame([usual(draw, carrier="NordPost") for _ in range(40)]), orders) == ()


@pytest.mark.parametrize("count", [5, 40, 400])
def test_what_is_spread_as_usual_is_not_explained(count: int) -> None:
    for draw in map(random.Random, range(100)):
        rows = [usual(draw) for _ in range(count)] + [usual(draw, DAY, None) for _ in range(60)]
        assert explain(frame(rows), population()) == ()


def test_what_is_spread_as_usual_is_not_explained_where_nothing_is_known() -> None:
    for draw in map(random.Random, range(50)):
        assert explain(frame([usual(draw) for _ in range(40)]), NOBODY) == ()


def test_fewer_than_five_are_not_explained_however_rare_what_they_share() -> None:
    draw = random.Random(7)
    rare = {"carrier": "Maison Colis", "country": "PL", "shipping_tier": "express"}
    rows = [usual(draw, **rare) for _ in range(5)]
    assert explain(frame(rows[:4]), population()) == ()
    assert explain(frame(rows), population()) != ()


def test_a_dimension_that_adds_little_is_left_out() -> None:
    draw = random.Random(7)
    tiers = ["standard"] * 28 + ["express"] * 3
    rows = [usual(draw, **OUTAGE, shipping_tier=tier) for tier in tiers]
    rows += [usual(draw, carrier="Kurier 24", country="DE") for _ in range(9)]
    assert "are NordPost to FI (" in explain(frame(rows), population())[0]


def test_what_covers_less_than_half_is_not_said() -> None:
    draw = random.Random(7)
    rows = [usual(draw, **OUTAGE) for _ in range(19)]
    rows += [
        usual(draw, carrier=carrier, country=country)
        for carrier, country in [("Baltic Express", "SE"), ("Kurier 24", "DE"), ("Maison Colis", "PL")] * 7
    ]
    assert explain(frame(rows), population()) == ()


def test_only_new_breaches_are_explained() -> None:
    draw = random.Random(7)
    rows = [usual(draw, DAY, None, **OUTAGE) for _ in range(40)]
    at_risk = [row | {"section": "at_risk", "state": "at_risk"} for row in rows]
    assert explain(frame(rows + at_risk), population()) == ()
    assert explain(frame([]), population()) == ()


def test_orders_that_are_not_shipped_are_not_said_to_share_a_carrier() -> None:
    draw = random.Random(7)
    assert explain(frame([usual(draw, carrier=None) for _ in range(40)]), population()) == ()


def test_a_tie_is_broken_the_same_way_whatever_the_order_of_rows() -> None:
    draw = random.Random(7)
    half = [usual(draw, carrier="Maison Colis", country="PL") for _ in range(20)]
    other = [usual(draw, carrier="Maison Colis", country="GB") for _ in range(20)]
    rows = half + other
    orders = population(dict.fromkeys(CARRIERS, 0.25), dict.fromkeys(COUNTRIES, 1 / 6))
    said = set()
    for _ in range(20):
        draw.shuffle(rows)
        said.add(explain(frame(rows), orders))
    assert len(said) == 1


def test_two_dimensions_that_always_come_together_are_said_as_one() -> None:
    draw = random.Random(7)
    orders = population().filter((pl.col("carrier") == "Maison Colis") == (pl.col("country") == "FR"))
    rows = [usual(draw, carrier="Maison Colis", country="FR") for _ in range(40)]
    assert explain(frame(rows), orders)[0].startswith("40 of 40 new breaches are Maison Colis (")


def test_names_may_be_anything_and_stay_on_one_line() -> None:
    hostile = {"carrier": "a.b[c]\r\nBcc: x", "country": "{{7*7}}", "shipping_tier": "<b>" + "x" * 500}
    (sentence, *_) = explain(outage(**hostile), population())
    assert sentence.isprintable()
    assert "a.b[c] Bcc: x" in sentence or "{{7*7}}" in sentence or "<b>" in sentence
    assert len(sentence) < 400
