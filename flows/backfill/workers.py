"""Spans as runs on workers: each a run of the same deployment for its days alone, a few at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextvars import copy_context
from typing import Any

from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.utilities.urls import url_for

from flows.backfill.spans import Span
from flows.errors import InputError

DEPLOYMENT = "ecommerce-pipeline/backfill"
# Runs with this tag are told of by the backfill that started them.
PART = "part-of-backfill"
POLL_SECONDS = 2.0


def run_spans(
    spans: Sequence[Span],
    at_once: int,
    parameters: Callable[[Span], dict[str, Any]],
    key: str,
    done: Callable[[Span], None],
    warn: Callable[[str], None],
) -> list[str]:
    """Run every span on a worker, `at_once` of them at a time, whatever becomes of the others.

    Args:
        spans: which days.
        at_once: the most runs that wait or work at the same time.
        parameters: what the deployment is run with, for a span.
        key: names this attempt, so that a request that is sent again starts no second run.
        done: told of each span that is loaded.
        warn: told of each that is not.

    Returns:
        In words, what went wrong.

    Raises:
        InputError: the deployment does not exist.
    """

    def run(span: Span) -> str | None:
        ended: Any = run_deployment(  # a run: nothing here is asynchronous
            DEPLOYMENT,
            parameters=parameters(span),
            flow_run_name=f"backfill {span}",
            tags=[PART],
            idempotency_key=f"{key}/{span}",
            poll_interval=POLL_SECONDS,
        )
        return _trouble(span, ended)

    problems = []
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="backfill") as pool:
        started = {pool.submit(copy_context().run, run, span): span for span in spans}
        try:
            for future in as_completed(started):
                problem = future.result()
                if problem is None:
                    done(started[future])
                else:
                    problems.append(problem)
                    warn(problem)
        except ObjectNotFound:
            raise InputError(
                f"there is no deployment {DEPLOYMENT} on this Prefect server, which runs on workers; "
                "`prefect deploy --all` makes it, and run_on: this-process needs none"
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return problems


def _trouble(span: Span, run: FlowRun) -> str | None:
    if run.state is not None and run.state.is_completed():
        return None
    state = (run.state.name or run.state.type).lower() if run.state else "lost"
    link = url_for("flow-run", run.id)
    return f"{span} {state} in run {run.name}" + (f", {link}" if link else "")
