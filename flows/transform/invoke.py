"""Run a dbt command in this process.

prefect-dbt mirrors every dbt node as a Prefect task when it is invoked inside a flow. That costs
several times the build itself, so the runner is invoked outside the flow's context: the flow run
stays one unit, and dbt's own events reach its log as they happen.
"""

import contextvars
import io
import json
import re
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from datetime import date
from typing import Any

from dbt_common.events.base_types import EventLevel
from prefect_dbt import PrefectDbtRunner, PrefectDbtSettings

from flows.paths import DBT_PROJECT, dbt_log_dir, dbt_target_dir

_DOT_LEADER = re.compile(r" \.{2,} ")
_RESULT_EVENTS = ("LogModelResult", "LogSeedResult", "LogSnapshotResult")


def invoke(
    command: Sequence[str],
    report: Callable[[str], None],
    environment: str = "prod",
    warn: Callable[[str], None] | None = None,
) -> Any:
    """The result of a dbt command with the project's directories and the environment's target.

    `report` is told of each model that was built, and `warn`, or else `report`, of warnings.

    Raises:
        ValueError: dbt ended with an exception.
    """
    settings = PrefectDbtSettings(
        project_dir=DBT_PROJECT,
        profiles_dir=DBT_PROJECT,
        target_path=dbt_target_dir(environment),
        log_level=EventLevel.INFO,
    )
    runner = PrefectDbtRunner(settings=settings, raise_on_failure=False, disable_assets=True)
    arguments = [*command, "--target", environment, "--no-use-colors", "--log-format", "json"]
    arguments += ["--log-path", str(dbt_log_dir()), "--log-level-file", "info"]
    with redirect_stdout(_EventReader(report, warn or report)):
        return contextvars.Context().run(runner.invoke, arguments)


def variables(as_of: date, past: bool) -> list[str]:
    """The options that tell dbt the day, and whether it is a look back."""
    return ["--vars", json.dumps({"as_of": as_of.isoformat()} | ({"past": True} if past else {}))]


class _EventReader(io.TextIOBase):
    """Stands in for stdout while dbt runs: reads its JSON events and reports those worth a line."""

    def __init__(self, report: Callable[[str], None], warn: Callable[[str], None]) -> None:
        self._report = report
        self._warn = warn
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
        is_warning = info.get("level") == "warn"
        if info.get("name") in _RESULT_EVENTS or is_warning:
            say = self._warn if is_warning else self._report
            say("dbt: " + _DOT_LEADER.sub(" ", " ".join(str(info.get("msg", "")).split())))
