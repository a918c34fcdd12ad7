"""Whether the role of a warehouse block may do what the pipeline will do, tried without leaving a trace.

What is created has a name of its own and is dropped at once. Rows are written in transactions that are rolled
back, and none at that: Snowflake looks at the privileges before it looks for rows. The two are never mixed,
because on Snowflake a CREATE or DROP commits the transaction it is in.
"""

import secrets
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import Error

from blocks.attempts import Attempts
from blocks.grants import (
    CREATE_SCHEMA,
    USE_DATABASE,
    USE_WAREHOUSE,
    Names,
    on_schema,
    on_stage,
    on_tables,
    owning_tables,
    remedy,
)
from flows.environments import PRODUCTION
from flows.tables import LANDING_STAGE
from flows.trouble import is_locked, is_lost, one_line

RESUME_SECONDS = 60  # a warehouse that was asleep
# What is done to the rows of a schema's tables, beside reading them: by loads, by ledger and locks, by dbt.
WRITES = {
    "RAW": ("INSERT", "DELETE"),
    "OPS": ("INSERT", "UPDATE", "DELETE"),
    "STAGING": ("INSERT", "UPDATE", "DELETE"),
    "MARTS": ("INSERT", "UPDATE", "DELETE"),
    "ALERTS": ("INSERT", "UPDATE", "DELETE"),
}
_NO_ROW = {
    "INSERT": "insert into {table} select * from {table} where false",
    "UPDATE": "update {table} set {column} = {column} where false",
    "DELETE": "delete from {table} where false",
}
_NOTHING = {
    "schema": "create transient schema {name} data_retention_time_in_days = 0",
    "table": "create transient table {name} (probe number) data_retention_time_in_days = 0",
    "view": "create view {name} as select 1 as probe",
}


def problems_of(connection: SnowflakeConnection, names: Names) -> list[str]:
    """What stands in the pipeline's way, one line a problem.

    Without the database, or in that of another environment, nothing else is tried.
    """
    attempts = Attempts(connection, names)
    use = f"use database {names.database}"
    if not attempts.may(use, use, USE_DATABASE):
        return attempts.problems
    there = {name.upper() for name in attempts.shown("show terse schemas in database")}
    objects = {schema: _objects(attempts, schema) for schema in WRITES if schema in there}
    can_compute = _can_compute(attempts)
    if can_compute and _is_anothers(attempts, objects.get("OPS", {})):
        return attempts.problems
    _create(attempts, "schema", _unused_name())
    for schema in objects:
        for kind in ("table", "view"):
            _create(attempts, kind, f"{schema}.{_unused_name()}", schema)
        _own(attempts, schema, objects[schema])
    if can_compute:
        attempts.rows("alter session set lock_timeout = 1")  # whoever holds a lock may keep it
        for schema, listed in objects.items():
            _write(attempts, schema, [name for name, row in listed.items() if "VIEW" not in row["kind"]])
    if "RAW" in objects:
        _use_stage(attempts)
    return attempts.problems


def _objects(attempts: Attempts, schema: str) -> dict[str, dict[str, Any]]:
    """The tables and views in a schema by name; none of one that may not be used."""
    try:
        return attempts.shown(f"show objects in schema {schema}")
    except Error as error:
        if is_lost(error):
            raise
        deed = f"use schema {attempts.names.database}.{schema}"
        attempts.refused(error, deed, on_schema("USAGE", schema))
        return {}


def _can_compute(attempts: Attempts) -> bool:
    warehouse = attempts.names.warehouse
    use = f"use warehouse {warehouse}"
    if not attempts.may(use, use, USE_WAREHOUSE):
        return False
    awake = "select count(*) from table(generator(rowcount => 1))"
    return attempts.may(awake, f"compute on warehouse {warehouse}", USE_WAREHOUSE, RESUME_SECONDS)


def _is_anothers(attempts: Attempts, tables: Collection[str]) -> bool:
    """Whether the database is another environment's, by the same signs as `flows.migrations` goes by."""
    ours = attempts.names.environment
    owner, sign = _owner(attempts, tables)
    if owner in (None, ours):
        return False
    attempts.problems.append(
        f"environment {ours}: database {attempts.names.database} belongs to {owner}, {sign}; set "
        f"SNOWFLAKE_DATABASE to one of {ours}'s own, then run `python -m blocks.register --env {ours} "
        "--overwrite`"
    )
    return True


