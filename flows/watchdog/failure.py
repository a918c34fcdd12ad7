"""A run of a deployment failed or crashed: the operators are told, with the cause and the run's link."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.flows import Flow
from prefect.logging.loggers import flow_run_logger
from prefect.states import State
from prefect.utilities.urls import url_for

from flows.alert.digest import Notice
from flows.alert.wording import one_line
from flows.backfill.workers import PART
from flows.environments import chosen
from flows.errors import PipelineError
from flows.watchdog.tell import notice, tell

_BAD = [StateType.FAILED, StateType.CRASHED]
_CAUSE_CHARACTERS = 350


def tell_operators(flow: "Flow[..., Any]", flow_run: FlowRun, state: "State[Any]") -> None:
    """Hook for `on_failure` and `on_crashed`: tells the operators once; never raises, and masks nothing.

    Of a run that somebody started in a terminal nobody is told, because they see it; of a part of a backfill
    its parent tells. A deployment that fails again and again on one day (UTC) is told of once that day.
    """
    logger = flow_run_logger(flow_run, flow)
    deployment = flow_run.deployment_id
    if deployment is None or PART in flow_run.tags:
        return
    try:
        if _was_told_today(flow_run, deployment):
            logger.warning("the run before failed today, too: the operators know")
            return
        environment = chosen(flow_run.parameters.get("environment"))
        message = _notice(flow, flow_run, state, environment.name)
        told = tell(message, f"{flow_run.id}/{flow_run.run_count}", environment, logger.info)
        if told.reached:
            logger.info("told the operators: %s", ", ".join(told.reached))
        for problem in told.problems:
            logger.error("the operators were not told of this failure: %s", problem)
    except PipelineError as error:
        logger.error("the operators were not told of this failure: %s", error)
    except Exception as error:  # whatever it is, what the run failed with must be what is seen
        logger.error("the operators were not told of this failure (%s)", type(error).__name__)


def _notice(flow: "Flow[..., Any]", flow_run: FlowRun, state: "State[Any]", environment: str) -> Notice:
    happened = "crashed" if state.is_crashed() else "failed"
    link = url_for("flow-run", flow_run.id)
    return notice(
        subject=f"[SLA] {flow.name} {happened}: {flow_run.name}",
        title=f"{flow_run.name} {happened}",
        paragraphs=(
            _cause(state),
            "What it had loaded stays loaded, and no message is lost. Once the cause is mended, run it "
            "again, or leave it to the next scheduled run, which goes on where this one ended.",
            f"The run and its log: {link}" if link else f"The run's id: {flow_run.id}",
        ),
        reference=f"Run {flow_run.id} in {environment}",
    )


def _cause(state: "State[Any]") -> str:
    """The cause in one line.

    Only our own errors are quoted: they say what to do, and hold no secret. What others say may.
    """
    if state.is_crashed():
        return "The process of the run ended without saying why; its machine or worker may have been stopped."
    error: Any = state.result(raise_on_failure=False)
    if isinstance(error, PipelineError):
        return one_line(str(error), _CAUSE_CHARACTERS)
    return f"An unexpected {type(error).__name__}: see the log of the run."


def _was_told_today(flow_run: FlowRun, deployment: UUID) -> bool:
    """Whether the last run of the deployment that ended before this one failed on the same day."""
    midnight: Any = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with get_client(sync_client=True) as client:
        ended = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                deployment_id=FlowRunFilterDeploymentId(any_=[deployment]),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[*_BAD, StateType.COMPLETED])),
                end_time=FlowRunFilterEndTime(after_=midnight),
            ),
            sort=FlowRunSort.END_TIME_DESC,
            limit=5,
        )
    before = [run for run in ended if run.id != flow_run.id and PART not in run.tags]
    return bool(before) and before[0].state_type in _BAD
