import inspect
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.cli.deploy._config import _load_deploy_configs_and_actions
from prefect.cli.deploy._models import DeploymentConfig
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
from rich.console import Console

from flows.paths import REPOSITORY

FILE = REPOSITORY / "prefect.yaml"
CONTENT = yaml.safe_load(FILE.read_text())
DEPLOYMENTS = {deployment["name"]: deployment for deployment in CONTENT["deployments"]}
NAMES = {
    "ecommerce-pipeline/daily",
    "ecommerce-pipeline/backfill",
    "sla-check/hourly",
    "acknowledge/alert",
    "watchdog/silence",
}
# https://docs.prefect.io/v3/concepts/automations: what the open-source server does not have
CLOUD_ONLY = {"sla", "metric", "send-email-notification", "access_policy"}
POOLS = CONTENT["definitions"]["pools"]


def entry(name: str) -> Flow[..., Any]:
    return load_flow_from_entrypoint(str(REPOSITORY / DEPLOYMENTS[name]["entrypoint"]))


def scalars(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from scalars(value)
    elif isinstance(node, list):
        for value in node:
            yield from scalars(value)
    else:
        yield str(node)


def test_prefects_own_loader_takes_the_file_as_it_is() -> None:
    said = Console(record=True, file=io.StringIO())
    deployments, actions = _load_deploy_configs_and_actions(FILE, console=said)
    assert said.export_text() == ""
    assert [one["name"] for one in deployments] == list(DEPLOYMENTS)
    assert len(actions["pull"]) == 1


def test_every_key_of_a_deployment_is_one_that_prefect_reads() -> None:
    for deployment in DEPLOYMENTS.values():
        assert set(deployment) <= set(DeploymentConfig.model_fields), deployment["name"]


def test_these_deployments_are_there() -> None:
    assert {f"{entry(name).name}/{name}" for name in DEPLOYMENTS} == NAMES


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_deployments_parameters_are_its_flows_and_fit(name: str) -> None:
    flow, given = entry(name), DEPLOYMENTS[name].get("parameters", {})
    signature = inspect.signature(flow.fn)
    assert set(given) <= set(signature.parameters)
    required = {
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.default is inspect.Parameter.empty
    }
    if DEPLOYMENTS[name].get("schedules"):
        assert required <= set(given), "nobody is there to fill in a scheduled run's form"
        flow.validate_parameters(given)


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_the_form_in_the_ui_says_what_each_field_is_for(name: str) -> None:
    schema = parameter_schema(entry(name)).model_dump()
    for field, described in schema["properties"].items():
        assert described.get("description"), f"{name}: {field}"
    assert DEPLOYMENTS[name]["description"]
    assert "orders" in DEPLOYMENTS[name]["tags"]


@pytest.mark.parametrize(
    ("name", "field", "wanted"),
    [
        ("daily", "as_of", {"format": "date"}),
        ("daily", "days", {"minimum": 1, "maximum": 3660}),
        ("daily", "environment", {"enum": ["prod", "staging", "dev"]}),
        ("backfill", "first_day", {"format": "date"}),
        ("backfill", "run_on", {"enum": ["this-process", "workers"]}),
        ("backfill", "at_once", {"minimum": 1, "maximum": 100}),
        ("backfill", "digests", {"enum": ["none", "every-day"]}),
        ("hourly", "as_of", {"format": "date"}),
        ("alert", "action", {"enum": ["ack", "snooze", "unsnooze"]}),
        ("alert", "until", {"format": "date"}),
    ],
)
def test_the_form_knows_days_choices_and_bounds(name: str, field: str, wanted: dict[str, Any]) -> None:
    described = parameter_schema(entry(name)).model_dump()["properties"][field]
    options = [described, *described.get("anyOf", [])]
    assert any(wanted.items() <= option.items() for option in options), described


def test_the_daily_run_is_one_at_a_time_and_the_next_waits() -> None:
    daily = DEPLOYMENTS["daily"]
    assert daily["concurrency_limit"]["limit"] == 1
    assert daily["concurrency_limit"]["collision_strategy"] == "ENQUEUE"
    (schedule,) = daily["schedules"]
    assert schedule["timezone"]


def test_a_backfills_runs_do_not_wait_for_the_one_that_started_them() -> None:
    assert "concurrency_limit" not in DEPLOYMENTS["backfill"]


def test_no_path_is_absolute() -> None:
    for text in scalars(CONTENT):
        assert not Path(text).is_absolute(), text
        assert not re.match(r"[A-Za-z]:\\|~", text), text


def keys(node: Any) -> Iterator[str]:
    values = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    yield from map(str, node) if isinstance(node, dict) else ()
    for value in values:
        yield from keys(value)


def test_nothing_needs_prefect_cloud() -> None:
    assert CLOUD_ONLY.isdisjoint(keys(CONTENT))


@pytest.mark.parametrize("kind", POOLS)
def test_another_kind_of_pool_is_one_line(kind: str) -> None:
    text, changed = re.subn(r"(?m)^    <<: \*process\b", f"    <<: *{kind}", FILE.read_text())
    assert changed == 1
    for deployment in yaml.safe_load(text)["deployments"]:
        assert deployment["work_pool"] == POOLS[kind]["work_pool"], deployment["name"]


def test_the_code_can_be_cloned_instead() -> None:
    (step,) = CONTENT["definitions"]["clone"]
    from prefect.deployments.steps import git_clone

    ((name, inputs),) = step.items()
    assert name == "prefect.deployments.steps.git_clone"
    assert set(inputs) - {"id"} <= set(inspect.signature(git_clone).parameters)
