"""A process that loads each batch whose directory it is told on stdin, and answers with a line of JSON."""

import json
import sys
from functools import partial
from pathlib import Path

from blocks.settings import SnowflakeSettings
from flows.ingest.load import load_batch
from flows.ingest.staging import StagedBatch
from flows.warehouse import connect
from tests.integration.flows.ingest.batches import outcomes


def main(port: str, database: str) -> None:
    """Serve until stdin ends."""
    opener = partial(connect, SnowflakeSettings(port=int(port), database=database).to_block())
    print("ready", flush=True)
    for line in sys.stdin:
        lines: list[str] = []
        loaded = load_batch(opener, StagedBatch.open(Path(line.strip())), lines.append)
        print(json.dumps({"outcomes": outcomes(loaded), "lines": lines}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
