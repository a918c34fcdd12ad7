"""A shop changes seeds/alert_policies.csv and builds again: what is wrong is named, and tells nobody."""

from datetime import date, datetime

import pytest

from tests.integration.dbt.seed_files import SeedFile, named, statuses

AS_OF = date(2024, 3, 20)
WITHOUT_GENERIC_TESTS = ["--exclude", "test_type:generic"]
POLICIES_ONLY = ["--select", "sla_rules", "stg_sla_rules", "alert_policies", "stg_alert_policies"]
POLICIES_ONLY += ["every_policy_is_well_formed", "--indirect-selection", "empty"]
EVERYONE = {"rule_id": "*", "remind_every_days": "7"}
NO_QUIET_DAYS = (
    ", not weekdays (mon tue wed thu fri sat sun) and days written YYYY-MM-DD, or --MM-DD for every year,"
    " with blanks between"
)


def unquiet(days: str) -> tuple[dict[str, str], str]:
    return {"quiet_days": days}, f'quiet_days is "{days}"{NO_QUIET_DAYS}'


WRONG = {
    "word": (
        {"remind_every_days": "weekly"},
        'remind_every_days is "weekly", not a whole number from 1 to 99999',
    ),
    "zero": ({"remind_every_days": "0"}, 'remind_every_days is "0", not a whole number from 1 to 99999'),
    "fraction": (
        {"escalate_after_days": "1.5", "escalate_to": "ops"},
        'escalate_after_days is "1.5", not a whole number from 0 to 99999',
    ),
    "negative": (
        {"escalate_after_days": "-1", "escalate_to": "ops"},
        'escalate_after_days is "-1", not a whole number from 0 to 99999',
    ),
    "severity": (
        {"escalate_at_severity": "urgent", "escalate_to": "ops"},
        'escalate_at_severity is "urgent", not one of info, warning, critical',
    ),
    "after, to nobody": ({"escalate_after_days": "0"}, "escalate_to is empty: nobody would be told"),
    "at, to nobody": (
        {"escalate_at_severity": "info", "escalate_to": " "},
        "escalate_to is empty: nobody would be told",
    ),
    "never": (
        {"escalate_to": "ops"},
        'escalate_to is "ops", and nothing says when: neither escalate_after_days nor escalate_at_severity',
    ),
    "maybe": ({"warn_at_risk": "maybe"}, 'warn_at_risk is "maybe", not one of yes, no'),
    "long weekday": unquiet("sat sunday"),
    "commas": unquiet("sat, sun"),
    "no such day": unquiet("2024-04-31"),
    "no such yearly day": unquiet("mon --02-30"),
    "other order": unquiet("24.12.2024"),
    "day without a year": unquiet("12-24"),
}
RIGHT = {
    "empty": {},
    "capitals and blanks": {
        "remind_every_days": " 3 ",
        "escalate_after_days": "0",
        "escalate_at_severity": " Critical",
        "escalate_to": "ops",
        "quiet_days": " Sat  SUN 2024-02-29 --12-25 ",
        "warn_at_risk": "NO ",
    },
}


@pytest.fixture(scope="module")
def shop(open_shop):
    """An order that is late."""
    shop = open_shop()
    order = {"order_id": "o-1", "customer_id": "c", "product_id": "p", "order_date": datetime(2024, 3, 1)}
    shop.load("orders", [order | {"status": "shipped", "_batch_day": AS_OF}])
    return shop


@pytest.fixture(scope="module")
def policies_file(tmp_path_factory) -> SeedFile:
    """The policies, with rules of every name that a test has."""
    project = tmp_path_factory.mktemp("project") / "dbt"
    rules = SeedFile(project, "sla_rules")
    [delivery] = [row for row in rules.delivered if row["rule_id"] == "delivery_7d"]
    names = ("delivery_7d", "twice", *WRONG, *RIGHT)
    rules.write([delivery | {"rule_id": name} for name in names])
    return SeedFile(project, "alert_policies")


@pytest.fixture(scope="module")
def wrong_rows(shop, policies_file):
    """What a build says of a file with every kind of wrong row, beside rows that are right."""
    rows = [EVERYONE, {"rule_id": "twice"}, {"rule_id": " twice"}, {"rule_id": "", "warn_at_risk": "yes"}]
    rows += [{"rule_id": "withdrawn"}, dict.fromkeys(EVERYONE, " ")]
    rows += [values | {"rule_id": name} for name, (values, _) in WRONG.items()]
    rows += [values | {"rule_id": name} for name, values in RIGHT.items()]
    result = policies_file.build(shop, rows, *POLICIES_ONLY)
    assert not result.success
    return named(shop, result, "every_policy_is_well_formed")


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_policy_is_named_by_its_rule_and_what_is_wrong(wrong_rows, name):
    assert wrong_rows[name] == {WRONG[name][1]}


def test_a_policy_of_no_rule_a_second_one_and_one_without_a_name_are_named(wrong_rows):
    assert {name: problems for name, problems in wrong_rows.items() if name not in WRONG} == {
        "withdrawn": {"is no rule of seeds/sla_rules.csv"},
        "twice": {"has 2 rows; which of them is its policy?"},
        "(without rule_id)": {"rule_id is empty; * stands for every rule without a row of its own"},
    }


def test_a_file_without_a_policy_for_every_other_rule_is_named(shop, policies_file):
    result = policies_file.build(shop, [{"rule_id": "delivery_7d"}], *POLICIES_ONLY)
    assert named(shop, result, "every_policy_is_well_formed") == {
        "*": {"is missing: the policy of every rule without a row of its own"}
    }


def test_nobody_is_told_by_a_wrong_policy(shop, policies_file):
    rows = [EVERYONE, {"rule_id": "delivery_7d", "warn_at_risk": "maybe"}]
    result = policies_file.build(shop, rows, *WITHOUT_GENERIC_TESTS)
    assert not result.success
    followers = ("sla_alerts", "built_days")
    assert {name: statuses(result)[name] for name in followers} == dict.fromkeys(followers, "skipped")


def test_a_column_missing_from_the_policies_is_named(shop, policies_file):
    result = policies_file.build(shop, [EVERYONE], *POLICIES_ONLY, without="quiet_days")
    assert not result.success
    messages = " ".join(str(node.message) for node in result.result)
    assert "seeds/alert_policies.csv lacks the column quiet_days;" in messages


def test_each_rule_goes_by_its_own_policy_or_that_of_every_rule(shop, policies_file):
    rows = [EVERYONE | {"quiet_days": "wed"}, {"rule_id": "empty", "remind_every_days": "2"}]
    assert policies_file.build(shop, rows, *WITHOUT_GENERIC_TESTS).success
    assert AS_OF.strftime("%a") == "Wed"
    alerts = shop.rows("select rule_id, remind_every_days, is_quiet from alerts.sla_alerts")
    found = {alert["rule_id"]: (alert["remind_every_days"], alert["is_quiet"]) for alert in alerts}
    assert found.pop("empty") == (2, False)
    assert found
    assert set(found.values()) == {(7, True)}
