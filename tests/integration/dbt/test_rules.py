"""A shop changes seeds/sla_rules.csv and builds again: what is wrong is named, what is right is judged by."""

from datetime import date, datetime

import pytest

from tests.integration.dbt.seed_files import SeedFile, named, statuses

AS_OF = date(2024, 3, 20)
WITHOUT_TESTS = ["--exclude-resource-type", "unit_test", "test"]
WITH_SINGULAR_TESTS = ["--exclude", "test_type:generic"]
RULES_ONLY = ["--select", "sla_rules", "stg_sla_rules", "every_rule_is_well_formed"]
RULES_ONLY += ["--indirect-selection", "empty"]
NAMES_ONLY = ["--select", "+every_rule_names_values_of_this_shop", "--indirect-selection", "empty"]


def rule(rule_id: str, **values: str) -> dict[str, str]:
    """A row that is right, but for the values given."""
    return {
        "rule_id": rule_id,
        "description": "Not delivered in time",
        "clock_start": "ordered",
        "clock_stop": "delivered",
        "threshold": "7",
        "unit": "day",
        "severity": "warning",
        "owner": "order-team",
    } | values


DELIVERY = rule("delivery_7d")


@pytest.fixture(scope="module")
def rules_file(tmp_path_factory) -> SeedFile:
    """The rules, without policies of their own."""
    project = tmp_path_factory.mktemp("project") / "dbt"
    policies = SeedFile(project, "alert_policies")
    policies.write([row for row in policies.delivered if row["rule_id"] == "*"])
    return SeedFile(project, "sla_rules")


# ------------------------------------------------------------------------------------- rows that say nothing

WRONG = {
    "start": ([{"clock_start": "paid"}], 'clock_start is "paid", not one of ordered, shipped, promised'),
    "stop": ([{"clock_stop": "returned"}], 'clock_stop is "returned", not one of shipped, delivered'),
    "word": ([{"threshold": "seven"}], 'threshold is "seven", not a whole number from 0 to 99999'),
    "negative": ([{"threshold": "-1"}], 'threshold is "-1", not a whole number from 0 to 99999'),
    "fraction": ([{"threshold": "7.5"}], 'threshold is "7.5", not a whole number from 0 to 99999'),
    "exponent": ([{"threshold": "1e2"}], 'threshold is "1e2", not a whole number from 0 to 99999'),
    "no threshold": ([{"threshold": ""}], 'threshold is "", not a whole number from 0 to 99999'),
    "unit": ([{"unit": "week"}], 'unit is "week", not one of hour, day'),
    "severity": ([{"severity": "urgent"}], 'severity is "urgent", not one of info, warning, critical'),
    "at risk": ([{"at_risk_before": "x"}], 'at_risk_before is "x", not a whole number from 0 to 99999'),
    "owner": ([{"owner": " "}], "owner is empty: nobody would be told"),
    "no such day": (
        [{"valid_from": "2024-02-30"}],
        'valid_from is "2024-02-30", not a day written YYYY-MM-DD',
    ),
    "other order": ([{"valid_to": "31.12.2024"}], 'valid_to is "31.12.2024", not a day written YYYY-MM-DD'),
    "backwards": (
        [{"valid_from": "2024-04-01", "valid_to": "2024-03-31"}],
        "applies to nothing: valid_from 2024-04-01 is after valid_to 2024-03-31",
    ),
    "stands still": (
        [{"clock_start": "shipped", "clock_stop": "shipped"}],
        "applies to nothing: its clock stops where it starts",
    ),
    "all and one": (
        [{}, {"country": "FR"}],
        "overlaps itself: two of its rows apply to the same orders from 1900-01-01 to 9999-12-31",
    ),
    "crosswise": (
        [{"tier": "express"}, {"country": "FR"}],
        "overlaps itself: two of its rows apply to the same orders from 1900-01-01 to 9999-12-31",
    ),
    "one tier twice": (
        [{"tier": "express", "valid_from": "2024-03-01"}, {"tier": "Express", "valid_to": "2024-03-31"}],
        "overlaps itself: two of its rows apply to the same orders from 2024-03-01 to 2024-03-31",
    ),
    "one day twice": (
        [{"valid_to": "2024-03-31"}, {"valid_from": "2024-03-31"}],
        "overlaps itself: two of its rows apply to the same orders from 2024-03-31 to 2024-03-31",
    ),
}


