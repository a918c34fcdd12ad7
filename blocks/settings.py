"""What the environment says about the warehouse, the mail server and webhooks.

Every name is listed in `.env.example`. Where `SNOWFLAKE_ACCOUNT` or `SMTP_HOST` is not set, the
settings are those of the local stand-ins.
"""

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self
from urllib.parse import urlsplit

from prefect_email import EmailServerCredentials
from prefect_snowflake import SnowflakeConnector
from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from blocks.databases import DATABASES
from blocks.names import SLACK_TYPE, TEAMS_TYPE, WEBHOOK_TYPE, webhook_blocks
from blocks.quiet import quiet
from blocks.snowflake import SnowflakeEndpointCredentials
from flows.errors import InputError

if TYPE_CHECKING:
    from prefect.blocks.core import Block

LOCAL_HOST = "127.0.0.1"
LOCAL_WAREHOUSE_PORT = 8584
LOCAL_MAILBOX_PORT = 8525


def is_loopback(host: str) -> bool:
    """Whether `host` can only be this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class SnowflakeSettings(BaseSettings):
    """`SNOWFLAKE_*`: account and key pair or password; host, port and protocol for other endpoints."""

    model_config = SettingsConfigDict(env_prefix="SNOWFLAKE_", env_ignore_empty=True, extra="ignore")

    account: str = "local"
    user: str = "local"
    password: SecretStr | None = None
    private_key: SecretStr | None = None
    private_key_path: Path | None = None
    private_key_passphrase: SecretStr | None = None
    authenticator: str | None = None
    role: str | None = None
    warehouse: str = "ECOMMERCE_WH"
    database: str = DATABASES["prod"]
    host: str | None = None
    port: int | None = Field(default=None, ge=1, le=65535)
    protocol: Literal["https", "http"] | None = None

    @property
    def is_local(self) -> bool:
        """Whether no account is configured, so that the local warehouse serves."""
        return self.account == "local"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.is_local:
            self.host = self.host or LOCAL_HOST
            self.port = self.port or LOCAL_WAREHOUSE_PORT
            self.protocol = self.protocol or "http"
            self.password = self.password or SecretStr("local")
        elif not (self.password or self.private_key or self.private_key_path or self.authenticator):
            raise ValueError(
                "SNOWFLAKE_ACCOUNT is set but no way to log in: set SNOWFLAKE_PRIVATE_KEY_PATH "
                "(or SNOWFLAKE_PRIVATE_KEY), or SNOWFLAKE_PASSWORD"
            )
        if self.private_key_path and not self.private_key_path.expanduser().is_file():
            raise ValueError(f"SNOWFLAKE_PRIVATE_KEY_PATH: no such file: {self.private_key_path}")
        if self.protocol == "http" and not is_loopback(self.host or ""):
            raise ValueError("SNOWFLAKE_PROTOCOL=http is allowed for loopback addresses only; use https")
        return self

    def to_block(self) -> SnowflakeConnector:
        """The connector block these settings describe. Unset fields are left out.

        Raises:
            InputError: the ways to log in do not go together.
        """
        fields = self.model_dump(exclude_none=True, exclude={"warehouse", "database"})
        if self.private_key:
            pem = self.private_key.get_secret_value().replace("\\n", "\n")
            fields["private_key"] = pem.encode()
        if self.private_key_path:
            fields["private_key_path"] = str(self.private_key_path.expanduser().resolve())
        if self.private_key or self.private_key_path:
            fields.pop("password", None)
            fields.setdefault("authenticator", "snowflake_jwt")
        try:
            credentials = SnowflakeEndpointCredentials(**fields)
        except ValidationError as error:
            raise _input_error(error, "SNOWFLAKE_") from None
        return SnowflakeConnector(
            credentials=credentials,
            database=self.database,
            warehouse=self.warehouse,
            schema="RAW",
        )


class EmailSettings(BaseSettings):
    """`SMTP_*`: the server that takes the digests."""

    model_config = SettingsConfigDict(env_prefix="SMTP_", env_ignore_empty=True, extra="ignore")

    host: str = LOCAL_HOST
    port: int | None = Field(default=None, ge=1, le=65535)
    type: Literal["SSL", "STARTTLS", "INSECURE"] | None = None
    username: str | None = None
    password: SecretStr | None = None

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine, so that the local mailbox may serve."""
        return is_loopback(self.host)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.type is None:
            self.type = "INSECURE" if self.is_local else "STARTTLS"
        if self.is_local and self.port is None and self.type == "INSECURE":
            self.port = LOCAL_MAILBOX_PORT
        if self.type == "INSECURE" and not self.is_local:
            raise ValueError("SMTP_TYPE=INSECURE is allowed for loopback addresses only; use STARTTLS or SSL")
        return self

    def to_block(self) -> EmailServerCredentials:
        """The credentials block these settings describe; certificates are always verified."""
        return EmailServerCredentials(
            smtp_server=self.host,
            smtp_type=self.type,
            smtp_port=self.port,
            username=self.username,
            password=self.password or SecretStr(""),
        )


