"""The alerts' states follow the ledger at once, and a look back sees what it knew then."""

from datetime import date, datetime, timedelta

import pytest

AS_OF = date(2024, 3, 20)
WITHOUT_TESTS = ["--exclude-resource-type", "unit_test", "test"]


@pytest.fixture(scope="module")
def shop(open_shop):
    """An order that is late since long."""
    shop = open_shop()
    order = {"order_id": "o-1", "customer_id": "c", "product_id": "p", "order_date": datetime(2024, 3, 1)}
    for day in (AS_OF - timedelta(days=1), AS_OF):
        shop.load("orders", [order | {"status": "shipped", "_batch_day": day}])
    return shop


def tell(shop, event: str, as_of: date) -> None:
    shop.execute(
        "insert into ops.alert_events (order_id, rule_id, event, as_of, recorded_at)"
        f" values ('o-1', 'delivery_7d', '{event}', '{as_of}', '{as_of + timedelta(days=1)} 06:00:00')"
    )


def states(shop, suffix: str = "") -> list[str]:
    found = shop.rows(f"select state from alerts{suffix}.alert_states")
    alerts = shop.rows(f"select alert_state from alerts{suffix}.sla_alerts")
    return [*(row["state"] for row in found), *(row["alert_state"] for row in alerts)]


def test_states_follow_the_ledger_without_a_build_and_a_look_back_does_not_see_later_events(shop):
    assert shop.build(None, *WITHOUT_TESTS).success
    assert states(shop) == ["new"]
    tell(shop, "opened", AS_OF - timedelta(days=1))
    assert states(shop) == ["open", "open"]
    tell(shop, "acknowledged", AS_OF)
    assert states(shop) == ["acknowledged", "acknowledged"]
    assert shop.build(str(AS_OF - timedelta(days=1)), *WITHOUT_TESTS, past=True).success
    assert states(shop, "_past") == ["open", "open"]
