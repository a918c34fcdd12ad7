"""Two whole runs for the same days at once, as two workers make them: one Prefect API, one warehouse."""

import json
import os
import subprocess
import sys
from pathlib import Path

from prefect.settings import PREFECT_API_URL
from prefect_snowflake import SnowflakeConnector

from flows.tables import ENTITIES
from flows.warehouse import connect, rows
from tests.integration.local.stand_ins import REPOSITORY

BLOCK = "tests-of-two-runs"
DAYS = 10


def test_both_end_right_and_each_day_is_loaded_by_one_of_them(
    connector: SnowflakeConnector, prefect_api: None, tmp_path: Path
) -> None:
    connector.save(BLOCK, overwrite=True)
    command = [sys.executable, "-W", "ignore", "-m", "tests.integration.flows.pipelines"]
    command += [BLOCK, "2026-01-31", str(DAYS), str(tmp_path / "one"), str(tmp_path / "other")]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "PREFECT_API_URL": PREFECT_API_URL.value()}
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True
    )
    runs = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [run.get("error") for run in runs] == [None, None], done.stderr
    for run in runs:
        assert (run["dbt"]["error"], run["dbt"]["skip"]) == (0, 0)
        assert run["alerts"] == runs[0]["alerts"]
    with connect(connector) as connection:
        for entity in ENTITIES:
            loaded = [run["loaded"][entity] for run in runs]
            assert sum(load["days"] for load in loaded) == DAYS
            assert [load["days"] + load["skipped_days"] for load in loaded] == [DAYS, DAYS]
            ((stored,),) = rows(connection, f"select count(*) from raw.{entity}")
            assert sum(load["rows"] for load in loaded) == stored > 0
        assert rows(connection, "select count(*) from ops.load_manifest") == [(DAYS * len(ENTITIES),)]
        assert rows(connection, "list @raw.landing") == []
