"""The flow and the plain functions in one process, in turns, on databases of their own; seconds of each."""

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect_snowflake import SnowflakeConnector

sys.path[0] = str(Path(__file__).resolve().parent.parent)


def main(as_of: date, days: int, orders_per_day: int, pairs: int) -> None:
    """Both once to be warm, then as many pairs as asked for."""
    from bench.plain_script import steps
    from blocks.settings import read_settings
    from flows import console

    console.quiet_prefect()
    from flows.heartbeat import no_heartbeat
    from flows.main import ecommerce_pipeline

    snowflake, email = read_settings()

    def flow(number: int) -> float:
        name = f"bench-{number}"
        warehouse(number).save(name, overwrite=True)
        return seconds(lambda: ecommerce_pipeline(as_of, days, orders_per_day, warehouse_block=name))

    def plain(number: int) -> float:
        connector = warehouse(number)
        return seconds(lambda: steps(connector, email.to_block(), as_of, days, orders_per_day))

    def warehouse(number: int) -> "SnowflakeConnector":
        return snowflake.model_copy(update={"database": f"BENCH_{number}"}).to_block()

    flow(1)
    plain(2)
    taken = []
    with no_heartbeat():  # the run has ended when Prefect waits for the thread that tells of it
        for number in range(3, 3 + 2 * pairs, 2):
            taken.append({"flow": flow(number), "plain": plain(number + 1)})
    print(json.dumps({"pairs": taken}))


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    started = monotonic()
    work()
    return monotonic() - started


if __name__ == "__main__":
    main(date.fromisoformat(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
