"""The history of open breaches ends with those that are open now."""

from datetime import timedelta

import pytest

from tests.integration.dbt.shop_days import FIRST, ShopDays

WITHOUT_TESTS = ["--exclude-resource-type", "unit_test", "test"]
LAST_DAY = """
select owner, carrier, open_breaches from alerts.breach_history
where as_of = (select max(as_of) from staging.current_build)
order by owner, carrier
"""
NOW = """
select owner, carrier, count(*) as open_breaches from alerts.sla_breaches
group by owner, carrier
order by owner, carrier
"""


@pytest.mark.parametrize("seed", [3, 4])
def test_the_last_day_of_the_history_is_what_is_broken_now(open_shop, seed):
    days, shop = ShopDays(seed), open_shop()
    seen = set()
    for number in range(36):
        day = FIRST + timedelta(days=number)
        for entity, changed in sorted(days.day(day)):
            shop.load(entity, [row | {"_batch_day": changed} for row in days.partitions[entity, changed]])
        if number % 7 == 0:
            assert shop.build(None, *WITHOUT_TESTS).success
            breaches = shop.rows(NOW)
            assert shop.rows(LAST_DAY) == breaches, day
            seen |= {(row["owner"], row["carrier"]) for row in breaches}
    assert len(seen) > 5
    [span] = shop.rows(
        "select count(distinct as_of) as days, min(as_of) as first_day from alerts.breach_history"
    )
    assert span == {"days": 28, "first_day": day - timedelta(days=27)}
