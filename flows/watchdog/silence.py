"""The dead man's switch: has the deployment succeeded lately?"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound

from flows.alert.digest import Notice
from flows.errors import InputError
from flows.watchdog.tell import notice

DEPLOYMENT = "ecommerce-pipeline/daily"
WITHIN = "26h"
# Prefect's shortest window: https://docs.prefect.io/v3/concepts/event-triggers
LEAST = timedelta(seconds=10)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Silence:
    """When a deployment succeeded last, if ever, and whether that is too long ago."""

    deployment: str
    within: str
    last_success: datetime | None
    now: datetime

    @property
    def is_silent(self) -> bool:
        """Whether it is too long ago."""
        return self.last_success is None or self.now - self.last_success > duration(self.within)

    def __str__(self) -> str:
        when = f"{self.last_success:%Y-%m-%d %H:%M} UTC" if self.last_success else "never"
        return f"{self.deployment}: last success {when}"

    @property
    def key(self) -> str:
        """What a message about it is known by: another one each day."""
        return f"silence/{self.deployment}/{self.now:%Y-%m-%d}"

    def notice(self) -> Notice:
        """What the operators are told."""
        return notice(
            subject=f"[SLA] No success of {self.deployment} in {self.within}",
            title=f"No run of {self.deployment} has succeeded in {self.within}",
            paragraphs=(
                f"{self}. As long as this lasts, nobody is told of late orders.",
                "Look whether a worker is alive (the work pool's page), whether the deployment's schedule is "
                "active, and what its last runs say.",
            ),
            reference=f"Watchdog of {self.deployment}",
        )


def duration(text: str) -> timedelta:
    """The time that `26h`, `90m`, `30s` or `2d` means.

    Raises:
        InputError: it means none, or one shorter than Prefect allows.
    """
    parts = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    if parts is None:
        raise InputError(f"within: {text!r} is not a time, such as 26h, 90m or 30s")
    found = timedelta(**{_UNITS[parts[2]]: int(parts[1])})
    if found < LEAST:
        raise InputError(f"within: {text!r} is shorter than {LEAST.seconds} seconds, the least there is")
    return found


def find_deployment(name: str) -> DeploymentResponse:
    """The deployment of that name.

    Raises:
        InputError: there is none.
    """
    try:
        with get_client(sync_client=True) as client:
            return client.read_deployment_by_name(name)
    except (ObjectNotFound, ValueError):
        raise InputError(
            f"there is no deployment {name!r} on this Prefect server; `prefect deploy --all` makes those of "
            "prefect.yaml"
        ) from None


def look(name: str, within: str) -> Silence:
    """When the deployment succeeded last, as the Prefect server has it; `within` as `duration` reads it.

    Raises:
        InputError: there is no such deployment, or `within` is no time.
    """
    duration(within)
    deployment = find_deployment(name)
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id])),
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.COMPLETED]))
            ),
            sort=FlowRunSort.END_TIME_DESC,
            limit=1,
        )
    return Silence(name, within, runs[0].end_time if runs else None, datetime.now(UTC))