@pytest.fixture(scope="module")
def small_shop(open_shop):
    """An order, without customers, deliveries or anything express."""
    shop = open_shop()
    order = {"customer_id": "c", "product_id": "p", "order_date": datetime(2024, 3, 1), "status": "pending"}
    order |= {"shipping_tier": "standard", "_batch_day": AS_OF}
    shop.load("orders", [order | {"order_id": "o-1"}])
    return shop


@pytest.fixture(scope="module")
def wrong_rows(small_shop, rules_file):
    """What a build says of a file with every kind of wrong row, beside rows that are right."""
    rows = [DELIVERY, rule("right"), rule("", country="FR")]
    rows += [rule(name, **values) for name, (written, _) in WRONG.items() for values in written]
    result = rules_file.build(small_shop, rows, *RULES_ONLY)
    assert not result.success
    return named(small_shop, result, "every_rule_is_well_formed")


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_row_is_named_by_its_rule_and_what_is_wrong(wrong_rows, name):
    assert wrong_rows[name] == {WRONG[name][1]}


def test_a_row_without_a_rule_id_is_named_as_such(wrong_rows):
    assert wrong_rows["(without rule_id)"] == {"rule_id is empty"}


def test_a_right_row_beside_wrong_ones_is_not_named(wrong_rows):
    assert set(wrong_rows) == {*WRONG, "(without rule_id)"}


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], "is missing: delayed_orders and delivery_kpis judge by it (the var delivery_rule)"),
        (
            [rule("delivery_7d", clock_start="shipped")],
            "runs otherwise than from ordered to delivered: delayed_orders and delivery_kpis judge by it",
        ),
    ],
    ids=["missing", "from-shipped"],
)
def test_the_delivery_rule_has_to_be_there_and_to_run_from_the_order(small_shop, rules_file, rows, problem):
    result = rules_file.build(small_shop, [rule("right"), *rows], *RULES_ONLY)
    assert not result.success
    assert named(small_shop, result, "every_rule_is_well_formed") == {"delivery_7d": {problem}}


def test_a_wrong_row_stops_the_build_before_anything_is_made(small_shop, rules_file):
    result = rules_file.build(small_shop, [DELIVERY, rule("wrong", unit="week")], *WITH_SINGULAR_TESTS)
    assert not result.success
    made = {name for name, status in statuses(result).items() if status in ("success", "pass")}
    assert made == {"order_monitoring-on-run-start-0", "sla_rules", "stg_sla_rules", "alert_policies"}


def test_terms_by_tier_and_period_spaces_and_capitals_are_right(small_shop, rules_file):
    rows = [
        DELIVERY,
        rule("tiers", tier="express", threshold="2"),
        rule("tiers", tier="standard"),
        rule("periods", valid_to="2024-03-31"),
        rule("periods", valid_from="2024-04-01", threshold="0"),
        rule(
            " loud ",
            unit=" Day ",
            severity="WARNING",
            clock_start=" Ordered",
            threshold=" 3 ",
            tier="Express ",
        ),
    ]
    result = rules_file.build(small_shop, rows, *RULES_ONLY)
    assert result.success, result.exception
    [loud] = small_shop.rows("select * from staging.stg_sla_rules where rule_id = 'loud'")
    found = {name: loud[name] for name in ("unit", "severity", "clock_start", "threshold", "shipping_tier")}
    assert found == {
        "unit": "day",
        "severity": "warning",
        "clock_start": "ordered",
        "threshold": 3,
        "shipping_tier": "express",
    }


def test_what_a_shop_does_not_record_is_not_held_against_a_rule(small_shop, rules_file):
    rows = [
        DELIVERY,
        rule("carrier", carrier="Fast"),
        rule("country", country="FR"),
        rule("segment", segment="business"),
        rule("first express order to come", tier="express"),
    ]
    result = rules_file.build(small_shop, rows, *NAMES_ONLY)
    assert result.success, result.exception
    assert statuses(result)["every_rule_names_values_of_this_shop"] == "pass"


