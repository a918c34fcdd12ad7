"""How a build ends: by hand, for a shop with only orders, for a wrong day, for rows that do not fit."""

import subprocess
import sys
from datetime import date, datetime

import pytest

from flows import paths


def order(order_id: str, **values) -> dict:
    """A raw order row with the six classic columns, placed on 2024-03-01."""
    return {
        "order_id": order_id,
        "customer_id": "c-1",
        "product_id": "p-1",
        "order_date": datetime(2024, 3, 1, 12),
        "status": "shipped",
        "delivery_date": None,
        "_batch_day": date(2024, 3, 10),
    } | values


def statuses(result) -> dict[str, str]:
    return {node.node.name: str(node.status) for node in result.result}


@pytest.fixture(scope="module")
def orders_only(open_shop):
    shop = open_shop()
    delivered = order("delivered", status="delivered", delivery_date=datetime(2024, 3, 2, 12))
    shop.load("orders", [order("open"), delivered])
    return shop


@pytest.fixture(scope="module")
def first_build(orders_only):
    return orders_only.build("2024-03-10")


def test_by_hand_everything_passes_for_the_latest_loaded_day(orders_only):
    command = ["build", "--project-dir", "dbt", "--profiles-dir", "dbt"]
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", *command],
        cwd=paths.REPOSITORY,
        env=orders_only.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "WARN=0 ERROR=0 SKIP=0" in done.stdout
    assert "unit tests" in done.stdout
    assert orders_only.rows("select distinct as_of from alerts.sla_breaches") == [
        {"as_of": date(2024, 3, 10)}
    ]


def test_a_shop_with_only_orders_gets_every_result(orders_only, first_build):
    assert first_build.success
    assert set(statuses(first_build).values()) <= {"success", "pass", "no-op"}
    [breach] = orders_only.rows("select * from alerts.sla_breaches")  # of all the rules, one can be judged
    assert (breach["order_id"], breach["rule_id"], breach["days_over"]) == ("open", "delivery_7d", 2)
    assert (breach["customer_name"], breach["carrier"], breach["amount_at_stake"]) == (None, None, None)
    assert [row["carrier"] for row in orders_only.rows("select * from marts.delivery_kpis")] == ["unknown"]


def test_delayed_orders_has_exactly_its_six_columns(orders_only, first_build):
    assert first_build.success
    [row, _] = orders_only.rows("select * from marts.delayed_orders")
    columns = ["order_id", "customer_id", "product_id", "order_date", "delivery_date", "delayed_flag"]
    assert list(row) == columns


def test_an_empty_landing_zone_builds_empty_tables(open_shop):
    shop = open_shop()
    assert shop.build().success
    assert shop.results()["marts.delayed_orders"] == []


@pytest.mark.parametrize(
    "day", ["2024-02-30", "2023-02-29", "2024-13-01", "31.03.2024", "2024-3-1", "today", ""]
)
def test_a_day_that_is_no_day_stops_the_build_and_is_named(orders_only, day):
    result = orders_only.build(day)
    assert not result.success
    assert f"as_of must be a calendar day written YYYY-MM-DD, not '{day}'" in str(result.exception)


def test_a_leap_day_is_a_day(open_shop):
    one_model = ["--select", "stg_customers", "--indirect-selection", "cautious"]
    assert open_shop().build("2024-02-29", *one_model).success


def test_an_unknown_customer_is_a_warning_and_no_order_is_lost(open_shop):
    shop = open_shop()
    shop.load("orders", [order("o-1"), order("o-2", customer_id="stranger")])
    shop.load(
        "customers", [{"customer_id": "c-1", "name": "Ada", "country": "FR", "_batch_day": date(2024, 3, 1)}]
    )
    result = shop.build("2024-03-10")
    assert result.success
    assert [name for name, status in statuses(result).items() if status == "warn"] == [
        "known_in_fct_orders_customer_id__customer_id__ref_stg_customers_"
    ]
    names = shop.rows("select order_id, customer_name from alerts.sla_breaches order by order_id")
    assert [row["customer_name"] for row in names] == ["Ada", None]


def test_rows_that_do_not_match_their_manifest_fail_the_build(open_shop):
    shop = open_shop()
    shop.load("orders", [order("o-1")])
    shop.execute(
        "insert into ops.load_manifest"
        " (entity, batch_day, batch_id, row_count, content_hash, origin, loaded_at)"
        " values ('orders', '2024-03-10', 'b', 2, 'h', 'o', '2024-03-10 12:00:00')"
    )
    result = shop.build("2024-03-10")
    assert not result.success
    assert statuses(result)["every_loaded_day_holds_the_rows_its_manifest_counts"] == "fail"
