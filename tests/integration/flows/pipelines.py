"""A process that runs whole pipelines, each in a process of its own, all at once, on one Prefect API.

Arguments: the block, the as-of day, the days, and a data directory for each run. Each run's summary is a
JSON object on a line of stdout; what went wrong is one under "error".
"""

import json
import os
import sys
from datetime import date

from flows.main import ecommerce_pipeline


def run(block: str, as_of: str, days: str, data_dir: str) -> None:
    """One run."""
    os.environ["ORDERS_DATA_DIR"] = data_dir
    try:
        summary = ecommerce_pipeline(
            date.fromisoformat(as_of), int(days), orders_per_day=20, notify=False, warehouse_block=block
        )
        answer = summary.to_json()
    except BaseException as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)


def main(block: str, as_of: str, days: str, *data_dirs: str) -> None:
    """Run them all."""
    children = []
    for data_dir in data_dirs:
        children.append(os.fork())  # the imports are what takes long
        if children[-1] == 0:
            run(block, as_of, days, data_dir)
            os._exit(0)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
