"""Refuse a warehouse block that would mix two environments: one database for both.

Judged by names alone, before a block is written or tried. What names cannot tell, such as one account under
two of its identifiers, the mark in the database does (`OPS.ENVIRONMENT`), and above all the role's grants.
"""

from typing import Any

from prefect_snowflake import SnowflakeConnector

from blocks.databases import DATABASES, default_of, is_same
from blocks.load import load_warehouse
from blocks.names import WAREHOUSE_TYPE, warehouse_block
from flows.environments import NAMES
from flows.errors import BlockError, InputError


def require_own_database(account: str, database: str, environment: str) -> None:
    """The database is no other environment's.

    That is another environment's default one, or the one that its block names, if this Prefect API has it.

    Raises:
        InputError: it is.
    """
    owner = default_of(database)
    if owner not in (None, environment):
        raise InputError(
            f"environment {environment}: database {database} is {owner}'s; leave SNOWFLAKE_DATABASE unset "
            f"for {DATABASES[environment]}, or set it to one of {environment}'s own, and register the block"
        )
    for other in NAMES:
        stored = _stored(other) if other != environment else None
        if stored and _is_database_of(account, database, stored):
            raise InputError(
                f"environment {environment}: database {database} of account {account} is {other}'s, in block "
                f"{WAREHOUSE_TYPE}/{warehouse_block(other)}; set SNOWFLAKE_DATABASE to one of "
                f"{environment}'s own and register the block, or correct that one first"
            )


def _stored(environment: str) -> SnowflakeConnector | None:
    try:
        return load_warehouse(warehouse_block(environment))
    except BlockError:
        return None  # one that is missing, or cannot be used, leads to no database


def _is_database_of(account: str, database: str, stored: SnowflakeConnector) -> bool:
    credentials: Any = stored.credentials
    return _account(account) == _account(credentials.account) and is_same(database, stored.database)


def _account(identifier: str) -> str:
    """One form of an account's identifier; in host names, hyphens stand for underscores.

    https://docs.snowflake.com/en/user-guide/admin-account-identifier
    """
    return identifier.strip().casefold().replace("_", "-")
