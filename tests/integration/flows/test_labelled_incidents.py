"""The alerts of a shop in which everything that goes wrong is known: simulated, staged, loaded and built.

What is expected comes from the simulation's own record of whole lives and labels, never from the raw
rows or the SQL: on every day, precision and recall of the alerts are both one.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
from prefect_snowflake import SnowflakeConnector
from snowflake.connector import SnowflakeConnection

from flows.generate import truth
from flows.generate.parts import INCIDENT_KINDS, Incident
from flows.generate.shop import Shop
from flows.transform.build import DbtSummary
from flows.warehouse import connect, rows
from tests.integration.flows.promises import judge, promises
from tests.integration.flows.simulated_shops import build, incident, load, troubled_shop

SLA_DAYS = 7
OPENED = date(2026, 3, 2)
DAYS = [OPENED + timedelta(days=number) for number in range(40)]
BEFORE, DURING, AFTER = date(2026, 3, 14), date(2026, 3, 25), date(2026, 4, 8)
LOST = date(2026, 4, 1)
PROMISES = {promise.rule_id: promise for promise in promises()}


def march(kind: Any, first: int, last: int, **scope: Any) -> Incident:
    """An incident between two days of March."""
    return incident(kind, date(2026, 3, first), date(2026, 3, last), **scope)


def simulated(*listed: Incident) -> Shop:
    return troubled_shop(*listed, opened=OPENED, orders_per_day=300)


TROUBLED = simulated(
    march("outage", 12, 21, carrier="NordPost", region="DE-North"),
    march("lost", 13, 17, carrier="Kurier 24", share=0.4),
    march("stuck", 14, 20, tier="express", share=0.1),
    march("strike", 16, 21, country="FR", share=0.8),
    march("backlog", 16, 25, tier="standard", share=0.3),
)


@pytest.fixture(scope="module")
def labels() -> pl.DataFrame:
    """What hit which order, and until when."""
    return truth.labels(TROUBLED, OPENED, DAYS[-1])


@pytest.fixture(scope="module")
def whole_lives() -> pl.DataFrame:
    """Every moment of every order's life."""
    return truth.lives(TROUBLED, OPENED, DAYS[-1])


@pytest.fixture(scope="module")
def lives(labels: pl.DataFrame, whole_lives: pl.DataFrame) -> pl.DataFrame:
    """Per order: the days `placed` and `arrived`, whether it is `labelled`, and `held_until` which day."""
    held = labels.group_by("order_id").agg(
        pl.lit(True).alias("labelled"), pl.col("to").max().alias("held_until")
    )
    return (
        whole_lives.select(
            "order_id",
            pl.col("placed_at").dt.date().alias("placed"),
            pl.col("delivered_at").dt.date().alias("arrived"),
            pl.col("cancelled_at").dt.date().alias("given_up"),
        )
        .join(held, on="order_id", how="left")
        .with_columns(pl.col("labelled").fill_null(False))
    )