def _webhook(url: SecretStr) -> SecretStr:
    text = url.get_secret_value().strip()
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        raise ValueError("should be a URL, https://…") from None
    if not host or parts.scheme not in ("http", "https"):
        raise ValueError("should be a URL, https://…")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("http is allowed for loopback addresses only; use https")
    return SecretStr(text)


WebhookUrl = Annotated[SecretStr, AfterValidator(_webhook)]


class WebhookSettings(BaseSettings):
    """`SLACK_WEBHOOK_URL`, `TEAMS_WEBHOOK_URL`, `ALERT_WEBHOOK_URL`: where else digests go, each if set."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore")

    slack_webhook_url: WebhookUrl | None = None
    teams_webhook_url: WebhookUrl | None = None
    alert_webhook_url: WebhookUrl | None = None

    def to_blocks(self, environment: str = "prod") -> "dict[str, Block]":
        """The blocks these settings describe, by the slug they are stored under.

        Args:
            environment: whose they are.

        Raises:
            InputError: a URL is none of the service's.
        """
        if not self.model_fields_set:
            return {}
        from prefect.blocks.fields import SecretDict
        from prefect.blocks.notifications import (
            CustomWebhookNotificationBlock,
            MicrosoftTeamsWebhook,
            SlackWebhook,
        )

        blocks: dict[str, Block] = {}
        slack, teams, webhook = webhook_blocks(environment)
        with quiet():
            if self.slack_webhook_url:
                blocks[f"{SLACK_TYPE}/{slack}"] = SlackWebhook(url=self.slack_webhook_url)
            if self.teams_webhook_url:
                try:
                    blocks[f"{TEAMS_TYPE}/{teams}"] = MicrosoftTeamsWebhook(url=self.teams_webhook_url)
                except (ValueError, TypeError):
                    raise InputError(
                        "environment: TEAMS_WEBHOOK_URL: should be the URL of a Power Automate workflow, "
                        "https://…/workflows/…/triggers/manual/paths/invoke?…"
                    ) from None
            if self.alert_webhook_url:
                blocks[f"{WEBHOOK_TYPE}/{webhook}"] = CustomWebhookNotificationBlock(
                    name="order monitoring",
                    url="{{url}}",  # Prefect shows this field to whoever may look at the block
                    secrets=SecretDict({"url": self.alert_webhook_url.get_secret_value()}),
                    headers=None,
                    cookies=None,
                )
        return blocks


def read_settings(environment: str = "prod") -> tuple[SnowflakeSettings, EmailSettings]:
    """Settings of the warehouse and the mail server from the variables of this process.

    Args:
        environment: whose database is the default.

    Raises:
        InputError: a variable has a value that cannot be used; named without repeating the value.
    """
    try:
        snowflake, email = SnowflakeSettings(), EmailSettings()
    except ValidationError as error:
        raise _input_error(error, "SNOWFLAKE_" if error.title == "SnowflakeSettings" else "SMTP_") from None
    if "database" not in snowflake.model_fields_set:
        snowflake = snowflake.model_copy(update={"database": DATABASES[environment]})
    return snowflake, email


def read_webhooks() -> WebhookSettings:
    """Settings of the webhooks from the environment.

    Raises:
        InputError: a URL cannot be used; named without repeating it.
    """
    try:
        return WebhookSettings()
    except ValidationError as error:
        raise _input_error(error, "") from None


def _input_error(error: ValidationError, prefix: str) -> InputError:
    """What is wrong with which variable, without the values, which may be secret."""
    problems = "; ".join(
        (prefix + str(item["loc"][0]).upper() + ": " if item["loc"] else "")
        + item["msg"].removeprefix("Value error, ")
        for item in error.errors(include_input=False, include_url=False)
    )
    return InputError(f"environment: {problems}")
