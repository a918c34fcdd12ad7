"""The flow `sla-check`, deployed as `sla-check/hourly`: judge what is loaded again, tell what has changed.

It loads nothing. Between two daily runs, what is loaded may have changed (a day that was delivered anew), a
snooze may have ended, or a message may wait for a mail server that was away.
"""

from dataclasses import dataclass
from datetime import date
from functools import partial

from prefect import flow, get_run_logger
from prefect.runtime import flow_run

from blocks.load import load_warehouse
from flows.alert.audiences import audiences_file
from flows.alert.flow import AlertSummary, check_sla, people_to_tell
from flows.environments import EnvironmentName, chosen
from flows.heartbeat import no_heartbeat
from flows.ingest.retries import Session
from flows.migrations import prepare
from flows.transform.build import DbtSummary
from flows.transform.flow import build_models
from flows.transform.standing import stands_at
from flows.warehouse import Connect, opener
from flows.watchdog.failure import tell_operators


@dataclass(frozen=True)
class CheckSummary:
    """What a check found, as of the day it judged."""

    as_of: date
    dbt: DbtSummary
    alerts: AlertSummary


def _run_name() -> str:
    return f"sla-check {flow_run.parameters.get('as_of') or 'of the last day'}"


@flow(
    name="sla-check",
    flow_run_name=_run_name,
    on_failure=[tell_operators],
    on_crashed=[tell_operators],
)
def sla_check(
    as_of: date | None = None,
    notify: bool = True,
    environment: EnvironmentName | None = None,
    warehouse_block: str | None = None,
    email_block: str | None = None,
    audiences: str | None = None,
) -> CheckSummary | None:
    """Build the models from what is loaded, and tell of what was opened, escalated or resolved since.

    Args:
        as_of: the day to judge; default: the last one that was built.
        notify: whether to tell anybody.
        environment: `prod`, `staging` or `dev`; default: as the worker's environment or the server says.
        warehouse_block: name of another `snowflake-connector` block than the environment's.
        email_block: name of another `email-server-credentials` block than the environment's.
        audiences: path of another file that says who is told.

    Returns:
        What was found; None where no day was built yet, so that there is nothing to judge.
    """
    where = chosen(environment)
    # what is wrong there is found before anything is built
    people_to_tell(audiences or str(audiences_file(where.name)), None, None)
    block = warehouse_block or where.warehouse_block
    as_of = as_of or _last_day_built(opener(load_warehouse(block), block, "sla-check"), where.name)
    if as_of is None:
        get_run_logger().warning("no day was built yet; the first daily run gives something to check")
        return None
    with no_heartbeat():  # this run's own tells of its steps
        dbt = build_models(as_of, block, where.name)
        alerts = check_sla(
            as_of,
            notify=notify,
            warehouse_block=block,
            email_block=email_block or where.email_block,
            audiences=audiences,
            environment=where.name,
            is_update=True,
        )
    return CheckSummary(as_of, dbt, alerts)


def _last_day_built(connect: Connect, environment: str) -> date | None:
    with Session(connect, partial(prepare, environment=environment), get_run_logger().info) as session:
        return session.run(stands_at, "asking which day the models stand at")