def order(order_id: str, customer: str, day: int, delivered: int | None = None, **values) -> dict:
    """A raw order placed on a day of March 2024, delivered on another or still on its way."""
    return {
        "order_id": order_id,
        "customer_id": customer,
        "product_id": "p",
        "order_date": datetime(2024, 3, day, 12),
        "status": "delivered" if delivered else "shipped",
        "delivery_date": datetime(2024, 3, delivered, 12) if delivered else None,
        "shipping_tier": "standard",
        "_batch_day": AS_OF,
    } | values


CUSTOMERS = {"french": ("FR", "business"), "german": ("DE", "consumer")}
CARRIERS = {"french": "Fast", "german": "Slow"}
ORDERS = [
    order("3 days", "french", 1, 4),
    order("4 days", "german", 1, 5),
    order("7 days", "french", 1, 8),
    order("8 days", "german", 1, 9),
    order("open 1", "french", 19),
    order("open 2", "french", 18),
    order("open 3", "german", 17),
    order("open 4", "german", 16),
    order("open 7", "french", 13),
    order("open 8", "german", 12),
    order("open 19", "german", 1, shipping_tier="express"),
]


def fill(shop) -> None:
    """The landing zone of a shop with every file."""
    shop.load("orders", ORDERS)
    shop.load(
        "customers",
        [
            {"customer_id": name, "name": name, "country": country, "segment": segment, "_batch_day": AS_OF}
            for name, (country, segment) in CUSTOMERS.items()
        ],
    )
    shop.load(
        "deliveries",
        [
            {
                "delivery_id": row["order_id"],
                "order_id": row["order_id"],
                "carrier": CARRIERS[row["customer_id"]],
                "shipped_at": row["order_date"],
                "_batch_day": AS_OF,
            }
            for row in ORDERS
        ],
    )
    shop.execute(
        "insert into ops.alert_events (order_id, rule_id, event, as_of, recorded_at)"
        " values ('open 19', 'in_transit_14d', 'opened', '2024-03-19', '2024-03-20 06:00:00')"
    )


@pytest.fixture(scope="module")
def large_shop(open_shop):
    shop = open_shop()
    fill(shop)
    return shop


class Seen:
    """What a shop shows after a build."""

    def __init__(self, shop):
        flags = shop.rows("select order_id, delayed_flag from marts.delayed_orders")
        self.late = {row["order_id"] for row in flags if row["delayed_flag"] == 1}
        [self.kpis] = shop.rows(
            "select sum(on_time) as on_time, sum(late) as late, sum(backlog_late) as backlog_late"
            " from marts.delivery_kpis"
        )
        breaches = shop.rows("select rule_id, order_id, severity from alerts.sla_breaches")
        self.breaches = {(row["rule_id"], row["order_id"]) for row in breaches}
        self.severities = {row["rule_id"]: row["severity"] for row in breaches}
        self.alerts = shop.rows(
            "select alert_state, rule_id, owner, opened_on, resolution from alerts.sla_alerts"
            " where rule_id = 'in_transit_14d'"
        )
        self.results = shop.results()


@pytest.fixture(scope="module")
def changed(large_shop, rules_file, open_shop):
    """The large shop by its first rules and by changed ones, and another one built with those at once."""
    assert rules_file.build(large_shop, rules_file.delivered, *WITHOUT_TESTS).success
    before = Seen(large_shop)
    rows = [
        row | {"threshold": "3"} if row["rule_id"] == "delivery_7d" else row
        for row in rules_file.delivered
        if row["rule_id"] != "in_transit_14d"
    ]
    rows.append(rule("country_fr_1d", threshold="1", country="FR", severity="critical"))
    assert rules_file.build(large_shop, rows, *WITHOUT_TESTS).success
    other = open_shop()
    fill(other)
    assert rules_file.build(other, rows, *WITHOUT_TESTS).success
    return before, Seen(large_shop), Seen(other)


def test_rules_changed_on_a_built_shop_equal_rules_it_was_built_with(changed):
    _, after, at_once = changed
    differing = {table for table, rows in at_once.results.items() if rows != after.results[table]}
    assert not differing


def test_another_threshold_judges_every_order_again(changed):
    before, after, _ = changed
    late_before = {"8 days", "open 8", "open 19"}
    late_after = late_before | {"4 days", "7 days", "open 4", "open 7"}
    assert (before.late, after.late) == (late_before, late_after)
    assert before.kpis == {"on_time": 3, "late": 1, "backlog_late": 2}
    assert after.kpis == {"on_time": 1, "late": 3, "backlog_late": 4}


