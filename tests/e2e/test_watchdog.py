"""The operators hear of what failed and of what did not happen. The tests build on one another."""

import email
import email.policy
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.site import Site, until
from tests.integration.flows.webhook_servers import Hook, hooked

DAILY = "ecommerce-pipeline/daily"
WITHIN = 10


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    """Where the operators' webhook points."""
    with hooked(Hook()) as hook:
        yield hook


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, hook: Hook) -> Iterator[Site]:
    """A server and a mailbox, with everything deployed; no warehouse, and no worker yet."""
    site = Site(tmp_path_factory.mktemp("watched") / "a shop")
    site.house.variables["ALERT_WEBHOOK_URL"] = f"{hook.host()}/a-secret-path"
    try:
        site.start("server", "mailbox")
        site.deploy()
        yield site
    finally:
        site.close()


@pytest.fixture(scope="module")
def on_the_webhook(site: Site) -> Path:
    """Operators who are told by webhook alone."""
    file = site.root / "on the webhook.toml"
    file.write_text(
        '[audiences.default]\nemail = { to = ["a@example.com"] }\n'
        '[operators]\nwebhook = { block = "sla-webhook" }\n'
    )
    return file


def watch(site: Site, *arguments: str) -> None:
    """Say it to the watchdog, again and again where the server is too busy to listen."""

    def heard() -> bool:
        done = site.house.python("-m", "flows.watchdog", *arguments)
        assert done.status == 0 or "too busy" in done.stderr, done.stderr
        return done.status == 0

    until(lambda: heard() or None, f"watchdog {arguments[0]}", 300)


def automations(site: Site) -> list[dict[str, Any]]:
    return site.api("/automations/filter", {})


def succeed(site: Site) -> None:
    """A run of the daily deployment that has succeeded, as far as the server knows."""
    run = site.run(DAILY)
    done = {"state": {"type": "COMPLETED", "name": "Completed"}, "force": True}
    site.api(f"/flow_runs/{run}/set_state", done)


def mails(site: Site) -> list[email.message.EmailMessage]:
    return [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in site.house.messages
    ]


def more_than(hook: Hook, count: int) -> None:
    until(lambda: len(hook.requests) > count or None, "a post to the operators", 60)


def test_what_is_not_deployed_or_no_time_is_refused_in_words(site: Site) -> None:
    for arguments, complaint in (
        (("--deployment", "nobody/nothing"), "there is no deployment 'nobody/nothing'"),
        (("--within", "soon"), "'soon' is not a time, such as 26h"),
        (("--within", "5s"), "shorter than 10 seconds"),
    ):
        refused = site.house.python("-m", "flows.watchdog", "register", *arguments)
        assert (refused.status, complaint in refused.error) == (2, True), refused.stderr
    assert automations(site) == []


def test_a_deployment_that_never_succeeded_is_told_of_without_any_worker(
    site: Site, hook: Hook, on_the_webhook: Path
) -> None:
    watch(site, "register", "--within", f"{WITHIN}s", "--audiences", str(on_the_webhook))
    more_than(hook, 0)
    assert b"No success of ecommerce-pipeline/daily in 10s" in hook.requests[0].body
    assert hook.requests[0].path == "/a-secret-path"


def test_registering_again_leaves_one_of_each(site: Site, on_the_webhook: Path) -> None:
    watch(site, "register", "--within", f"{WITHIN}s", "--audiences", str(on_the_webhook))
    assert sorted(one["name"] for one in automations(site)) == [
        "Order monitoring: runs whose process is gone",
        "Silence of ecommerce-pipeline/daily",
    ]


def test_as_long_as_runs_succeed_nobody_is_told_and_then_they_are(site: Site, hook: Hook) -> None:
    succeed(site)
    before = len(hook.requests)
    pause = threading.Event()
    started = datetime.now(UTC)
    while (datetime.now(UTC) - started).total_seconds() < 2.5 * WITHIN:
        succeed(site)
        pause.wait(2)
    assert len(hook.requests) == before
    more_than(hook, before)


def test_a_look_from_outside_tells_by_mail_and_says_so_with_its_status(site: Site) -> None:
    found = site.house.python("-m", "flows.watchdog", "check", "--within", f"{WITHIN}s")
    assert found.status == 1, found.stderr
    assert found.stdout.splitlines()[-1] == "told operators@example.com"
    assert mails(site)[-1]["Subject"] == f"[SLA] No success of ecommerce-pipeline/daily in {WITHIN}s"
    count = len(mails(site))
    fine = site.house.python("-m", "flows.watchdog", "check", "--within", "26h")
    assert (fine.status, len(mails(site))) == (0, count)


def test_a_run_without_signs_of_life_is_marked_as_crashed(site: Site, on_the_webhook: Path) -> None:
    watch(site, "register", "--within", "26h", "--heartbeat", "4", "--audiences", str(on_the_webhook))
    run = site.run(DAILY)
    running = {"state": {"type": "RUNNING", "name": "Running"}, "force": True}
    site.api(f"/flow_runs/{run}/set_state", running)
    beat = {
        "event": "prefect.flow-run.heartbeat",
        "id": str(uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "resource": {"prefect.resource.id": f"prefect.flow-run.{run}"},
        "related": [{"prefect.resource.id": "prefect.tag.orders", "prefect.resource.role": "tag"}],
    }
    site.send("/events", [beat])
    assert site.ended(run, 90)["type"] == "CRASHED"


def test_a_run_that_fails_is_told_of_by_mail_with_cause_and_link_once_a_day(site: Site) -> None:
    site.start("worker")
    before = len(mails(site))
    run = site.run("sla-check/hourly", audiences="no such file.toml")
    assert site.ended(run)["type"] == "FAILED"
    (mail,) = until(lambda: mails(site)[before:] or None, "a mail to the operators", 60)
    assert mail["To"] == "operators@example.com"
    assert mail["Subject"].startswith("[SLA] sla-check failed")
    words = mail.get_body(("plain",)).get_content()
    assert "no such file.toml" in words
    assert f"/runs/flow-run/{run}" in words
    again = site.run("sla-check/hourly", audiences="no such file.toml")
    assert site.ended(again)["type"] == "FAILED"
    site.says(again, "the operators know")
    assert len(mails(site)) == before + 1


def test_silence_is_mailed_by_a_run_of_the_watchdogs_own(site: Site) -> None:
    before = len(mails(site))
    watch(site, "register", "--within", f"{WITHIN}s")
    (mail, *_) = until(lambda: mails(site)[before:] or None, "a mail about silence", 120)
    assert mail["Subject"] == f"[SLA] No success of ecommerce-pipeline/daily in {WITHIN}s"
    watch(site, "unregister")
    assert automations(site) == []
