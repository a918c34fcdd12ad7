"""dbt builds in a process of their own; a script that prints what its work came to.

history ORDERS             a landing zone with the history of a shop that has had so many orders
odd                        one with that of a small shop that has a bit of everything
whole                      dbt build where nothing is built yet, as of the last day of the history
models                     the same without the data tests
reference                  the same tables by one script for DuckDB
check                      that both make the same rows
day DAY ORDERS             dbt build of one more day of that shop, which is loaded first
cold                       the first dbt build of a small shop, as a command of its own
warm                       dbt build of it once more with nothing new

All but `reference` and `check` have a warehouse of their own on `ORDERS_DATA_DIR`. What is timed is the
build alone. Before it come the imports, the warehouse, the load and, as in a run of the pipeline, the parsing
of the project; `cold` has its imports and its parsing within.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench.dbt_history import LAST_DAY, days_of, odd_shop, shop_of, write_raw

if TYPE_CHECKING:
    from prefect_snowflake import SnowflakeConnector

    from flows.generate.shop import Shop

SMALL_DAYS, SMALL_ORDERS_PER_DAY = 30, 34
WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")


def history(orders: str) -> dict[str, Any]:
    """Rows of each raw table."""
    return _write(shop_of(int(orders)))


def odd() -> dict[str, Any]:
    """Rows of each raw table."""
    return _write(odd_shop())


def whole() -> dict[str, Any]:
    """Seconds of the build."""
    with _warehouse() as connector:
        _drop_models(connector)
        return _timed_build(LAST_DAY)


def models() -> dict[str, Any]:
    """Seconds of the build."""
    from flows.transform.build import parse_ahead
    from flows.transform.invoke import invoke, variables

    command = [
        "build",
        *WITHOUT_UNIT_TESTS,
        "--exclude-resource-type",
        "test",
        *variables(LAST_DAY, past=False),
    ]
    with _warehouse() as connector:
        _drop_models(connector)
        parse_ahead(LAST_DAY)
        os.sync()
        started = monotonic()
        assert invoke(command, report=lambda _line: None).success
        return {"seconds": monotonic() - started}


def reference() -> dict[str, Any]:
    """Seconds of the script."""
    from bench import dbt_reference

    return {"seconds": dbt_reference.seconds(_database(), LAST_DAY)}


def check() -> dict[str, Any]:
    """Rows of each table."""
    from bench import dbt_reference

    return {"rows": dbt_reference.check(_database(), LAST_DAY)}


def day(day: str, orders: str) -> dict[str, Any]:
    """Seconds of the build."""
    as_of = date.fromisoformat(day)
    with _warehouse() as connector:
        _load(connector, shop_of(int(orders)), [as_of])
        return _timed_build(as_of)


def cold() -> dict[str, Any]:
    """Seconds of the command."""
    from bench.processes import timed
    from flows.paths import DBT_PROJECT, dbt_log_dir, dbt_target_dir
    from flows.transform.environment import dbt_variables
    from flows.transform.invoke import variables

    command = [str(Path(sys.executable).with_name("dbt")), "build", *WITHOUT_UNIT_TESTS]
    command += ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    command += ["--target-path", str(dbt_target_dir()), "--log-path", str(dbt_log_dir())]
    with _warehouse() as connector:
        _load_small(connector)
        seconds, _ = timed(
            [*command, *variables(LAST_DAY, past=False)], Path.cwd(), **dbt_variables(connector)
        )
        return {"seconds": seconds}


def warm() -> dict[str, Any]:
    """Seconds of the build."""
    with _warehouse() as connector:
        _load_small(connector)
        _timed_build(LAST_DAY)
        return _timed_build(LAST_DAY)


@contextmanager
def _warehouse() -> Iterator["SnowflakeConnector"]:
    """One with landing zone and ledger, for dbt too."""
    from local.processes import StandIn

    stand_in = StandIn("warehouse", "SNOWFLAKE_PORT")

    from blocks.settings import read_settings
    from flows.migrations import prepare
    from flows.transform.environment import connection_variables, dbt_variables
    from flows.warehouse import connect

    connector = read_settings()[0].model_copy(update={"port": stand_in.port()}).to_block()
    with connect(connector) as connection:
        prepare(connection, "prod")
    with connection_variables(dbt_variables(connector)):
        yield connector
    _stop_warehouse()


def _stop_warehouse() -> None:
    """However long it takes to close a large database; at exit it would be killed after a while."""
    import psutil

    from flows.paths import warehouse_dir
    from local import service

    endpoint = service.running(warehouse_dir())
    assert endpoint
    server = psutil.Process(endpoint.pid)
    server.terminate()
    server.wait()


def _database() -> Path:
    from flows.paths import warehouse_dir

    [database] = warehouse_dir().glob("*.db")
    return database


def _write(shop: "Shop") -> dict[str, Any]:
    with _warehouse():
        pass
    return {"rows": write_raw(_database(), shop, days_of(shop))}


def _drop_models(connector: "SnowflakeConnector") -> None:
    from flows.warehouse import connect

    with connect(connector) as connection:
        for schema in ("staging", "marts", "alerts", "test_failures"):
            connection.cursor().execute(f"drop schema if exists {schema} cascade")


def _load_small(connector: "SnowflakeConnector") -> None:
    from flows.generate.shop import Shop

    days = [LAST_DAY - timedelta(days=earlier) for earlier in range(SMALL_DAYS)]
    _load(connector, Shop(orders_per_day=SMALL_ORDERS_PER_DAY), days)


def _load(connector: "SnowflakeConnector", shop: "Shop", days: Iterable[date]) -> None:
    from flows.generate.partitions import change_partitions
    from flows.ingest.load import load_batch
    from flows.ingest.staging import BatchWriter
    from flows.paths import staging_dir
    from flows.warehouse import connect

    with BatchWriter("bench", staging_dir(), origin=shop.origin) as writer:
        for group, partitions in change_partitions(shop, days):
            for entity, frame in partitions.items():
                writer.write(entity, frame, group)
    load_batch(partial(connect, connector), writer.batch, report=lambda _line: None)
    writer.batch.discard()


def _timed_build(as_of: date) -> dict[str, Any]:
    from flows.transform.build import dbt_build, parse_ahead

    parse_ahead(as_of)
    os.sync()
    started = monotonic()
    dbt_build(as_of, report=lambda _line: None)
    return {"seconds": monotonic() - started}


if __name__ == "__main__":
    work: dict[str, Callable[..., dict[str, Any]]] = {
        "history": history,
        "odd": odd,
        "whole": whole,
        "models": models,
        "reference": reference,
        "check": check,
        "day": day,
        "cold": cold,
        "warm": warm,
    }
    print(json.dumps(work[sys.argv[1]](*sys.argv[2:])))
