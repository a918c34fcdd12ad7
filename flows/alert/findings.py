"""What the alert mart and the ledger say of a day, read for those who are told."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
from snowflake.connector import SnowflakeConnection

from flows.alert.digest import ALERTS, HISTORY, OPEN_STATES
from flows.alert.ledger import fetch, statement
from flows.transform.standing import PAST, alerts_schema

POPULATION = pl.Schema(
    {"carrier": pl.String(), "country": pl.String(), "shipping_tier": pl.String(), "orders": pl.Int64()}
)


@dataclass(frozen=True)
class Breach:
    """One of the worst open breaches, as a page or a table shows it."""

    order_id: str
    rule_id: str
    days_elapsed: int
    days_over: int
    status: str
    carrier: str | None
    customer: str | None
    amount_at_stake: Decimal | None
    state: str


@dataclass(frozen=True)
class Findings:
    """Alerts as of one day, counted by state, with the worst open breaches.

    `odd` says why the day's data cannot be judged by, if so. `schema` holds the alert mart; one of a look
    back tells what that day would have said, and changes nothing in the ledger of alerts.
    """

    as_of: date
    states: dict[str, int]
    worst: list[Breach]
    schema: str
    odd: list[str] = field(default_factory=list)

    @property
    def is_look_back(self) -> bool:
        """Whether the models stand at a later day."""
        return self.schema.endswith(PAST)

    @property
    def open(self) -> int:
        """Broken promises that are still open."""
        return sum(self.states.get(state, 0) for state in OPEN_STATES)

    @property
    def opened(self) -> int:
        """Breaches the ledger did not know as open."""
        return 0 if self.odd else self.states.get("new", 0)

    @property
    def at_risk(self) -> int:
        """Promises that are about to be broken."""
        return self.states.get("at_risk", 0)

    @property
    def resolved(self) -> int:
        """Alerts the ledger knew as open, and whose promise is not broken any more."""
        return 0 if self.odd else self.states.get("to_resolve", 0)


def read_findings(connection: SnowflakeConnection, as_of: date) -> Findings:
    """What the alert mart says of the day.

    Raises:
        TransformError: the mart was built for another day.
    """
    schema = alerts_schema(connection, as_of)
    return Findings(
        as_of,
        {state: int(count) for state, count in fetch(connection, "count_alerts.sql", alerts=schema)},
        [Breach(*row) for row in fetch(connection, "worst_breaches.sql", alerts=schema)],
        schema,
        [reason for (reason,) in fetch(connection, "odd_data.sql", alerts=schema)],
    )


def plan_parameters(as_of: date, audience: str, is_default: bool, is_update: bool = False) -> dict[str, Any]:
    """What the plan of an audience's digest depends on, beside mart and ledger."""
    return {
        "as_of": as_of,
        "audience": audience,
        "is_default": int(is_default),
        "is_update": int(is_update),
    }


def plan_statement(schema: str) -> str:
    """The query that plans a digest; see its file."""
    return statement("plan_digest.sql", alerts=schema)


def read_plan(connection: SnowflakeConnection, schema: str, parameters: dict[str, Any]) -> pl.DataFrame:
    """The audience's alerts in the shape of `ALERTS`, worst first, each with its section."""
    return _frame(connection, plan_statement(schema), parameters, ALERTS)


def read_history(connection: SnowflakeConnection, schema: str, parameters: dict[str, Any]) -> pl.DataFrame:
    """Open breaches of the audience's rules over the last days, in the shape of `HISTORY`."""
    wanted = {name: parameters[name] for name in ("audience", "is_default")}
    return _frame(connection, statement("history.sql", alerts=schema), wanted, HISTORY)


def read_population(connection: SnowflakeConnection, schema: str) -> pl.DataFrame:
    """The orders on their way, in the shape of `POPULATION`."""
    marts = schema.replace("alerts", "marts")
    return _frame(connection, statement("population.sql", marts=marts), {}, POPULATION)


def _frame(
    connection: SnowflakeConnection, query: str, parameters: dict[str, Any], schema: pl.Schema
) -> pl.DataFrame:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters or None)
        table: Any = cursor.fetch_arrow_all(force_return_table=True)
    frame = pl.DataFrame(pl.from_arrow(table))
    return frame.rename(str.lower).select(pl.col(name).cast(kind) for name, kind in schema.items())
