"""Everything that is deployed, run by a worker from another directory. The tests build on one another."""

from collections.abc import Iterator

import pytest

from tests.e2e.site import Site, until

SMALL = {"orders_per_day": 20, "days": 3}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server, a worker and the stand-ins, with the blocks registered and everything deployed."""
    site = Site(tmp_path_factory.mktemp("site") / "a shop")
    try:
        site.start("server", "warehouse", "mailbox")
        site.deploy()
        site.python("-m", "flows.watchdog", "register", "--heartbeat", "30")
        site.start("worker")
        yield site
    finally:
        site.close()


def days_loaded(site: Site) -> list[str]:
    """The days whose orders are there, each as often as it is."""
    found = site.house.query("select batch_day from ops.load_manifest where entity = 'orders' order by 1")
    return [str(day) for (day,) in found]


def doubled_rows(site: Site) -> int:
    """Rows of orders that stand twice for a day."""
    ((count,),) = site.house.query(
        "select count(*) from (select order_id, _batch_day from raw.orders group by 1, 2 having count(*) > 1)"
    )
    return int(count)


def test_a_check_before_anything_was_loaded_has_nothing_to_say(site: Site) -> None:
    run = site.run("sla-check/hourly")
    site.completed(run)
    site.says(run, "no day was built yet")


def test_a_daily_run_loads_builds_and_tells(site: Site) -> None:
    site.completed(site.run("ecommerce-pipeline/daily", as_of="2026-11-10", **SMALL))
    assert days_loaded(site) == ["2026-11-08", "2026-11-09", "2026-11-10"]
    assert len(site.house.messages) == 1


def test_an_hourly_check_without_news_builds_and_tells_nobody(site: Site) -> None:
    run = site.run("sla-check/hourly")
    site.completed(run)
    assert {"dbt-build 2026-11-10", "check-sla 2026-11-10"} == {step["name"] for step in site.steps(run)}
    assert len(site.house.messages) == 1


def test_a_run_gives_the_signs_of_life_for_its_steps(site: Site) -> None:
    runs = site.api("/flow_runs/filter", {"limit": 100})
    deployed = {run["id"] for run in runs if run["parent_task_run_id"] is None}
    assert len(deployed) == 3 < len(runs)

    def alive() -> set[str]:
        beats = {"event": {"name": ["prefect.flow-run.heartbeat"]}}
        events = site.api("/events/filter", {"filter": beats, "limit": 50})["events"]
        return {event["resource"]["prefect.resource.id"].rpartition(".")[2] for event in events}

    # they arrive a little after the runs' ends
    until(lambda: alive() == deployed or None, "signs of life of the runs, and of no step", 60)


def test_alerts_are_answered(site: Site) -> None:
    ((order,),) = site.house.query("select min(order_id) from alerts.alert_states where is_open")
    site.completed(site.run("acknowledge/alert", by="Ann", order=order, note="called them"))
    states = site.house.query(f"select distinct state from alerts.alert_states where order_id = '{order}'")
    assert states == [("acknowledged",)]


def test_a_backfill_on_workers_loads_what_is_missing_and_tells_nobody(site: Site) -> None:
    run = site.run(
        "ecommerce-pipeline/backfill",
        first_day="2026-11-01",
        last_day="2026-11-10",
        orders_per_day=20,
        run_on="workers",
        at_once=2,
        days_per_batch=4,
    )
    site.completed(run)
    assert days_loaded(site) == [f"2026-11-{day:02}" for day in range(1, 11)]
    assert doubled_rows(site) == 0
    assert len(site.house.messages) == 1
    filters = {"flow_runs": {"tags": {"all_": ["part-of-backfill"]}}}
    parts = site.api("/flow_runs/filter", filters)
    assert {part["name"] for part in parts} == {
        "backfill 2026-11-01..2026-11-03",
        "backfill 2026-11-04..2026-11-07",
    }
    assert {part["state"]["type"] for part in parts} == {"COMPLETED"}


def test_a_backfill_in_the_workers_process_goes_on_where_days_are_there(site: Site) -> None:
    run = site.run(
        "ecommerce-pipeline/backfill",
        first_day="2026-10-28",
        last_day="2026-11-03",
        orders_per_day=20,
        days_per_batch=2,
        at_once=2,
    )
    site.completed(run)
    site.says(run, "4 of the 7 days 2026-10-28..2026-11-03 are missing: 2 batch(es)")
    site.says(run, "4 of 4 missing days are loaded")
    # the models take in what was missing before the day at which they stand
    assert "dbt-build 2026-11-10" in {step["name"] for step in site.steps(run)}
    ((first,),) = site.house.query("select min(order_day) from marts.fct_orders")
    assert str(first) <= "2026-10-28"


def test_two_daily_runs_at_once_load_and_tell_once(site: Site) -> None:
    before = len(site.house.messages)
    runs = [site.run("ecommerce-pipeline/daily", as_of="2026-11-11", **SMALL) for _ in range(2)]
    site.completed(*runs)
    assert days_loaded(site).count("2026-11-11") == 1
    assert doubled_rows(site) == 0
    assert len(site.house.messages) == before + 1


@pytest.mark.parametrize(
    ("day", "step", "with_children"),
    [("2026-11-12", "load-raw", False), ("2026-11-13", "dbt-build", True)],
    ids=["the worker alone", "the worker and what it runs"],
)
def test_the_run_after_one_whose_worker_was_killed_ends_right(
    site: Site, day: str, step: str, with_children: bool
) -> None:
    before = len(site.house.messages)
    killed = site.run("ecommerce-pipeline/daily", as_of=day, **SMALL)
    site.reaches(killed, step)
    site.kill("worker", with_children)
    site.start("worker")
    # the next run waits for the turn of the one that is gone, until the server misses that
    again = site.run("ecommerce-pipeline/daily", as_of=day, **SMALL)
    site.completed(again)
    assert site.ended(killed)["type"] in ("CRASHED" if with_children else ("COMPLETED", "CRASHED", "FAILED"))
    assert days_loaded(site).count(day) == 1
    assert doubled_rows(site) == 0
    told = [
        mail for mail in site.house.messages[before:] if b"operators@example.com" not in mail.read_bytes()
    ]
    assert len(told) == 1


def test_a_run_bears_that_the_warehouse_is_started_anew(site: Site) -> None:
    before = len(site.house.messages)
    run = site.run("ecommerce-pipeline/daily", as_of="2026-11-14", **SMALL)
    site.reaches(run, "load-raw")
    site.kill("warehouse")
    site.start("warehouse")
    site.completed(run)
    assert days_loaded(site).count("2026-11-14") == 1
    assert doubled_rows(site) == 0
    assert len(site.house.messages) == before + 1


def test_a_server_that_was_started_anew_goes_on_with_the_same_worker(site: Site) -> None:
    before = len(site.house.messages)
    site.stop("server")
    site.start("server")
    site.completed(site.run("ecommerce-pipeline/daily", as_of="2026-11-15", **SMALL))
    assert days_loaded(site)[-1] == "2026-11-15"
    assert len(site.house.messages) == before + 1
