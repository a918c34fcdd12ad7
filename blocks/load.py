"""Stored blocks by name, with errors that say how to mend what is missing."""

from typing import TypeVar, cast

from prefect.blocks.core import Block
from prefect_email import EmailServerCredentials
from prefect_snowflake import SnowflakeConnector

from flows.errors import BlockError

B = TypeVar("B", bound=Block)


def load_warehouse(name: str) -> SnowflakeConnector:
    """The stored `snowflake-connector/<name>`.

    Raises:
        BlockError: it is missing or does not hold a Snowflake connector.
    """
    return _load(SnowflakeConnector, "snowflake-connector", name)


def load_email(name: str) -> EmailServerCredentials:
    """The stored `email-server-credentials/<name>`.

    Raises:
        BlockError: it is missing or does not hold mail credentials.
    """
    return _load(EmailServerCredentials, "email-server-credentials", name)


def _load(kind: type[B], slug: str, name: str) -> B:
    try:
        return cast(B, kind.load(name))
    except (ValueError, RuntimeError) as error:
        if "Unable to find block document" in str(error):
            raise BlockError(
                f"block {slug}/{name} is not registered with this Prefect API: set the variables of "
                ".env.example and run `python -m blocks.register`, or create it in the Prefect UI"
            ) from None
        if str(error).startswith("Failed to reach API"):
            raise
        raise BlockError(
            f"block {slug}/{name} cannot be used ({type(error).__name__}): register it again with "
            "`python -m blocks.register --overwrite`"
        ) from None
