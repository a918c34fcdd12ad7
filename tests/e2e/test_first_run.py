"""`python flows/main.py` on a machine where nothing is configured."""

import csv
import email
import email.policy
from email.utils import parsedate_to_datetime

KEYS = {"as_of", "batch_id", "generated", "loaded", "days", "dbt", "alerts", "messages", "seconds"}


def test_a_first_run_loads_thirty_days_and_sends_one_message(first_runs) -> None:
    summary = first_runs.simulated_run.summary
    assert set(summary) == KEYS
    assert summary["as_of"] == "2026-11-20"
    assert {entity: load["days"] for entity, load in summary["loaded"].items()} == dict.fromkeys(
        ("customers", "products", "orders", "deliveries"), 30
    )
    assert {entity: load["rows"] for entity, load in summary["loaded"].items()} == summary["generated"]
    assert summary["dbt"]["error"] == summary["dbt"]["skip"] == 0
    assert summary["alerts"]["open"] == summary["alerts"]["opened"] > 0
    assert [message["path"] for message in summary["messages"]] == [
        str(path) for path in first_runs.simulated.messages
    ]
    assert len(first_runs.simulated.messages) == 1


def test_the_message_is_valid_and_says_what_the_summary_says(first_runs) -> None:
    summary = first_runs.simulated_run.summary
    (path,) = first_runs.simulated.messages
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.strict)
    assert message["Message-ID"] == summary["messages"][0]["message_id"]
    assert parsedate_to_datetime(message["Date"]).tzinfo is not None
    assert message["To"] == "order-team@example.com"
    assert all(str(value).strip() for value in message.values())
    assert f"{summary['alerts']['open']:,} open" in message["Subject"]
    attachment = next(iter(message.iter_attachments()))
    states = [row["state"] for row in csv.DictReader(attachment.get_content().splitlines())]
    assert states.count("new") == summary["alerts"]["opened"] == summary["alerts"]["open"]
    assert states.count("at_risk") == summary["alerts"]["at_risk"] == len(states) - summary["alerts"]["open"]
    assert f"{summary['alerts']['open']:,} open" in message.get_body(("plain",)).get_content()


def test_the_page_of_the_day_is_there(first_runs) -> None:
    page = first_runs.simulated.root / "data" / "reports" / "2026-11-20.html"
    assert (
        f"<strong>{first_runs.simulated_run.summary['alerts']['open']}</strong>late and open"
        in page.read_text()
    )


def test_nothing_is_left_on_the_stage(first_runs) -> None:
    data = first_runs.simulated.root / "data"
    assert list((data / "stage").iterdir()) == []
    assert [path for path in (data / "warehouse" / "stages").rglob("*") if path.is_file()] == []


def test_the_run_leaves_the_users_own_prefect_alone(first_runs) -> None:
    assert not (first_runs.simulated.root / ".prefect").exists()


def test_a_shop_with_only_an_orders_file_gets_its_digest_at_the_same_time_as_another_run(first_runs) -> None:
    summary = first_runs.sample_run.summary
    assert summary["loaded"] == {"orders": {"rows": 1000, "days": 1, "skipped_days": 0, "rejected": 0}}
    (path,) = first_runs.sample.messages
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.strict)
    attachment = next(iter(message.iter_attachments())).get_content()
    found = csv.DictReader(attachment.splitlines())
    rules = [row["rule_id"] for row in found if row["state"] != "at_risk"]
    assert len(rules) == summary["alerts"]["open"]
    assert rules.count("delivery_7d") == 8
    # who sends no deliveries and no promises has no such clocks
    assert set(rules) == {"delivery_7d", "not_shipped_48h", "stuck_in_pending"}