def test_a_changed_a_new_and_a_withdrawn_rule_change_their_own_breaches_only(changed):
    before, after, _ = changed
    assert after.breaches - before.breaches == {
        ("delivery_7d", "open 4"),
        ("delivery_7d", "open 7"),
        ("country_fr_1d", "open 2"),
        ("country_fr_1d", "open 7"),
    }
    assert before.breaches - after.breaches == {("in_transit_14d", "open 19")}
    assert ("express_2d", "open 19") in after.breaches
    assert after.severities["country_fr_1d"] == "critical"


def test_the_open_alert_of_a_withdrawn_rule_is_to_be_resolved(changed):
    before, after, _ = changed
    alert = {"rule_id": "in_transit_14d", "opened_on": date(2024, 3, 19)}
    assert before.alerts == [alert | {"alert_state": "open", "owner": "carrier-team", "resolution": None}]
    assert after.alerts == [
        alert | {"alert_state": "to_resolve", "owner": None, "resolution": "rule withdrawn"}
    ]


NEVER_TOGETHER = "applies to nothing: no order has its tier, country, carrier and segment together"


@pytest.fixture(scope="module")
def misnaming(large_shop, rules_file):
    """A build by rules of which all but two name what the shop does not have."""
    rows = [
        DELIVERY,
        rule("right", tier="express", country="DE", carrier="Slow", segment="consumer"),
        rule("tier", tier="overnight"),
        rule("country", country="fr"),
        rule("carrier", carrier="Fats"),
        rule("segment", segment="buisness"),
        rule("together", country="FR", carrier="Slow"),
        rule("segment together", country="FR", segment="consumer"),
    ]
    result = rules_file.build(large_shop, rows, *WITH_SINGULAR_TESTS)
    assert not result.success
    return result


def test_a_rule_that_applies_to_no_order_is_named_with_what_the_shop_has(large_shop, misnaming):
    assert named(large_shop, misnaming, "every_rule_names_values_of_this_shop") == {
        "tier": {'names the unknown tier "overnight"; this shop has express, standard'},
        "country": {'names the unknown country "fr"; this shop has DE, FR'},
        "carrier": {'names the unknown carrier "Fats"; this shop has Fast, Slow'},
        "segment": {'names the unknown segment "buisness"; this shop has business, consumer'},
        "together": {NEVER_TOGETHER},
        "segment together": {NEVER_TOGETHER},
    }


def test_nothing_is_judged_by_a_rule_that_applies_to_no_order(misnaming):
    followers = ("sla_clocks", "sla_breaches", "sla_at_risk", "sla_alerts", "built_days")
    assert {name: statuses(misnaming)[name] for name in followers} == dict.fromkeys(followers, "skipped")


def test_empty_lines_of_a_spreadsheet_are_no_rules(small_shop, rules_file):
    blank = dict.fromkeys(DELIVERY, "")
    result = rules_file.build(small_shop, [DELIVERY, blank, dict.fromkeys(DELIVERY, " "), blank], *RULES_ONLY)
    assert result.success, result.exception
    with rules_file.path.open("a") as file:
        file.write("\n\n")
    again = small_shop.build(None, *RULES_ONLY, project=rules_file.project)
    assert again.success, again.exception
    assert small_shop.rows("select rule_id from staging.stg_sla_rules") == [{"rule_id": "delivery_7d"}]


def test_a_column_missing_from_the_file_stops_the_build_and_is_named(small_shop, rules_file):
    assert rules_file.build(small_shop, [DELIVERY], *RULES_ONLY).success
    result = rules_file.build(small_shop, [DELIVERY], *RULES_ONLY, without="tier")
    assert not result.success
    messages = " ".join(str(node.message) for node in result.result)
    assert "seeds/sla_rules.csv lacks the column tier;" in messages


def test_a_file_that_has_its_column_again_builds(small_shop, rules_file):
    small_shop.execute("drop table if exists staging.sla_rules")
    assert not rules_file.build(small_shop, [DELIVERY], *RULES_ONLY, without="tier").success
    assert rules_file.build(small_shop, [DELIVERY], *RULES_ONLY).success
