"""Hand the connector block's values to dbt, whose `profiles.yml` reads them with `env_var()`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prefect_snowflake import SnowflakeConnector
from pydantic import SecretBytes, SecretStr

QUERY_TAG = "dbt-build"


def dbt_variables(connector: SnowflakeConnector) -> dict[str, str]:
    """`SNOWFLAKE_*` for `profiles.yml`. What the block leaves open is empty, never inherited.

    The query tag is the same every day, because dbt parses the whole project anew when one of these changes.
    """
    credentials: Any = connector.credentials
    return {
        "SNOWFLAKE_ACCOUNT": credentials.account,
        "SNOWFLAKE_USER": credentials.user or "",
        "SNOWFLAKE_PASSWORD": _revealed(credentials.password),
        "SNOWFLAKE_PRIVATE_KEY": _revealed(credentials.private_key),
        "SNOWFLAKE_PRIVATE_KEY_PATH": str(credentials.private_key_path or ""),
        "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": _revealed(credentials.private_key_passphrase),
        "SNOWFLAKE_AUTHENTICATOR": ""
        if credentials.authenticator == "snowflake"
        else credentials.authenticator,
        "SNOWFLAKE_ROLE": credentials.role or "",
        "SNOWFLAKE_WAREHOUSE": connector.warehouse,
        "SNOWFLAKE_DATABASE": connector.database,
        "SNOWFLAKE_HOST": getattr(credentials, "host", None) or "",
        "SNOWFLAKE_PORT": str(getattr(credentials, "port", None) or ""),
        "SNOWFLAKE_PROTOCOL": getattr(credentials, "protocol", None) or "",
        "SNOWFLAKE_QUERY_TAG": QUERY_TAG,
    }


@contextmanager
def connection_variables(variables: dict[str, str]) -> Iterator[None]:
    """Set `variables` in this process's environment, and put back what was there."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _revealed(secret: SecretStr | SecretBytes | None) -> str:
    if secret is None:
        return ""
    value = secret.get_secret_value()
    return value.decode() if isinstance(value, bytes) else value
