"""What a refused statement means: which privilege the role lacks, and what in the set-up script gives it.

The privileges are those of https://docs.snowflake.com/en/user-guide/security-access-control-privileges. In
the script the schemas are the pipeline's own, and so is what it makes in them; a role that lacks something
there is not their owner.
"""

from dataclasses import dataclass

from snowflake.connector.errors import Error

from flows.environments import PRODUCTION
from flows.trouble import one_line

# insufficient privileges; does not exist or not authorized; does not exist, or operation cannot be performed
_REFUSALS = frozenset({3001, 2003, 2043})
_INSUFFICIENT_PRIVILEGE = "42501"


@dataclass(frozen=True)
class Names:
    """Whom and what a session is about."""

    environment: str
    user: str
    role: str
    warehouse: str
    database: str

    @property
    def script(self) -> str:
        """Where the environment's set-up script is."""
        if self.environment == PRODUCTION:
            return "blocks/snowflake_setup.sql"
        return f"`python -m blocks.setup --env {self.environment}`"


@dataclass(frozen=True)
class Grant:
    """A privilege, the statement of the set-up script that gives it, and a repair where that came too late.

    All may name the fields of `Names`.
    """

    privilege: str
    statement: str
    repair: str = ""


USE_ROLE = Grant("the role", "grant role {role} to user {user}")
USE_DATABASE = Grant("USAGE on the database", "grant usage on database {database} to role {role}")
USE_WAREHOUSE = Grant("USAGE on the warehouse", "grant usage on warehouse {warehouse} to role {role}")
CREATE_SCHEMA = Grant(
    "CREATE SCHEMA on the database", "grant create schema on database {database} to role {role}"
)


def on_schema(privilege: str, schema: str) -> Grant:
    """A privilege on a schema, such as CREATE TABLE."""
    name = f"{{database}}.{schema.lower()}"
    return Grant(
        f"{privilege} on the schema",
        f"create schema if not exists {name}",
        f"grant ownership on schema {name} to role {{role}} copy current grants",
    )


def on_tables(privilege: str, schema: str) -> Grant:
    """A privilege on the tables of a schema, such as INSERT."""
    name = f"{{database}}.{schema.lower()}"
    return Grant(
        f"{privilege} on them",
        f"create schema if not exists {name}",
        f"grant ownership on all tables in schema {name} to role {{role}} copy current grants",
    )


def owning_tables(schema: str) -> Grant:
    """What only the owner of a table may do: alter it, replace it, drop it."""
    return on_tables("OWNERSHIP", schema)


def on_stage(privilege: str, stage: str) -> Grant:
    """READ (LIST, COPY) or WRITE (PUT, REMOVE) on an internal stage."""
    return Grant(
        f"{privilege} on the stage",
        f"create stage if not exists {{database}}.{stage}",
        f"grant ownership on stage {{database}}.{stage} to role {{role}} copy current grants",
    )


def is_refusal(error: Error) -> bool:
    """Whether a grant is missing, as far as can be told: Snowflake says the same of what does not exist."""
    return error.errno in _REFUSALS or error.sqlstate == _INSUFFICIENT_PRIVILEGE


def explained(error: Error, deed: str, grant: Grant, names: Names) -> str:
    """One line: who may not do what, Snowflake's own words, what is missing and what gives it.

    Args:
        error: what Snowflake answered.
        deed: what was tried, in words.
        grant: what it needs.
        names: whom and what it is about.
    """
    if not is_refusal(error):
        return f"role {names.role} cannot {deed} ({one_line(error)})"
    return f"role {names.role} may not {deed} ({one_line(error)}); {remedy(grant, names)}"


def remedy(grant: Grant, names: Names) -> str:
    """What is missing, and what gives it."""
    values = vars(names)
    given = f"missing: {grant.privilege}, given in {names.script} by `{grant.statement.format_map(values)}`"
    if not grant.repair:
        return given
    return f"{given} as that role; where another role was first: `{grant.repair.format_map(values)}`"
