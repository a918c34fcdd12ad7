"""The parent flow `ecommerce-pipeline`, and the command line `python flows/main.py`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # The command line starts servers before Prefect and dbt are imported, and imports this file again.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from flows.cli import main

    sys.exit(main())

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from time import monotonic
from typing import Annotated
from uuid import uuid4

from prefect import flow
from prefect.runtime import flow_run
from pydantic import Field

from flows.alert.audiences import audiences_file
from flows.alert.flow import UndeliveredError, check_sla, people_to_tell
from flows.environments import EnvironmentName, chosen
from flows.errors import InputError
from flows.generate.flow import generate_orders
from flows.generate.partitions import days_of
from flows.generate.shop import described_shop
from flows.heartbeat import no_heartbeat
from flows.ingest.flow import find_missing_days, load_raw
from flows.ingest.load import EntityLoad
from flows.ingest.source.flow import read_source
from flows.report import write_page
from flows.summary import RunSummary
from flows.transform.flow import build_models
from flows.watchdog.failure import tell_operators


def as_of_day(as_of: date | None) -> date:
    """The as-of day of a run: as asked for, else the day before the run was scheduled (UTC)."""
    if as_of is not None:
        return as_of
    scheduled = flow_run.scheduled_start_time or datetime.now(UTC)
    return scheduled.astimezone(UTC).date() - timedelta(days=1)


def _run_name() -> str:
    as_of = flow_run.parameters.get("as_of")
    return f"ecommerce-pipeline {as_of_day(date.fromisoformat(str(as_of)) if as_of else None)}"


@flow(
    name="ecommerce-pipeline",
    flow_run_name=_run_name,
    on_failure=[tell_operators],
    on_crashed=[tell_operators],
)
def ecommerce_pipeline(
    as_of: date | None = None,
    days: Annotated[int, Field(ge=1, le=3660)] = 30,
    orders_per_day: Annotated[int | None, Field(ge=1, le=10_000_000)] = None,
    seed: Annotated[int | None, Field(ge=0, lt=2**63)] = None,
    shop: str | None = None,
    source: str | None = None,
    alert_to: str | list[str] | None = None,
    notify: bool = True,
    warehouse_block: str | None = None,
    email_block: str | None = None,
    alert_from: str | None = None,
    max_reject_rate: Annotated[float | None, Field(ge=0, le=1)] = None,
    audiences: str | None = None,
    environment: EnvironmentName | None = None,
) -> RunSummary:
    """Simulate or read orders, load them, build the models, tell people what is late.

    Args:
        as_of: the day to close; its clock stands at the end of that day, UTC. Default: the day before.
        days: how many days up to `as_of` to make sure are loaded (simulated shop only).
        orders_per_day: size of the simulated shop; default: as the shop's file says, or 1,000.
        seed: which simulated shop; default: as its file says, or 7.
        shop: path of a TOML file describing the simulated shop.
        source: path of a `source.toml` naming the shop's own orders, instead of simulating.
        alert_to: who gets the digest of the default audience, as a list or separated by commas; default: whom
            `audiences.toml` names.
        notify: whether to tell anybody.
        warehouse_block: name of another `snowflake-connector` block than the environment's.
        email_block: name of another `email-server-credentials` block than the environment's, for audiences
            that name none.
        alert_from: sender of e-mails; by default the user name of that block.
        max_reject_rate: the share of rows, 0 to 1, that may be set aside before the batch stops with
            nothing loaded; default: as the source's file says, or 0.05.
        audiences: path of a TOML file that says who is told on which channels; default: the environment's
            (`audiences.toml`, `audiences.staging.toml`, `audiences.dev.toml`).
        environment: `prod`, `staging` or `dev`; default: as the worker's environment or the server says.
    """
    as_of = as_of_day(as_of)
    where = chosen(environment)
    warehouse_block = warehouse_block or where.warehouse_block
    # what is wrong in the parameters is found before anything is loaded
    people_to_tell(audiences or str(audiences_file(where.name)), alert_to, alert_from)
    if source is not None and shop is not None:
        raise InputError("give a source (your own orders) or a shop (simulated ones), not both")
    if source is None:
        days_of(
            described_shop(Path(shop) if shop else None, orders_per_day, seed),
            [as_of - timedelta(days=days - 1)],
        )
    seconds: dict[str, float] = {}
    generated: dict[str, int] = {}
    loaded: dict[str, EntityLoad] = {}
    batch_id = f"{as_of:%Y%m%d}-{uuid4().hex[:12]}"

    with no_heartbeat():  # this run's own tells of its steps
        if source is not None:
            with _timed(seconds, "read"):
                generated = read_source(as_of, source, batch_id, max_reject_rate)
        else:
            with _timed(seconds, "plan"):
                plan = find_missing_days(as_of, days, warehouse_block, where.name)
            loaded = {entity: EntityLoad(0, 0, skipped_days=count) for entity, count in plan.present.items()}
            if plan.missing:
                with _timed(seconds, "generate"):
                    generated = generate_orders(
                        as_of, plan.missing, batch_id, orders_per_day, seed, shop, max_reject_rate
                    )
        if generated:
            with _timed(seconds, "load"):
                for entity, load in load_raw(as_of, batch_id, warehouse_block, where.name).items():
                    present = loaded.get(entity, EntityLoad(0, 0, 0)).skipped_days
                    loaded[entity] = replace(load, skipped_days=load.skipped_days + present)

        with _timed(seconds, "dbt"):
            dbt = build_models(as_of, warehouse_block, where.name)
        undelivered = None
        with _timed(seconds, "alert"):
            try:
                alerts = check_sla(
                    as_of,
                    alert_to,
                    notify,
                    warehouse_block,
                    email_block or where.email_block,
                    alert_from,
                    audiences,
                    environment=where.name,
                )
            except UndeliveredError as error:
                undelivered, alerts = error, error.summary
    staged = batch_id if generated else None
    summary = write_page(RunSummary(as_of, staged, generated, loaded, dbt, alerts, seconds))
    if undelivered is not None:
        raise undelivered
    return summary


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    start = monotonic()
    yield
    seconds[step] = monotonic() - start
