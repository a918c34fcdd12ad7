"""The flow and the plain functions in one process, on databases of their own; seconds of the second time."""

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import monotonic

sys.path[0] = str(Path(__file__).resolve().parent.parent)


def main(as_of: date, days: int, orders_per_day: int) -> None:
    """Both once to be warm, then both once for the figure."""
    from bench.plain_script import steps
    from blocks.settings import read_settings
    from flows import console

    console.quiet_prefect()
    from flows.main import ecommerce_pipeline

    snowflake, email = read_settings()

    def flow(number: int) -> None:
        name = f"bench-{number}"
        snowflake.model_copy(update={"database": f"BENCH_{number}"}).to_block().save(name, overwrite=True)
        ecommerce_pipeline(as_of, days, orders_per_day, warehouse_block=name)

    def plain(number: int) -> None:
        connector = snowflake.model_copy(update={"database": f"BENCH_{number}"}).to_block()
        steps(connector, email.to_block(), as_of, days, orders_per_day)

    def seconds(way: Callable[[int], None], number: int) -> float:
        started = monotonic()
        way(number)
        return monotonic() - started

    flow(1)
    plain(2)
    print(json.dumps({"flow": seconds(flow, 3), "plain": seconds(plain, 4)}))


if __name__ == "__main__":
    main(date.fromisoformat(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
