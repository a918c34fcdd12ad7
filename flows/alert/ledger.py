"""The ledger in `OPS`: which alerts are open, and which digests left.

A digest is reserved with its Message-ID before it is sent, and marked as sent in one transaction
with the events it tells of. A run that dies in between finds the reservation and sends again under
the same Message-ID.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import Error

from flows.transform.standing import alerts_schema
from flows.warehouse import read_sql

_SQL = Path(__file__).parent / "sql"
CHANNEL = "email"
AUDIENCE = "default"
ALERTS = "alerts"
ABOUT_BREACHES, ABOUT_DATA = "breaches", "data-health"


@dataclass(frozen=True)
class Breach:
    """One open breach of the alert mart, and whether it is new to the ledger."""

    rule_id: str
    severity: str
    owner: str
    order_id: str
    customer_id: str
    customer_name: str | None
    product_id: str
    product_name: str | None
    carrier: str | None
    country: str | None
    shipping_tier: str | None
    order_date: datetime
    status: str
    breached_on: date
    days_elapsed: int
    days_over: int
    amount_at_stake: Decimal | None
    is_new: bool


@dataclass(frozen=True)
class Findings:
    """Alerts as of one day: open breaches worst first, and the counts around them.

    `odd` says why the day's data cannot be judged by, if so. `schema` holds the alert mart; one of a look
    back tells what that day would have said, and changes nothing in the ledger of alerts.
    """

    as_of: date
    breaches: list[Breach]
    at_risk: int
    resolved: int
    odd: list[str] = field(default_factory=list)
    schema: str = ALERTS

    @property
    def is_look_back(self) -> bool:
        """Whether the models stand at a later day."""
        return self.schema != ALERTS

    @property
    def opened(self) -> int:
        """Breaches the ledger did not know."""
        return sum(breach.is_new for breach in self.breaches)


@dataclass(frozen=True)
class Reservation:
    """A digest's place in the ledger; `state` is `reserved` or `sent`."""

    digest_id: str
    message_id: str
    state: str


def create_ledger(connection: SnowflakeConnection) -> None:
    """Create the ledger where it is missing."""
    connection.execute_string(read_sql(_SQL / "create_ledger.sql"), remove_comments=True)


def read_findings(connection: SnowflakeConnection, as_of: date) -> Findings:
    """What the alert mart says of the day.

    Raises:
        TransformError: the mart was built for another day.
    """
    schema = alerts_schema(connection, as_of)
    breaches = [Breach(*row) for row in _rows(connection, "breaches.sql", {}, schema)]
    ((at_risk, resolved),) = _rows(connection, "count_others.sql", {}, schema)
    odd = [reason for (reason,) in _rows(connection, "odd_data.sql", {}, schema)]
    return Findings(as_of, breaches, int(at_risk), int(resolved), odd, schema)


def digest_id(as_of: date, about: str = ABOUT_BREACHES) -> str:
    """The one message of a channel and an audience about a day's breaches, or about its data."""
    return f"{as_of.isoformat()}/{CHANNEL}/{AUDIENCE}" + ("" if about == ABOUT_BREACHES else f"/{about}")


def find_digest(
    connection: SnowflakeConnection, as_of: date, about: str = ABOUT_BREACHES
) -> Reservation | None:
    """The day's digest, if one was reserved before."""
    identity = digest_id(as_of, about)
    found = _rows(connection, "read_digest.sql", {"digest_id": identity})
    return Reservation(identity, *found[0]) if found else None


def reserve_digest(
    connection: SnowflakeConnection, findings: Findings, sender_domain: str, about: str = ABOUT_BREACHES
) -> Reservation:
    """Reserve the day's digest under a Message-ID of its own; commits."""
    identity = digest_id(findings.as_of, about)
    unique = hashlib.sha256(f"{connection.account}/{connection.database}/{identity}".encode()).hexdigest()
    message_id = f"<sla.{findings.as_of:%Y%m%d}.{unique[:20]}@{sender_domain}>"
    _execute(
        connection,
        "reserve_digest.sql",
        {
            "digest_id": identity,
            "as_of": findings.as_of,
            "channel": CHANNEL,
            "audience": AUDIENCE,
            "message_id": message_id,
            "breaches": len(findings.breaches),
            "now": _now(),
        },
    )
    return Reservation(identity, message_id, "reserved")


def record(connection: SnowflakeConnection, findings: Findings, sent: Reservation | None) -> None:
    """Write what changed, and that the digest left, in one transaction.

    Nothing changes for the alerts of a day that is looked back at, or whose data is odd.
    """
    parameters = {"as_of": findings.as_of, "digest_id": sent.digest_id if sent else None, "now": _now()}
    with connection.cursor() as cursor:
        cursor.execute("begin")
        try:
            if not findings.is_look_back and not findings.odd:
                cursor.execute(read_sql(_SQL / "record_resolved.sql"), parameters)
                cursor.execute(read_sql(_SQL / "record_opened.sql"), parameters)
            if sent:
                cursor.execute(
                    read_sql(_SQL / "mark_sent.sql"), parameters | {"breaches": len(findings.breaches)}
                )
            cursor.execute("commit")
        except BaseException:
            with suppress(Error):  # a lost session must not hide why
                cursor.execute("rollback")
            raise


def _rows(
    connection: SnowflakeConnection, file: str, parameters: dict[str, Any], schema: str = ALERTS
) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(read_sql(_SQL / file).format(alerts=schema), parameters or None)
        return [tuple(row) for row in cursor.fetchall()]


def _execute(connection: SnowflakeConnection, file: str, parameters: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(read_sql(_SQL / file), parameters)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
