"""A warehouse process of our own, and shops in it: one database each, built with the project's dbt."""

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import snowflake.connector
from dbt.cli.main import dbtRunner, dbtRunnerResult

from flows import paths
from flows.migrations.numbered import DIRECTORY, migrations

TABLES = [DIRECTORY / migration.file for migration in migrations()]
COPY = """
copy into raw.{entity} from @raw.landing/{upload}/
file_format = (type = parquet use_logical_type = true) match_by_column_name = case_insensitive
"""
RESULTS = {
    "staging": [
        "stg_alert_policies",
        "stg_customers",
        "stg_deliveries",
        "stg_orders",
        "stg_products",
        "stg_sla_rules",
    ],
    "marts": [
        "carrier_scorecard",
        "delayed_orders",
        "delivery_kpis",
        "dim_customers",
        "dim_products",
        "fct_orders",
    ],
    "alerts": [
        "alert_states",
        "breach_history",
        "data_health",
        "sla_alerts",
        "sla_at_risk",
        "sla_breaches",
        "sla_clocks",
    ],
}


@pytest.fixture(scope="session")
def warehouse_port(tmp_path_factory) -> Iterator[int]:
    """The port of a running `python -m local.warehouse` with state of its own."""
    environment = os.environ | {"ORDERS_DATA_DIR": str(tmp_path_factory.mktemp("orders"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "local.warehouse", "--port", "0", "--with-parent"],
        cwd=paths.REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seen = []
    for line in process.stdout:
        seen.append(line)
        if address := re.search(r"listening on \S+:(\d+)", line):
            yield int(address.group(1))
            break
    else:
        pytest.fail("the local warehouse did not start:\n" + "".join(seen))
    process.terminate()
    process.communicate()


@dataclass
class Shop:
    """One shop's database: load raw rows, build, read the results."""

    database: str
    port: int
    directory: Path
    connection: Any
    uploads: Iterator[int]

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment, pointing dbt at this shop and at directories outside the checkout."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("SNOWFLAKE_", "DBT_"))}
        return clean | {
            "SNOWFLAKE_PORT": str(self.port),
            "SNOWFLAKE_DATABASE": self.database,
            "DBT_TARGET_PATH": str(self.directory / "target"),
            "DBT_LOG_PATH": str(self.directory / "logs"),
        }

    def load(self, entity: str, rows: list[dict]) -> None:
        """Append rows to raw.<entity> the way ingest does: Parquet, PUT, COPY."""
        upload = f"{entity}-{next(self.uploads)}"
        file = self.directory / f"{upload}.parquet"
        pl.DataFrame(rows, infer_schema_length=None).with_columns(_batch_id=pl.lit(upload)).write_parquet(
            file
        )
        self.execute(f"put file://{file} @raw.landing/{upload}/ auto_compress = false")
        self.execute(COPY.format(entity=entity, upload=upload))

    def build(
        self,
        as_of: str | None = None,
        *arguments: str,
        past: bool = False,
        project: Path = paths.DBT_PROJECT,
    ) -> dbtRunnerResult:
        """`dbt build` in this process, without the unit tests, which do not depend on the data."""
        if "--exclude-resource-type" not in arguments:
            arguments = ("--exclude-resource-type", "unit_test", *arguments)
        if as_of is not None:
            arguments += ("--vars", f"{{as_of: '{as_of}', past: {str(past).lower()}}}")
        return self.dbt("build", *arguments, project=project)

    def dbt(self, *command: str, project: Path = paths.DBT_PROJECT) -> dbtRunnerResult:
        """A dbt command in this process, for this shop."""
        command = ("--quiet", *command, "--project-dir", str(project), "--profiles-dir", str(project))
        with pytest.MonkeyPatch.context() as patch:
            for name in set(os.environ) - set(self.environment):
                patch.delenv(name)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            return dbtRunner().invoke(list(command))

    def execute(self, sql: str) -> Any:
        """Run one statement."""
        return self.connection.cursor().execute(sql)

    def rows(self, sql: str) -> list[dict]:
        """The result of a query, one dict a row with lower-case names."""
        cursor = self.connection.cursor(snowflake.connector.DictCursor)
        return [
            {name.lower(): value for name, value in row.items()} for row in cursor.execute(sql).fetchall()
        ]

    def results(self, suffix: str = "") -> dict[str, list[str]]:
        """Every row of every result that dbt builds, in an order that only depends on the content.

        `suffix` is that of the schemas they are in: `_PAST` for a look back.
        """
        return {
            f"{schema}.{table}": sorted(
                repr(row) for row in self.rows(f"select * from {schema}{suffix}.{table}")
            )
            for schema, tables in RESULTS.items()
            for table in tables
        }


@pytest.fixture(scope="module")
def open_shop(warehouse_port, tmp_path_factory) -> Iterator[Any]:
    """Opens a new shop, with an empty landing zone and ledger, at each call."""
    with ExitStack() as connections:

        def open_one() -> Shop:
            directory = tmp_path_factory.mktemp("shop")
            connection = snowflake.connector.connect(
                account="local",
                user="local",
                password="local",
                host="127.0.0.1",
                port=warehouse_port,
                protocol="http",
            )
            connections.enter_context(connection)
            database = f"SHOP_{directory.name.upper()}"
            shop = Shop(database, warehouse_port, directory, connection, itertools.count())
            shop.execute(f"create database {shop.database}")
            shop.execute(f"use database {shop.database}")
            for statements in TABLES:
                for statement in re.sub(r"--.*", "", statements.read_text()).split(";"):
                    if statement.strip():
                        shop.execute(statement)
            return shop

        yield open_one
