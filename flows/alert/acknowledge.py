"""The flow `acknowledge`, deployed as `acknowledge/alert`: answer alerts from the Prefect UI."""

from datetime import date
from typing import Annotated

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from pydantic import Field

from blocks.load import load_warehouse
from flows.alert.answers import LONGEST_NAME, LONGEST_NOTE, Action, Answered, Which, answer, make_ready
from flows.environments import EnvironmentName, chosen
from flows.warehouse import opener


@flow(name="acknowledge", flow_run_name="{action} by {by}")
def acknowledge_alert(
    by: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)],
    action: Action = "ack",
    order: str | None = None,
    rule: str | None = None,
    carrier: str | None = None,
    digest: str | None = None,
    until: date | None = None,
    note: Annotated[str | None, Field(max_length=LONGEST_NOTE)] = None,
    environment: EnvironmentName | None = None,
    warehouse_block: str | None = None,
) -> Answered:
    """Answer every open alert to which all apply that are given: order, rule, carrier, digest.

    Args:
        by: who answers.
        action: `ack`: somebody is at it, no more reminders; `snooze`: silent until a day; `unsnooze`: the
            opposite.
        order: the order's id.
        rule: the rule's name.
        carrier: the carrier that has the parcels.
        digest: the id that stands at the end of a digest.
        until: the last day of a snooze.
        note: why, for whoever reads the alert's story.
        environment: `prod`, `staging` or `dev`; default: as the worker's environment or the server says.
        warehouse_block: name of another `snowflake-connector` block than the environment's.

    Raises:
        InputError: something is missing or unknown, or the day has passed; nothing was recorded.
    """
    which = Which(order or None, rule or None, carrier or None, digest or None)
    where = chosen(environment)
    name = warehouse_block or where.warehouse_block
    with opener(load_warehouse(name), name, "acknowledge")() as connection:
        make_ready(connection, where.name)
        answered = answer(connection, action, which, by, note, until)
    line = told(answered, which)
    get_run_logger().info("%s, by %s", line, by)
    create_markdown_artifact(
        key="acknowledge", description=line, markdown=f"{answered.changed:,} {answered.event}"
    )
    return answered


def told(answered: Answered, which: Which) -> str:
    """One line about what an answer did."""
    before = answered.meant - answered.changed
    already = f" ({before:,} {'was' if before == 1 else 'were'} so before)" if before else ""
    alerts = "alert" if answered.changed == 1 else "alerts"
    return f"{answered.changed:,} {alerts} {answered.event} as of {answered.as_of}{already}: {which}"
