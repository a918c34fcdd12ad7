"""Several processes that load at the same time."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.ingest.staging import StagedBatch
from flows.tables import ENTITIES
from tests.integration.flows.ingest.batches import DAYS, stage_is_empty, staged
from tests.integration.local.stand_ins import REPOSITORY, StandIn

PROCESSES = 4


@pytest.fixture
def loader(shop, pipeline_warehouse: StandIn) -> Iterator[subprocess.Popen[str]]:
    """Loads batches into the test's shop, each in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.integration.flows.ingest.loader"]
    command += [str(pipeline_warehouse.port), shop.connection.database]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        env=environment,
        text=True,
    ) as process:
        yield process
        process.communicate()


def load_at_once(loader: subprocess.Popen[str], batches: list[StagedBatch]) -> list[dict[str, list[str]]]:
    """What became of each batch's days, by entity; all began at the same moment."""
    assert loader.stdin
    assert loader.stdout
    loader.stdin.write(json.dumps([str(batch.directory) for batch in batches]) + "\n")
    loader.stdin.flush()
    return [json.loads(loader.stdout.readline()) for _ in batches]


def test_each_content_is_loaded_by_one_of_them_and_each_day_belongs_to_one(
    shop, loader: subprocess.Popen[str], tmp_path: Path
) -> None:
    same = [staged(tmp_path, f"same-{n}") for n in range(PROCESSES)]
    answers = load_at_once(loader, same)
    assert [set(answer) for answer in answers] == [set(ENTITIES)] * PROCESSES
    for entity in ENTITIES:
        for number, _day in enumerate(DAYS):
            found = Counter(answer[entity][number] for answer in answers)
            assert found == {"loaded": 1, "skipped": PROCESSES - 1}
        assert shop.value(f"select count(*) from raw.{entity}") == same[0].rows()[entity]
    assert stage_is_empty(shop)

    different = [staged(tmp_path, f"other-{n}", seed=10 + n) for n in range(PROCESSES)]
    answers = load_at_once(loader, different)
    for entity in ENTITIES:
        assert [answer[entity] for answer in answers] == [["replaced"] * len(DAYS)] * PROCESSES
        stored = shop.rows(
            f"select _batch_day, count(distinct _batch_id), min(_batch_id), count(*) from raw.{entity} "
            "group by 1 order by 1"
        )
        assert [row[:2] for row in stored] == [(day, 1) for day in DAYS]
        (winner,) = {batch for _, _, batch, _ in stored}
        (batch,) = (batch for batch in different if batch.batch_id == winner)
        manifest = shop.rows(
            "select batch_day, batch_id, row_count, content_hash from ops.load_manifest "
            f"where entity = '{entity}' order by 1"
        )
        assert manifest == [
            (day, winner, rows, batch.days[entity][day].content_hash) for day, _, _, rows in stored
        ]
    assert stage_is_empty(shop)
