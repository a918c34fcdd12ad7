"""Stored blocks by name, with errors that say how to mend what is missing."""

from typing import TYPE_CHECKING, TypeVar, cast

from prefect.blocks.core import Block
from prefect_email import EmailServerCredentials
from prefect_snowflake import SnowflakeConnector

from blocks.names import EMAIL_TYPE, SLACK_TYPE, TEAMS_TYPE, WAREHOUSE_TYPE, WEBHOOK_TYPE
from blocks.quiet import quiet
from blocks.snowflake import SnowflakeEndpointCredentials
from flows.environments import NAMES, PRODUCTION
from flows.errors import BlockError

if TYPE_CHECKING:
    from prefect.blocks.notifications import (
        CustomWebhookNotificationBlock,
        MicrosoftTeamsWebhook,
        SlackWebhook,
    )

B = TypeVar("B", bound=Block)
# A stored block is read only where the classes of the blocks in it are known to Prefect.
_NESTED = (SnowflakeEndpointCredentials,)


def load_warehouse(name: str) -> SnowflakeConnector:
    """The stored `snowflake-connector/<name>`.

    Raises:
        BlockError: it is missing or does not hold a Snowflake connector.
    """
    return _load(SnowflakeConnector, WAREHOUSE_TYPE, name)


def load_email(name: str) -> EmailServerCredentials:
    """The stored `email-server-credentials/<name>`.

    Raises:
        BlockError: it is missing or does not hold mail credentials.
    """
    return _load(EmailServerCredentials, EMAIL_TYPE, name)


def load_slack(name: str) -> "SlackWebhook":
    """The stored `slack-webhook/<name>`.

    Raises:
        BlockError: it is missing or does not hold a webhook.
    """
    from prefect.blocks.notifications import SlackWebhook

    return _load(SlackWebhook, SLACK_TYPE, name)


def load_teams(name: str) -> "MicrosoftTeamsWebhook":
    """The stored `ms-teams-webhook/<name>`.

    Raises:
        BlockError: it is missing or does not hold the webhook of a workflow.
    """
    from prefect.blocks.notifications import MicrosoftTeamsWebhook

    return _load(MicrosoftTeamsWebhook, TEAMS_TYPE, name)


def load_webhook(name: str) -> "CustomWebhookNotificationBlock":
    """The stored `custom-webhook/<name>`.

    Raises:
        BlockError: it is missing or does not describe a request.
    """
    from prefect.blocks.notifications import CustomWebhookNotificationBlock

    return _load(CustomWebhookNotificationBlock, WEBHOOK_TYPE, name)


def _load(kind: type[B], slug: str, name: str) -> B:
    try:
        with quiet():
            return cast(B, kind.load(name))
    except (ValueError, RuntimeError, KeyError, TypeError) as error:
        if "Unable to find block document" in str(error):
            raise BlockError(
                f"block {slug}/{name} is not registered with this Prefect API: set the variables of "
                f".env.example and run `{_register(name)}`, or create it in the Prefect UI"
            ) from None
        if str(error).startswith("Failed to reach API"):
            raise
        raise BlockError(
            f"block {slug}/{name} cannot be used ({type(error).__name__}): register it again with "
            f"`{_register(name)} --overwrite`, or correct it in the Prefect UI"
        ) from None


def _register(name: str) -> str:
    """The command that writes a block of this name."""
    environment = next((one for one in NAMES if one != PRODUCTION and name.endswith(f"-{one}")), None)
    return "python -m blocks.register" + (f" --env {environment}" if environment else "")
