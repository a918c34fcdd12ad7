"""Automations on the Prefect server: it notices silence itself, and runs whose process is gone.

They work on the open-source server. It can post to a webhook by itself, but cannot send mail: for that it
asks for a run of `watchdog/silence`, which takes a worker that is alive
(https://docs.prefect.io/v3/concepts/automations).
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from prefect.automations import Automation
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, ChangeFlowRunState, RunDeployment, SendNotification
from prefect.events.schemas.automations import CompoundTrigger, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectNotFound

from blocks.load import load_webhook
from blocks.names import SLACK_TYPE, TEAMS_TYPE, WEBHOOK_TYPE
from blocks.quiet import quiet
from flows.alert.audiences import Audience
from flows.environments import Environment
from flows.errors import BlockError
from flows.watchdog.silence import find_deployment

SILENCE = "watchdog/silence"
# Runs of our deployments have this tag.
TAG = "orders"
# A run that has given no sign of life for so many times as long as it should is gone.
BEATS = 3
_COMPLETED = "prefect.flow-run.Completed"
_HEARTBEAT = "prefect.flow-run.heartbeat"
_ENDED = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")}


def names(deployment: str) -> tuple[str, str]:
    """Names of the automation that notices silence and of the one that notices runs that are gone."""
    return f"Silence of {deployment}", "Order monitoring: runs whose process is gone"


def silence(
    deployment: str, within: timedelta, text: str, operators: Audience | None, environment: Environment
) -> Automation:
    """No run of the deployment has succeeded within a time: post to the operators, and ask for a mail.

    Prefect counts the expected events in windows. One that begins with each success ends exactly `within`
    after the last; one after the other, without gaps, catch a deployment that never succeeded, and remind as
    long as it is silent. Either is enough.

    Args:
        deployment: its full name.
        within: how long a success is worth.
        text: the same as people write it.
        operators: who is told; without any, only the run is asked for, which fails and says so.
        environment: whose operators they are.

    Raises:
        InputError: a deployment does not exist.
        BlockError: a block does not exist.
    """
    watched = find_deployment(deployment)
    of_ours = ResourceSpecification.model_validate(
        {"prefect.resource.role": "deployment", "prefect.resource.id": f"prefect.deployment.{watched.id}"}
    )

    def quiet(after: set[str]) -> EventTrigger:
        return EventTrigger(
            posture=Posture.Proactive,
            match_related=of_ours,
            after=after,
            expect={_COMPLETED},
            threshold=1,
            within=within,
        )

    actions: list[ActionTypes] = [*_posts(deployment, text, operators)]
    if operators is None or operators.reached.email:
        actions.append(
            RunDeployment(  # type: ignore[call-arg]  # the others have defaults
                deployment_id=find_deployment(SILENCE).id,
                parameters={"deployment": deployment, "within": text, "environment": environment.name},
            )
        )
    return Automation(
        name=names(deployment)[0],
        description=f"No run of {deployment} has succeeded in {text}: the operators are told.",
        trigger=CompoundTrigger(require="any", within=within, triggers=[quiet({_COMPLETED}), quiet(set())]),
        actions=actions,
    )


def _posts(deployment: str, text: str, operators: Audience | None) -> list[SendNotification]:
    """What the server sends by itself, whether a worker is alive or not."""
    if operators is None:
        return []
    reached = operators.reached
    blocks = ((SLACK_TYPE, reached.slack), (TEAMS_TYPE, reached.teams), (WEBHOOK_TYPE, reached.webhook))
    return [
        SendNotification(
            block_document_id=_block(slug, _speaking(named.block) if slug == WEBHOOK_TYPE else named.block),
            subject=f"[SLA] No success of {deployment} in {text}",
            body=f"No run of {deployment} has succeeded in {text}. Look whether a worker is alive, whether "
            "the schedule is active, and what the last runs say.",
        )
        for slug, named in blocks
        if named
    ]


def _speaking(name: str) -> str:
    """Name of a webhook's block that posts what the server has to say, made from this one if need be.

    The pipeline makes the JSON it posts itself, so its block need not describe any. The server posts only
    what the block describes.
    """
    block = load_webhook(name)
    if block.json_data or block.form_data:
        return name
    with quiet():
        speaking = block.model_copy(update={"json_data": {"subject": "{{subject}}", "body": "{{body}}"}})
        speaking.save(f"{name}-watchdog", overwrite=True)
    return f"{name}-watchdog"


def _block(slug: str, name: str) -> UUID:
    try:
        with get_client(sync_client=True) as client:
            return client.read_block_document_by_name(name, slug).id
    except ObjectNotFound:
        raise BlockError(
            f"block {slug}/{name} is not registered with this Prefect API; see `python -m blocks.register`"
        ) from None


def gone(deployment: str, heartbeat: timedelta) -> Automation:
    """A run gives signs of life and then none: it is marked as crashed, so that its turn goes to the next.

    https://docs.prefect.io/v3/advanced/detect-zombie-runs
    """
    return Automation(
        name=names(deployment)[1],
        description="A run that has stopped to give signs of life is marked as crashed.",
        trigger=EventTrigger(
            posture=Posture.Proactive,
            match=ResourceSpecification.model_validate({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=ResourceSpecification.model_validate({"prefect.resource.id": f"prefect.tag.{TAG}"}),
            for_each={"prefect.resource.id"},
            after={_HEARTBEAT},
            expect={_HEARTBEAT, *_ENDED},
            threshold=1,
            within=heartbeat * BEATS,
        ),
        actions=[
            ChangeFlowRunState(  # type: ignore[call-arg]  # the others have defaults
                state=StateType.CRASHED,
                message="This run has stopped to give signs of life: its process is gone.",
            )
        ],
    )


def write(automations: Sequence[Automation]) -> None:
    """Put these on the server, in place of those of the same names."""
    remove([automation.name for automation in automations])
    for automation in automations:
        automation.create()


def remove(names: Sequence[str]) -> int:
    """Take those of these names from the server; how many there were."""
    with get_client(sync_client=True) as client:
        found = [one for name in names for one in client.read_automations_by_name(name)]
        for automation in found:
            client.delete_automation(automation.id)
    return len(found)
