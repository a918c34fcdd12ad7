"""A process that loads batches, each in a process of its own, all at once.

Each line on stdin is a JSON list of batch directories; each of them is answered by a JSON object in a line.
"""

import json
import os
import sys
from functools import partial
from pathlib import Path

from blocks.settings import SnowflakeSettings
from flows.ingest.load import load_batch
from flows.ingest.staging import StagedBatch
from flows.warehouse import connect
from tests.integration.flows.ingest.batches import outcomes


def load(port: int, database: str, directory: str) -> None:
    """Load one batch and say what became of it."""
    opener = partial(connect, SnowflakeSettings(port=port, database=database).to_block())
    try:
        answer = outcomes(load_batch(opener, StagedBatch.open(Path(directory)), lambda line: None))
    except Exception as error:
        answer = {"error": [repr(error)]}
    os.write(1, f"{json.dumps(answer)}\n".encode())  # short enough to be written whole


def main(port: str, database: str) -> None:
    """Serve until stdin ends."""
    for line in sys.stdin:
        children = []
        for directory in json.loads(line):
            children.append(os.fork())  # the imports are what takes long
            if children[-1] == 0:
                load(int(port), database, directory)
                os._exit(0)
        for child in children:
            os.waitpid(child, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
