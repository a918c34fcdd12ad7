"""Run `dbt build` in this process and say what came of it.

prefect-dbt mirrors every dbt node as a Prefect task when it is invoked inside a flow. That costs
several times the build itself, so the runner is invoked outside the flow's context: the flow run
stays one unit, and dbt's own events reach its log as they happen.
"""

import contextvars
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dbt_common.events.base_types import EventLevel
from prefect_dbt import PrefectDbtRunner, PrefectDbtSettings

from flows.errors import TransformError
from flows.paths import DBT_PROJECT, dbt_log_dir, dbt_target_dir
from flows.trouble import tells_of_a_lock

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
_DOT_LEADER = re.compile(r" \.{2,} ")
_RESULT_EVENTS = ("LogModelResult", "LogSeedResult", "LogSnapshotResult")


class BuildConflictError(TransformError):
    """Another build was at work on the same models; this one may be made again."""


@dataclass(frozen=True)
class DbtSummary:
    """How many nodes (models and tests) came out how."""

    passed: int
    warned: int
    failed: int
    skipped: int


def dbt_build(as_of: date, report: Callable[[str], None]) -> DbtSummary:
    """Build and test every model for one as-of day.

    Unit tests prove the SQL, not the day's data: they run in CI and by hand, as dbt's documentation
    advises (https://docs.getdbt.com/docs/build/unit-tests).

    Args:
        as_of: handed to dbt as the variable `as_of`.
        report: told one line per finished model and per warning.

    Raises:
        TransformError: a model or test failed, or dbt could not run; the message names each failed
            node, its reason and the path of its compiled SQL.
        BuildConflictError: that, and every failure is of another build being at work on the same models.
    """
    try:
        result = _invoke(["build", "--exclude-resource-type", "unit_test"], as_of, report)
    except ValueError as error:  # what the runner raises when dbt ends with an exception
        reason = str(error).split(": ", 1)[-1].strip()
        raise TransformError(f"dbt could not run: {reason}; see {dbt_log_dir() / 'dbt.log'}") from None
    results = list(result.result.results)
    failures = [item for item in results if _outcome(item) == "failed"]
    if failures or not result.success:
        only_locks = failures and all(tells_of_a_lock(str(item.message)) for item in failures)
        raise (BuildConflictError if only_locks else TransformError)(_describe(failures, results))
    counts = Counter(_outcome(item) for item in results)
    return DbtSummary(counts["passed"], counts["warned"], counts["failed"], counts["skipped"])


def parse_ahead(as_of: date) -> None:
    """Parse the project, so that a build for the same day and connection in this process need not.

    Needs no warehouse. A project that cannot be parsed is left for the build to report.
    """
    with suppress(ValueError):
        _invoke(["parse"], as_of, report=lambda _line: None)


def _invoke(command: list[str], as_of: date, report: Callable[[str], None]) -> Any:
    settings = PrefectDbtSettings(
        project_dir=DBT_PROJECT,
        profiles_dir=DBT_PROJECT,
        target_path=dbt_target_dir(),
        log_level=EventLevel.INFO,
    )
    runner = PrefectDbtRunner(settings=settings, raise_on_failure=False, disable_assets=True)
    arguments = [*command, "--vars", json.dumps({"as_of": as_of.isoformat()}), "--no-use-colors"]
    arguments += ["--log-format", "json", "--log-path", str(dbt_log_dir()), "--log-level-file", "info"]
    with redirect_stdout(_EventReader(report)):
        return contextvars.Context().run(runner.invoke, arguments)


def _outcome(item: Any) -> str:
    return _OUTCOMES.get(str(item.status).lower(), "passed")


def _describe(failures: Iterable[Any], results: list[Any]) -> str:
    skipped = sum(1 for item in results if _outcome(item) == "skipped")
    lines = [_failure(item) for item in failures]
    return f"dbt: {len(lines)} of {len(results)} nodes failed, {skipped} skipped\n" + "\n".join(lines)


def _failure(item: Any) -> str:
    node = item.node
    kind = str(node.resource_type).replace("_", " ")
    about = "" if kind == "model" else f" on {', '.join(_tested_models(node)) or 'no model'}"
    reason = " ".join(str(item.message or item.status).split())
    return f"- {kind} {node.name}{about}: {reason}\n  compiled SQL: {_compiled_path(node)}"


def _tested_models(node: Any) -> list[str]:
    return [
        name.rsplit(".", 1)[-1]
        for name in node.depends_on.nodes
        if name.split(".", 1)[0] in ("model", "source")
    ]


def _compiled_path(node: Any) -> Path:
    compiled = getattr(node, "compiled_path", None)
    if compiled:
        return (DBT_PROJECT / compiled).resolve()
    return DBT_PROJECT / node.original_file_path  # it failed before there was any


class _EventReader(io.TextIOBase):
    """Stands in for stdout while dbt runs: reads its JSON events and reports those worth a line."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._read(line)
        return len(text)

    def _read(self, line: str) -> None:
        try:
            info = json.loads(line)["info"]
        except (ValueError, KeyError, TypeError):
            return
        if info.get("name") in _RESULT_EVENTS or info.get("level") == "warn":
            self._report("dbt: " + _DOT_LEADER.sub(" ", " ".join(str(info.get("msg", "")).split())))
