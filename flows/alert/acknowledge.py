"""The flow `acknowledge`, deployed as `acknowledge/alert`: answer alerts from the Prefect UI."""

from datetime import date
from typing import Annotated

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from pydantic import Field

from blocks.load import load_warehouse
from blocks.names import WAREHOUSE_BLOCK
from flows.alert.answers import LONGEST_NAME, LONGEST_NOTE, Action, Answered, Which, answer
from flows.warehouse import connect, tag


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
    warehouse_block: str = WAREHOUSE_BLOCK,
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
        warehouse_block: name of the `snowflake-connector` block.

    Raises:
        InputError: something is missing or unknown, or the day has passed; nothing was recorded.
    """
    which = Which(order or None, rule or None, carrier or None, digest or None)
    block = f"snowflake-connector/{warehouse_block}"
    with connect(load_warehouse(warehouse_block), tag("acknowledge"), block) as connection:
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