def _owner(attempts: Attempts, tables: Collection[str]) -> tuple[str | None, str]:
    """Whose the database is, if that can be seen, and by what."""
    if "ENVIRONMENT" in tables:
        read = "select min(name) from ops.environment"
        if attempts.may(read, "read OPS.ENVIRONMENT", on_tables("SELECT", "OPS")):
            ((mark,),) = attempts.rows(read)
            if mark is not None:
                return str(mark), "as its OPS.ENVIRONMENT says"
    loaded = "select count(*) from ops.load_manifest"
    if "LOAD_MANIFEST" in tables and not attempts.refusal(loaded) and attempts.rows(loaded)[0][0]:
        return PRODUCTION, "because it was loaded before databases were marked"
    return None, ""


def _create(attempts: Attempts, kind: str, name: str, schema: str | None = None) -> None:
    """Create a schema, or a table or view in a schema, and drop it."""
    place = f"{attempts.names.database}.{schema}" if schema else attempts.names.database
    grant = on_schema(f"CREATE {kind.upper()}", schema) if schema else CREATE_SCHEMA
    if not attempts.may(_NOTHING[kind].format(name=name), f"create a {kind} in {place}", grant):
        return
    error = attempts.refusal(f"drop {kind} {name}")
    if error:
        attempts.problems.append(
            f"{kind} {name} in database {attempts.names.database} was made to test the grants and cannot be "
            f"dropped ({one_line(error)}); drop it by hand"
        )


def _own(attempts: Attempts, schema: str, objects: Mapping[str, Mapping[str, Any]]) -> None:
    """Look who owns the tables and views, which migrations alter and dbt replaces; that cannot be tried.

    https://docs.snowflake.com/en/sql-reference/functions/is_role_in_session tells of roles granted to ours.
    """
    owners = {str(row["owner"]) for row in objects.values() if row.get("owner")} - {attempts.role}
    for owner in sorted(owners) if attempts.role else ():
        quoted = owner.replace("'", "''")
        ((is_ours,),) = attempts.rows(f"select is_role_in_session('{quoted}')")
        if not is_ours:
            theirs = ", ".join(sorted(name for name, row in objects.items() if row["owner"] == owner))
            attempts.problems.append(
                f"role {attempts.role} may not alter or replace in {attempts.names.database}.{schema} what "
                f"{owner} owns: {theirs}; {remedy(owning_tables(schema), attempts.names)}"
            )


def _write(attempts: Attempts, schema: str, tables: list[str]) -> None:
    """Write to each table; one problem a privilege, which names the tables that lack it."""
    refused: dict[str, list[str]] = {}
    errors: dict[str, Error] = {}
    for table in tables:
        for privilege, error in _refused_writes(attempts, schema, table).items():
            refused.setdefault(privilege, []).append(table)
            errors.setdefault(privilege, error)
    for privilege, names in refused.items():
        deed = f"{privilege} in {attempts.names.database}.{schema} on {', '.join(names)}"
        attempts.refused(errors[privilege], deed, on_tables(privilege, schema))


def _refused_writes(attempts: Attempts, schema: str, table: str) -> Mapping[str, Error]:
    """By privilege, what Snowflake says where it is missing on one table."""
    name = f'{schema}."{table}"'
    try:
        column, *_ = attempts.columns(f"select * from {name} where false")  # noqa: S608
    except Error as error:
        if is_lost(error):
            raise
        return {"SELECT": error}  # the others need it as well
    refused = {}
    attempts.rows("begin")
    for privilege in WRITES[schema]:
        refusal = attempts.refusal(_NO_ROW[privilege].format(table=name, column=f'"{column}"'))
        if refusal:
            attempts.rows("rollback")
            attempts.rows("begin")
            if not is_locked(refusal):  # where somebody is at work on the table, the privilege is there
                refused[privilege] = refusal
    attempts.rows("rollback")
    return refused


def _use_stage(attempts: Attempts) -> None:
    """Upload a file to a folder of its own, list it and remove it, if the landing stage is there."""
    if "LANDING" not in (name.upper() for name in attempts.shown("show stages in schema raw")):
        return
    folder = f"@{LANDING_STAGE}/{_unused_name()}/"
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "probe.txt"
        file.write_text("made to test the grants\n", encoding="utf-8")
        put = f"put 'file://{file}' {folder} auto_compress = false"
        is_uploaded = attempts.may(put, f"upload to @{LANDING_STAGE}", on_stage("WRITE", LANDING_STAGE))
    attempts.may(f"list {folder}", f"list @{LANDING_STAGE}", on_stage("READ", LANDING_STAGE))
    if is_uploaded:
        remove = f"remove files from @{LANDING_STAGE}"
        attempts.may(f"remove {folder}", remove, on_stage("WRITE", LANDING_STAGE))


def _unused_name() -> str:
    """A name that nothing has, and that tells what it was for if it stays behind."""
    return f"TEST_OF_GRANTS_{secrets.token_hex(6).upper()}"
