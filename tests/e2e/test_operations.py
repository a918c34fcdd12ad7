"""Day two: the same shop on a Prefect server with a worker. The tests build on one another's days."""

import email
import email.policy
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.house import REPOSITORY, House, free_port


def api(house: House, path: str, body: dict | None = None, method: str | None = None):
    request = urllib.request.Request(
        house.variables["PREFECT_API_URL"] + path,
        method=method,
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"null")


@contextmanager
def pointed_at(house: House, block_type: str, name: str, **fields: int) -> Iterator[int]:
    """Change fields of a stored block for a while; yields the new value of the one given."""
    document = api(house, f"/block_types/slug/{block_type}/block_documents/name/{name}?include_secrets=true")

    def write(data: dict) -> None:
        body = {"data": data, "merge_existing_data": True}
        api(house, f"/block_documents/{document['id']}", body, method="PATCH")

    write(fields)
    try:
        yield next(iter(fields.values()))
    finally:
        write({name: document["data"][name] for name in fields})


def prefect(house: House, *arguments: str, cwd: Path = REPOSITORY) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "prefect"), "--no-prompt", *arguments],
        cwd=cwd,
        env=house.environment(),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rest(house: House, name: str) -> None:
    """Let a deployment run only where a test asks for it."""
    (deployment,) = api(house, "/deployments/filter", {"deployments": {"name": {"any_": [name]}}})
    for schedule in deployment["schedules"]:
        path = f"/deployments/{deployment['id']}/schedules/{schedule['id']}"
        api(house, path, {"active": False}, method="PATCH")


def test_the_messages_counts_equal_the_alert_mart(stack, first_runs) -> None:
    ((breaches,),) = stack.query("select count(*) from alerts.sla_breaches")
    ((at_risk,),) = stack.query("select count(*) from alerts.sla_at_risk")
    alerts = first_runs.simulated_run.summary["alerts"]
    assert (breaches, at_risk) == (alerts["open"], alerts["at_risk"])


def test_the_same_day_again_loads_nothing_and_sends_nothing(stack) -> None:
    summary = stack.pipeline("--as-of", "2026-11-20").summary
    assert {load["rows"] for load in summary["loaded"].values()} == {0}
    assert {load["skipped_days"] for load in summary["loaded"].values()} == {30}
    assert summary["messages"] == []
    assert len(stack.messages) == 1


def test_the_next_day_runs_on_the_worker_and_loads_one_day(stack) -> None:
    prefect(stack, "deploy", "--all")
    rest(stack, "hourly")
    prefect(
        stack,
        *("deployment", "run", "ecommerce-pipeline/daily", "--watch"),
        *("--param", 'as_of="2026-11-21"', "--param", "orders_per_day=34", "--param", "days=30"),
    )
    (run,) = api(
        stack,
        "/flow_runs/filter",
        {"flow_runs": {"name": {"any_": ["ecommerce-pipeline 2026-11-21"]}}, "limit": 5},
    )
    assert run["state"]["type"] == "COMPLETED"
    names = {flow_run["name"] for flow_run in api(stack, "/flow_runs/filter", {"limit": 50})}
    steps = {"generate-orders", "load-raw", "dbt-build", "check-sla"}
    assert {f"{step} 2026-11-21" for step in steps} <= names
    artifacts = {artifact["key"] for artifact in api(stack, "/artifacts/filter", {"limit": 50})}
    assert {"load-raw", "dbt-build", "sla-breaches"} <= artifacts
    blocks = {document["name"] for document in api(stack, "/block_documents/filter", {})}
    assert {"ecommerce-warehouse", "sla-email"} <= blocks
    batches = stack.query(
        "select batch_id, count(distinct batch_day), max(batch_day) = '2026-11-21' from ops.load_manifest"
        " group by batch_id order by max(batch_day)"
    )
    assert [batch[1:] for batch in batches] == [(30, False), (1, True)]
    assert len(stack.messages) == 2


def test_the_scheduler_has_planned_the_coming_mornings(stack) -> None:
    (deployment,) = api(stack, "/deployments/filter", {"deployments": {"name": {"any_": ["daily"]}}})
    planned = api(
        stack,
        "/flow_runs/filter",
        {
            "deployments": {"id": {"any_": [deployment["id"]]}},
            "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        },
    )
    assert planned, "the scheduler service plans within seconds of the deployment"


def test_alerts_are_answered_by_the_deployment_and_the_terminal(stack) -> None:
    (order, rule), *_ = stack.query(
        "select order_id, rule_id from alerts.alert_states where is_open order by 1, 2"
    )
    parameters = json.dumps({"order": order, "rule": rule, "by": "Ann", "note": "called them"})
    prefect(stack, "deployment", "run", "acknowledge/alert", "--watch", "--params", parameters)
    state = f"select state from alerts.alert_states where order_id = '{order}' and rule_id = '{rule}'"
    assert stack.query(state) == [("acknowledged",)]
    story = stack.python("-m", "flows.alert", "show", order)
    assert story.status == 0, story.stderr
    assert "by Ann, “called them”" in story.stdout
    listed = stack.python("-m", "flows.alert", "list", "--order", order, "--rule", rule)
    assert listed.stdout.splitlines()[0] == "1 open alert at the end of 2026-11-21 (UTC)"
    refused = stack.python("-m", "flows.alert", "ack", "--order", "nobody's", "--by", "Ann")
    assert (refused.status, refused.error.startswith("error: order")) == (2, True)


def test_the_digest_links_to_the_deployment_that_answers_it(stack) -> None:
    message = email.message_from_bytes(stack.messages[-1].read_bytes(), policy=email.policy.strict)
    (deployment,) = api(stack, "/deployments/filter", {"deployments": {"name": {"any_": ["alert"]}}})
    assert f"/deployments/deployment/{deployment['id']}" in message.get_body(("plain",)).get_content()


def test_an_unreachable_mail_server_keeps_what_was_loaded_and_the_next_run_sends(stack) -> None:
    with pointed_at(stack, "email-server-credentials", "sla-email", smtp_port=free_port()) as port:
        run = stack.pipeline("--as-of", "2026-11-22")
    assert run.status == 1
    assert "email-server-credentials/sla-email" in run.error
    assert f"127.0.0.1:{port}" in run.error
    assert "Traceback" not in run.error
    summary = stack.pipeline("--as-of", "2026-11-22").summary
    assert {load["rows"] for load in summary["loaded"].values()} == {0}
    assert len(summary["messages"]) == 1
    assert len(stack.messages) == 3


def test_a_failed_data_test_fails_the_run_and_names_test_model_and_compiled_sql(stack) -> None:
    stack.query(
        "update raw.orders set status = 'teleported', _batch_id = 'by-hand'"
        " where order_id = (select min(order_id) from raw.orders)"
    )
    run = stack.pipeline("--as-of", "2026-11-22")
    assert run.status == 1
    assert "- test accepted_values_fct_orders_status" in run.error
    assert " on fct_orders: " in run.error
    compiled = Path(run.error.split("compiled SQL: ")[1].splitlines()[0])
    assert compiled.is_file()
    assert len(stack.messages) == 3
