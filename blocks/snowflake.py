"""Snowflake credentials that can name an endpoint.

The stock block knows an account only. Private links, proxies and the local warehouse need a
host, a port and a protocol as well, and Prefect drops fields a block class does not declare
when it saves a document; hence a subclass with its own block type.
"""

from typing import Literal

from prefect_snowflake import SnowflakeCredentials
from pydantic import Field


class SnowflakeEndpointCredentials(SnowflakeCredentials):
    """`SnowflakeCredentials` plus the endpoint, passed on to the connector when set."""

    _block_type_name = "Snowflake Endpoint Credentials"
    _block_type_slug = "snowflake-endpoint-credentials"

    host: str | None = Field(default=None, description="Host name, if not <account>.snowflakecomputing.com.")
    port: int | None = Field(default=None, ge=1, le=65535, description="Port of the endpoint.")
    protocol: Literal["https", "http"] | None = Field(
        default=None, description="Protocol of the endpoint; http for loopback addresses only."
    )
