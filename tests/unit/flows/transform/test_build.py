import contextlib
import json
from types import SimpleNamespace

import pytest

from flows.transform.build import outcome
from flows.transform.failures import describe
from flows.transform.invoke import _EventReader


def event(name: str, message: str, level: str = "info") -> str:
    return json.dumps({"info": {"name": name, "level": level, "msg": message}, "data": {}})


def read(*chunks: str) -> list[str]:
    lines: list[str] = []
    with contextlib.redirect_stdout(_EventReader(lines.append, lines.append)):
        for chunk in chunks:
            print(chunk, end="")
    return lines


@pytest.mark.parametrize("name", ["LogModelResult", "LogSeedResult", "LogSnapshotResult"])
def test_a_finished_node_is_one_line_without_the_dots(name: str) -> None:
    text = "1 of 9 OK created sql table model marts.fct_orders ................... [SUCCESS in 0.1s]"
    assert read(event(name, text) + "\n") == [
        "dbt: 1 of 9 OK created sql table model marts.fct_orders [SUCCESS in 0.1s]"
    ]


def test_warnings_of_any_kind_are_reported() -> None:
    assert read(event("Unheard", "two\n  lines", level="warn") + "\n") == ["dbt: two lines"]


def test_the_rest_of_dbts_events_is_not_reported() -> None:
    assert read(event("LogStartLine", "1 of 9 START") + "\n" + event("LogTestResult", "2 PASS") + "\n") == []


@pytest.mark.parametrize("noise", ["", "plain text", "[1]", "7", '{"data": {}}', "{"])
def test_what_is_no_event_is_passed_over(noise: str) -> None:
    assert read(noise + "\n", event("LogModelResult", "done") + "\n") == ["dbt: done"]


def test_events_cut_into_pieces_are_put_together() -> None:
    text = event("LogModelResult", "one") + "\n" + event("LogModelResult", "two") + "\n"
    assert read(*text) == ["dbt: one", "dbt: two"]


def test_an_event_without_its_end_of_line_waits_for_it() -> None:
    assert read(event("LogModelResult", "half")) == []


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("success", "passed"),
        ("pass", "passed"),
        ("warn", "warned"),
        ("error", "failed"),
        ("fail", "failed"),
        ("runtime error", "failed"),
        ("partial success", "failed"),
        ("skipped", "skipped"),
        ("SUCCESS", "passed"),
        ("Fail", "failed"),
    ],
)
def test_each_of_dbts_words_means_one_outcome(status: str, meaning: str) -> None:
    assert outcome(SimpleNamespace(status=status)) == meaning


def test_every_status_dbt_knows_has_an_outcome_of_its_own() -> None:
    from dbt.artifacts.schemas.results import NodeStatus

    from flows.transform.build import _OUTCOMES

    assert {str(status) for status in NodeStatus} - {"no-op"} == set(_OUTCOMES)


def test_a_failure_names_node_reason_tested_model_and_compiled_sql() -> None:
    test = SimpleNamespace(
        name="not_null_orders",
        relation_name="SHOP.TEST_FAILURES.not_null_orders",
        resource_type="test",
        depends_on=SimpleNamespace(nodes=["model.shop.fct_orders", "macro.dbt.x", "source.shop.raw.orders"]),
        compiled_path=None,
        original_file_path="models/marts/fct_orders.yml",
    )
    model = SimpleNamespace(
        name="fct_orders",
        resource_type="model",
        depends_on=SimpleNamespace(nodes=[]),
        compiled_path="/target/compiled/fct_orders.sql",
    )
    results = [
        SimpleNamespace(node=test, status="fail", message="Got 3 results,\n  expected 0"),
        SimpleNamespace(node=model, status="error", message=None),
        SimpleNamespace(node=model, status="skipped", message=None),
    ]
    first, *lines = describe(results[:2], 3, 1, lambda relation: [f"a row of {relation}"]).splitlines()
    assert first == "dbt: 2 of 3 nodes failed, 1 skipped"
    assert lines[0] == "- test not_null_orders on fct_orders, orders: Got 3 results, expected 0"
    assert lines[1:3] == [
        "  a row of SHOP.TEST_FAILURES.not_null_orders",
        "  all of them: SHOP.TEST_FAILURES.not_null_orders",
    ]
    assert lines[3].endswith("/dbt/models/marts/fct_orders.yml")
    assert lines[4:] == ["- model fct_orders: error", "  compiled SQL: /target/compiled/fct_orders.sql"]
