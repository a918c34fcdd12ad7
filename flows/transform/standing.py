"""Which day the models stand at, and where a look back has its own.

dbt builds a day that lies before the one its models stand at into schemas of its own (`STAGING_PAST`,
`MARTS_PAST`, `ALERTS_PAST`), so that looking back leaves today's tables as they are.
"""

from datetime import date

from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

from flows.errors import TransformError
from flows.warehouse import rows

PAST = "_past"
_DOES_NOT_EXIST = 2003


def stands_at(connection: SnowflakeConnection, suffix: str = "") -> date | None:
    """The day of the last completed build; None before there was one, or while nothing is loaded."""
    statement = f"select max(as_of) as as_of from staging{suffix}.built_days"  # noqa: S608 - ours
    try:
        ((day,),) = rows(connection, statement)
    except ProgrammingError as error:
        if error.errno != _DOES_NOT_EXIST:
            raise
        return None
    return day


def is_past(connection: SnowflakeConnection, as_of: date) -> bool:
    """Whether the models stand at a later day than `as_of`."""
    today = stands_at(connection)
    return today is not None and as_of < today


def alerts_schema(connection: SnowflakeConnection, as_of: date) -> str:
    """The schema that tells of `as_of`: `alerts`, or the one of a look back.

    Raises:
        TransformError: the models were built for other days.
    """
    today = stands_at(connection)
    if today in (None, as_of):
        return "alerts"
    past = stands_at(connection, PAST)
    if past == as_of:
        return f"alerts{PAST}"
    raise TransformError(
        f"the alert mart was built as of {today}{f' and {past}' if past else ''}, not {as_of}: another run "
        "is at work, or dbt-build did not run for this day; run the pipeline again"
    )
