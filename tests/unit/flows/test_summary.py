import json
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from flows.alert.findings import Breach
from flows.alert.flow import AlertSummary
from flows.alert.sending import Message
from flows.ingest.load import DayLoad, EntityLoad
from flows.report import write_page
from flows.summary import NOTABLE, RunSummary, render
from flows.transform.build import DbtSummary

MESSAGE_ID = "<sla.20260131.abc@example.com>"
WORST = Breach("A-<b>1</b>", "delivery_7d", 30, 23, "pending", None, "Ann", Decimal("19.90"), "new")

NEW = DayLoad(date(2026, 1, 30), read=1_001, rejected=0, ignored=1, loaded=1_000, outcome="loaded")
CHANGED = DayLoad(date(2026, 1, 31), read=503, rejected=3, ignored=0, loaded=500, outcome="replaced")


@pytest.fixture
def summary() -> RunSummary:
    return RunSummary(
        as_of=date(2026, 1, 31),
        batch_id="20260131-0123456789ab",
        generated={"orders": 1_500},
        loaded={"orders": EntityLoad(rows=1_500, days=2, skipped_days=28, rejected=3, by_day=(NEW, CHANGED))},
        dbt=DbtSummary(passed=40, warned=1, failed=0, skipped=2),
        alerts=AlertSummary(3, 12, 4, 5, [Message("email", ["ops@example.com"], MESSAGE_ID)], [WORST]),
        seconds={"load": 1.23456},
    )


def test_the_json_form_has_exactly_the_documented_content(summary: RunSummary) -> None:
    assert json.loads(json.dumps(summary.to_json())) == {
        "as_of": "2026-01-31",
        "batch_id": "20260131-0123456789ab",
        "generated": {"orders": 1_500},
        "loaded": {"orders": {"rows": 1_500, "days": 2, "skipped_days": 28, "rejected": 3}},
        "days": [
            {
                "entity": "orders",
                "day": "2026-01-30",
                "read": 1_001,
                "rejected": 0,
                "ignored": 1,
                "loaded": 1_000,
                "outcome": "loaded",
            },
            {
                "entity": "orders",
                "day": "2026-01-31",
                "read": 503,
                "rejected": 3,
                "ignored": 0,
                "loaded": 500,
                "outcome": "replaced",
            },
        ],
        "dbt": {"pass": 40, "warn": 1, "error": 0, "skip": 2},
        "alerts": {"opened": 3, "open": 12, "at_risk": 4, "resolved": 5},
        "messages": [{"channel": "email", "to": ["ops@example.com"], "message_id": MESSAGE_ID}],
        "seconds": {"load": 1.23},
    }


def test_a_message_that_lies_in_a_file_names_it(summary: RunSummary) -> None:
    (message,) = summary.with_message_paths({MESSAGE_ID: "/outbox/1.eml"}).to_json()["messages"]
    assert message["path"] == "/outbox/1.eml"


def test_steps_timed_later_stand_beside_the_earlier_ones(summary: RunSummary) -> None:
    assert summary.with_seconds(start=2.0, total=9.0).to_json()["seconds"] == {
        "start": 2.0,
        "total": 9.0,
        "load": 1.23,
    }


def test_a_run_that_loaded_nothing_has_no_batch(summary: RunSummary) -> None:
    quiet = RunSummary(summary.as_of, None, {}, {}, summary.dbt, AlertSummary(0, 0, 0, 0), {})
    assert quiet.to_json()["batch_id"] is None
    assert quiet.to_json()["messages"] == []
    assert "none sent" in render(quiet)


def test_people_read_the_same_numbers(summary: RunSummary) -> None:
    text = render(summary)
    for words in (
        "As of 2026-01-31 (end of day, UTC)",
        "40 passed, 1 warned, 0 failed, 2 skipped",
        "12 open (3 new), 4 at risk, 5 resolved",
        f"to ops@example.com: {MESSAGE_ID}",
    ):
        assert words in text
    totals, changed = (line for line in text.splitlines() if "orders" in line)
    assert totals.split() == ["orders", "1,504", "3", "1,500", "2", "28"]
    assert changed.endswith("2026-01-31: 503 read, 3 rejected, 0 ignored, 500 loaded (replaced)")


def test_of_many_replaced_days_people_read_the_latest(summary: RunSummary) -> None:
    first = date(2025, 11, 1)
    days = [DayLoad(first + timedelta(days=n), 1, 0, 0, 1, "replaced") for n in range(NOTABLE + 5)]
    many = replace(summary, loaded={"orders": EntityLoad(25, 25, 0, 0, tuple(days))})
    shown = [line for line in render(many).splitlines() if line.endswith("(replaced)")]
    assert [line.split()[1] for line in shown] == [f"{day.day}:" for day in days[5:]]
    assert "… and 5 earlier ones" in render(many)


def test_where_nothing_was_rejected_or_replaced_no_day_is_shown(summary: RunSummary, data_dir: Path) -> None:
    skipped = DayLoad(date(2026, 1, 31), 9, 0, 0, 0, "skipped")
    plain = replace(summary, loaded={"orders": EntityLoad(1_000, 1, 1, 0, (NEW, skipped))})
    assert "2026-01-3" not in render(plain).partition("\n")[2]
    page = Path(write_page(plain).page or "").read_text(encoding="utf-8")
    assert "rejected or replaced" not in page


def test_the_page_is_a_file_that_shows_the_run_and_escapes_its_data(
    summary: RunSummary, data_dir: Path
) -> None:
    written = write_page(summary)
    assert written.page == str(data_dir / "reports" / "2026-01-31.html")
    page = Path(written.page).read_text(encoding="utf-8")
    assert "A-&lt;b&gt;1&lt;/b&gt;" in page
    assert "<b>1</b>" not in page
    cells = [
        re.findall(r"<td[^>]*>([^<]*)</td>", row) for row in page.split("<tr>") if "<td>orders</td>" in row
    ]
    assert cells == [
        ["orders", "1,504", "3", "1,500", "2", "28"],
        ["orders", "2026-01-31", "503", "3", "0", "500", "replaced"],
    ]
    assert [file.name for file in (data_dir / "reports").iterdir()] == ["2026-01-31.html"]


def test_a_second_run_for_the_day_replaces_its_page(summary: RunSummary, data_dir: Path) -> None:
    write_page(summary)
    write_page(RunSummary(summary.as_of, None, {}, {}, summary.dbt, AlertSummary(0, 0, 0, 0), {}))
    (page,) = (data_dir / "reports").iterdir()
    assert "A-&lt;b&gt;" not in page.read_text(encoding="utf-8")


def test_a_digest_that_was_held_back_is_told_everywhere(summary: RunSummary) -> None:
    odd = replace(summary, alerts=replace(summary.alerts, held_back=["stale: nothing came"]))
    assert odd.to_json()["held_back"] == ["stale: nothing came"]
    assert "  held back   the data is stale: nothing came\n" in render(odd)
