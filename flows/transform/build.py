"""`dbt build`: what came of it, and what is tried again."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from flows.errors import TransformError
from flows.ingest.retries import PATIENCE, Patience, Trouble, patiently
from flows.paths import dbt_log_dir
from flows.transform.failures import Examples, describe, no_examples
from flows.transform.invoke import invoke, variables
from flows.trouble import tells_of_a_lock, tells_of_a_lost_connection

TRIES_AFTER_A_LOST_CONNECTION = 2
_OUTCOMES = {
    "success": "passed",
    "pass": "passed",
    "warn": "warned",
    "error": "failed",
    "fail": "failed",
    "runtime error": "failed",
    "partial success": "failed",
    "skipped": "skipped",
}


class BuildTroubleError(TransformError):
    """Nothing failed but for a reason that may pass; what failed may be built again."""

    def __init__(self, message: str, trouble: Trouble) -> None:
        super().__init__(message)
        self.trouble = trouble


@dataclass(frozen=True)
class DbtSummary:
    """How many nodes (models and tests) came out how."""

    passed: int
    warned: int
    failed: int
    skipped: int


def dbt_build(
    as_of: date,
    report: Callable[[str], None],
    past: bool = False,
    examples: Examples = no_examples,
    patience: Patience = PATIENCE,
    environment: str = "prod",
    detail: Callable[[str], None] | None = None,
    warn: Callable[[str], None] | None = None,
) -> DbtSummary:
    """Build and test every model for one as-of day.

    What fails because the connection was lost is made again, and what was skipped for it, and nothing else,
    as `dbt retry` does, at most twice. Where another build is at work on the same models, everything is
    built again once it has let go. A failed test is not tried again: it would fail again.

    Unit tests prove the SQL, not the day's data: they run in CI and by hand, as dbt's documentation
    advises (https://docs.getdbt.com/docs/build/unit-tests).

    Args:
        as_of: handed to dbt as the variable `as_of`.
        report: told one line before each further try.
        past: build into the schemas of a look back.
        examples: given the relation of a failed test's rows, tells some of them.
        patience: how long another build, or a lost connection, is borne.
        environment: names the dbt target.
        detail: told one line a finished model; `report`, if not given.
        warn: told one line a warning; `report`, if not given.

    Raises:
        TransformError: a model or test failed, or dbt could not run; the message names each failed
            node, its reason and the path of its compiled SQL.
    """
    invoked = partial(invoke, report=detail or report, environment=environment, warn=warn or report)
    attempts = _Attempts(as_of, invoked, past, examples)

    def say(trouble: Trouble, _error: BaseException, seconds: float) -> None:
        if trouble is Trouble.LOCKED:
            report(f"dbt: another run is building the same models; building again in {seconds:.1f} s")
        else:
            report(f"dbt: the connection was lost; building what failed again in {seconds:.1f} s")

    return patiently(attempts.next, say, classify=attempts.trouble_with, patience=patience)


def parse_ahead(as_of: date, environment: str = "prod") -> None:
    """Parse the project, so that a build for the same day and connection in this process need not.

    Needs no warehouse. A project that cannot be parsed is left for the build to report.
    """
    with suppress(ValueError):
        invoke(["parse", *variables(as_of, past=False)], lambda _line: None, environment)


class _Attempts:
    """The build, and what is made of it again."""

    def __init__(
        self, as_of: date, invoked: Callable[[Sequence[str]], Any], past: bool, examples: Examples
    ) -> None:
        self._whole = ["build", "--exclude-resource-type", "unit_test", *variables(as_of, past)]
        self._invoke = invoked
        self._examples = examples
        self._results: dict[str, Any] = {}  # by node, from all attempts since the last whole one
        self._lost = 0
        self._goes_on = False

    def next(self) -> DbtSummary:
        """Build everything, or what the last attempt left."""
        if not self._goes_on:
            self._results = {}
        try:
            answer = self._invoke(["retry"] if self._goes_on else self._whole)
        except ValueError as error:  # what the runner raises when dbt ends with an exception
            reason = str(error).split(": ", 1)[-1].strip()
            self._goes_on = False
            raise self._failure(
                f"dbt could not run: {reason}; see {dbt_log_dir() / 'dbt.log'}", [reason]
            ) from None
        self._results |= {item.node.unique_id: item for item in answer.result.results}
        results = list(self._results.values())
        failed = [item for item in results if outcome(item) == "failed"]
        if failed or not answer.success:
            skipped = sum(outcome(item) == "skipped" for item in results)
            text = describe(failed, len(results), skipped, self._examples)
            failure = self._failure(text, [str(item.message) for item in failed])
            self._goes_on = isinstance(failure, BuildTroubleError) and failure.trouble is Trouble.LOST
            raise failure
        counts = Counter(outcome(item) for item in results)
        return DbtSummary(counts["passed"], counts["warned"], counts["failed"], counts["skipped"])

    def trouble_with(self, error: BaseException) -> Trouble | None:
        """What may pass about an error of `next`, if another try is still to be made."""
        if not isinstance(error, BuildTroubleError):
            return None
        if error.trouble is Trouble.LOST and self._lost > TRIES_AFTER_A_LOST_CONNECTION:
            return None
        return error.trouble

    def _failure(self, text: str, reasons: list[str]) -> TransformError:
        if reasons and all(tells_of_a_lock(reason) for reason in reasons):
            return BuildTroubleError(text, Trouble.LOCKED)
        if reasons and all(tells_of_a_lost_connection(reason) for reason in reasons):
            self._lost += 1
            return BuildTroubleError(text, Trouble.LOST)
        return TransformError(text)


def outcome(item: Any) -> str:
    """passed, warned, failed or skipped."""
    return _OUTCOMES.get(str(item.status).lower(), "passed")