def still_open_and_late(lives: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Orders placed more than seven days before `as_of` that have not arrived by its end."""
    return lives.filter(
        pl.col("placed") < as_of - timedelta(days=SLA_DAYS),
        pl.col("arrived").is_null() | (pl.col("arrived") > as_of),
        pl.col("given_up").is_null() | (pl.col("given_up") > as_of),
    )


def arrived_late(lives: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Orders that arrived by the end of `as_of`, more than seven days after they were placed."""
    return lives.filter(
        pl.col("arrived") <= as_of, pl.col("arrived") > pl.col("placed") + pl.duration(days=SLA_DAYS)
    )


def ids(orders: pl.DataFrame) -> set[str]:
    return set(orders["order_id"])


class Built(NamedTuple):
    """The troubled shop's warehouse as dbt left it for one day."""

    as_of: date
    dbt: DbtSummary
    connection: SnowflakeConnection

    def order_ids(self, table: str) -> set[str]:
        found = [order_id for (order_id,) in rows(self.connection, f"select order_id from {table}")]
        assert len(set(found)) == len(found)
        return set(found)


@pytest.fixture(scope="module")
def loaded(new_connector, data_root: Path) -> Iterator[tuple[SnowflakeConnector, SnowflakeConnection]]:
    """All days of the troubled shop."""
    connector = new_connector()
    with connect(connector) as connection:
        load(connection, TROUBLED, DAYS, data_root)
        yield connector, connection


@pytest.fixture(
    scope="module", params=[BEFORE, DURING, LOST, AFTER], ids=["before", "during", "lost", "after"]
)
def built(request, loaded, prefect_api: None) -> Built:
    connector, connection = loaded
    return Built(request.param, build(connector, request.param), connection)


def test_breaches_are_exactly_the_labelled_orders_whose_time_is_up(built: Built, lives: pl.DataFrame) -> None:
    expected = ids(still_open_and_late(lives.filter("labelled"), built.as_of))
    assert bool(expected) == (built.as_of > BEFORE)
    assert built.order_ids("alerts.sla_breaches where rule_id = 'delivery_7d'") == expected


def test_late_arrivals_are_exactly_the_labelled_orders_that_were_held_up_too_long(
    built: Built, lives: pl.DataFrame
) -> None:
    late = "marts.delayed_orders where delayed_flag = 1 and delivery_date is not null"
    expected = ids(arrived_late(lives.filter(pl.col("held_until") <= pl.col("arrived")), built.as_of))
    assert bool(expected) == (built.as_of > BEFORE)
    assert built.order_ids(late) == expected


def test_every_data_test_passes_without_a_warning(built: Built) -> None:
    assert (built.dbt.warned, built.dbt.failed, built.dbt.skipped) == (0, 0, 0)
    assert built.dbt.passed


@pytest.mark.parametrize("rule_id", PROMISES)
def test_every_rule_finds_exactly_the_orders_whose_lives_break_it(
    built: Built, whole_lives: pl.DataFrame, rule_id: str
) -> None:
    expected = judge(PROMISES[rule_id], whole_lives, built.as_of)
    assert built.order_ids(f"alerts.sla_breaches where rule_id = '{rule_id}'") == expected.broken
    assert built.order_ids(f"alerts.sla_at_risk where rule_id = '{rule_id}'") == expected.at_risk


@pytest.mark.parametrize("rule_id", PROMISES)
def test_each_rule_is_broken_by_labelled_orders_or_by_those_that_break_it_without_incidents(
    whole_lives: pl.DataFrame, labels: pl.DataFrame, rule_id: str
) -> None:
    peaceful, labelled = truth.lives(simulated(), OPENED, DAYS[-1]), ids(labels)
    found: set[str] = set()
    for day in (BEFORE, DURING, LOST, AFTER):
        broken = judge(PROMISES[rule_id], whole_lives, day).broken
        assert broken - labelled == judge(PROMISES[rule_id], peaceful, day).broken - labelled
        found |= broken & labelled
    assert found, "no incident breaks this rule, so nothing is proved of it"


def test_nothing_but_a_labelled_incident_makes_an_order_late(lives: pl.DataFrame) -> None:
    peaceful = truth.lives(simulated(), OPENED, DAYS[-1])
    longest = (peaceful["delivered_at"].dt.date() - peaceful["placed_at"].dt.date()).max()
    assert peaceful["delivered_at"].null_count() == 0
    assert longest <= timedelta(days=SLA_DAYS - 2)
    assert ids(peaceful) == ids(lives)
    # the same orders arrive on the same days, but for those with a label
    apart = lives.join(peaceful.select("order_id", pl.col("delivered_at").dt.date()), on="order_id")
    changed = apart.filter(~pl.col("arrived").eq_missing(pl.col("delivered_at")))
    assert changed["labelled"].all()


def test_every_kind_of_incident_is_among_the_breaches_and_some_labels_never_become_one(
    labels: pl.DataFrame, lives: pl.DataFrame
) -> None:
    of_breaches = labels.join(still_open_and_late(lives, DURING), on="order_id", how="semi")
    assert set(of_breaches["kind"]) == set(INCIDENT_KINDS)
    in_time = pl.col("arrived") <= pl.col("placed") + pl.duration(days=SLA_DAYS)
    assert not lives.filter("labelled", in_time).is_empty()
