"""The flow of the deployment `ecommerce-pipeline/backfill`: load many days at once, then build the models."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from os import cpu_count
from pathlib import Path
from typing import Annotated, Any, Literal

from prefect import flow, get_run_logger
from prefect.runtime import flow_run
from pydantic import Field

from blocks.load import load_warehouse
from flows.alert.flow import check_sla
from flows.backfill.here import load_here
from flows.backfill.progress import Progress
from flows.backfill.spans import Span, spans_of
from flows.backfill.workers import run_spans
from flows.environments import Environment, EnvironmentName, chosen
from flows.errors import InputError, LoadError, PipelineError
from flows.generate.partitions import days_of
from flows.generate.shop import described_shop
from flows.heartbeat import no_heartbeat
from flows.ingest.leftovers import remove_leftovers
from flows.ingest.load import load_batch
from flows.ingest.manifest import missing_days
from flows.ingest.retries import Session
from flows.migrations import prepare
from flows.paths import staging_dir
from flows.transform.build import DbtSummary
from flows.transform.flow import build_models
from flows.transform.standing import stands_at
from flows.warehouse import Connect, opener
from flows.watchdog.failure import tell_operators

MOST_DAYS = 3660
RunOn = Literal["this-process", "workers"]
Digests = Literal["none", "every-day"]


@dataclass(frozen=True)
class BackfillSummary:
    """What a backfill did: days that were loaded or found loaded, rows loaded, and the build after it."""

    first_day: date
    last_day: date
    loaded_days: int
    skipped_days: int
    rows: dict[str, int]
    dbt: DbtSummary | None
    digests: int


def _run_name() -> str:
    given = flow_run.parameters
    return f"backfill {given.get('first_day')}..{given.get('last_day') or 'yesterday'}"


@flow(
    name="ecommerce-pipeline",
    flow_run_name=_run_name,
    on_failure=[tell_operators],
    on_crashed=[tell_operators],
)
def backfill(
    first_day: date,
    last_day: date | None = None,
    orders_per_day: Annotated[int | None, Field(ge=1, le=10_000_000)] = None,
    seed: Annotated[int | None, Field(ge=0, lt=2**63)] = None,
    shop: str | None = None,
    run_on: RunOn = "this-process",
    at_once: Annotated[int | None, Field(ge=1, le=100)] = None,
    days_per_batch: Annotated[int, Field(ge=1, le=366)] = 30,
    digests: Digests = "none",
    build: bool = True,
    environment: EnvironmentName | None = None,
    warehouse_block: str | None = None,
    email_block: str | None = None,
    audiences: str | None = None,
    max_reject_rate: Annotated[float | None, Field(ge=0, le=1)] = None,
) -> BackfillSummary:
    """Load every day of a range that is not loaded yet, then build the models. Run again, it goes on.

    Args:
        first_day: the first day of the range.
        last_day: the last one; default: the day before the run was scheduled (UTC).
        orders_per_day: size of the simulated shop; default: as the shop's file says, or 1,000.
        seed: which simulated shop; default: as its file says, or 7.
        shop: path of a TOML file describing the simulated shop.
        run_on: `this-process` uses the cores of one machine; `workers` starts a run for each batch, which any
            worker of the pool may take.
        at_once: batches in the making at the same time; default: as many as this machine has cores.
        days_per_batch: the most days that are staged, loaded and lost to an interruption together.
        digests: `none` tells nobody about past days; `every-day` builds each day that was missing and sends
            its digest.
        build: whether to build the models afterwards.
        environment: `prod`, `staging` or `dev`; default: as the worker's environment or the server says.
        warehouse_block: name of another `snowflake-connector` block than the environment's.
        email_block: name of another `email-server-credentials` block than the environment's.
        audiences: path of another file that says who is told.
        max_reject_rate: the share of rows, 0 to 1, that may be set aside before a batch stops; default: 0.05.
    """
    logger = get_run_logger()
    where = chosen(environment)
    last_day = last_day or _yesterday()
    count = _length(first_day, last_day)
    simulated = described_shop(Path(shop) if shop else None, orders_per_day, seed)
    days_of(simulated, [first_day, last_day])  # what cannot be simulated is found before anything is loaded
    block = warehouse_block or where.warehouse_block
    connect = opener(load_warehouse(block), block, "backfill", last_day)
    missing = _missing(connect, where, last_day, count)
    spans = spans_of(missing, days_per_batch)
    at_once = at_once or cpu_count() or 1
    found = f"{len(missing)} of the {count} days {first_day}..{last_day} are missing"
    logger.info("%s: %d batch(es), %d at once on %s", found, len(spans), at_once, run_on.replace("-", " "))
    progress = Progress(len(missing), logger.info)
    try:
        if run_on == "workers":
            _load_on_workers(spans, at_once, where, progress)
        else:
            load = partial(load_batch, connect, report=logger.debug, environment=where.name)
            load_here(
                shop=simulated,
                spans=spans,
                processes=at_once,
                root=staging_dir(),
                load=load,
                done=progress.done,
                warn=logger.warning,
                max_reject_rate=max_reject_rate,
            )
    except PipelineError:
        logger.error("%s; run again to go on", progress.told)
        raise
    sent, dbt = 0, None
    with no_heartbeat():  # this run's own tells of its steps
        if digests == "every-day":
            sent = _tell_of(missing, where, block, email_block or where.email_block, audiences)
        if build:
            dbt = build_models(_day_to_build(connect, where, last_day), block, where.name)
    return BackfillSummary(first_day, last_day, len(missing), count - len(missing), progress.rows, dbt, sent)


def _load_on_workers(spans: Sequence[Span], at_once: int, where: Environment, progress: Progress) -> None:
    given: dict[str, Any] = flow_run.parameters
    logger = get_run_logger()

    def of(span: Span) -> dict[str, Any]:
        """The same, for a span alone, and no more than loading it."""
        return given | {
            "first_day": span.days[0].isoformat(),
            "last_day": span.days[-1].isoformat(),
            "environment": where.name,
            "run_on": "this-process",
            "at_once": 1,
            "digests": "none",
            "build": False,
        }

    problems = run_spans(
        spans, at_once, of, f"{flow_run.id}/{flow_run.run_count}", progress.done, logger.warning
    )
    if problems:
        raise LoadError(f"{len(problems)} of {len(spans)} batches were not loaded: {'; '.join(problems)}")


def _yesterday() -> date:
    scheduled = flow_run.scheduled_start_time or datetime.now(UTC)
    return scheduled.astimezone(UTC).date() - timedelta(days=1)


def _length(first_day: date, last_day: date) -> int:
    count = (last_day - first_day).days + 1
    if not 1 <= count <= MOST_DAYS:
        raise InputError(
            f"from first_day {first_day} to last_day {last_day} are {count:,} days; a backfill has 1 to "
            f"{MOST_DAYS:,}"
        )
    return count


def _missing(connect: Connect, where: Environment, last_day: date, count: int) -> list[date]:
    report = get_run_logger().info
    with Session(connect, partial(prepare, environment=where.name), report) as session:
        session.run(partial(remove_leftovers, root=staging_dir(), report=report), "tidying up")
        found = session.run(partial(missing_days, as_of=last_day, days=count), "reading the manifest")
    return found.missing


def _day_to_build(connect: Connect, where: Environment, last_day: date) -> date:
    """The last day, or the later one at which the models stand: they take in what was missing before it."""
    with Session(connect, partial(prepare, environment=where.name), get_run_logger().info) as session:
        today = session.run(stands_at, "asking which day the models stand at")
    return max(last_day, today or last_day)


def _tell_of(
    days: Sequence[date], where: Environment, block: str, email_block: str, audiences: str | None
) -> int:
    """Build each day and send its digest, oldest first; returns how many messages left."""
    sent = 0
    for day in days:
        build_models(day, block, where.name)
        told = check_sla(
            day,
            warehouse_block=block,
            email_block=email_block,
            audiences=audiences,
            environment=where.name,
        )
        sent += len(told.messages)
    return sent
