import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from prefect_snowflake import SnowflakeConnector

from flows.ingest.leftovers import STAGE_AGE, remove_leftovers
from flows.ingest.upload import put_files
from flows.warehouse import connect
from tests.integration.flows.ingest.batches import DAYS, staged_products
from tests.integration.local.stand_ins import REPOSITORY, StandIn

DIE = """
import os, sys
from datetime import date
from pathlib import Path
from flows.ingest.staging import BatchWriter
for batch_id in sys.argv[2:]:
    BatchWriter(batch_id, Path(sys.argv[1]), "simulated").__enter__()
os._exit(9)
"""


def abandon(root: Path, *batch_ids: str) -> None:
    """Begin these batches in a process that dies."""
    command = [sys.executable, "-W", "ignore", "-c", DIE, str(root), *batch_ids]
    assert subprocess.run(command, cwd=REPOSITORY, check=False).returncode == 9


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "stage"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A directory with something to upload."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "some.parquet").write_bytes(b"PAR1")
    return tmp_path / "files"


def folders(shop) -> set[str]:
    """What the stage holds, by batch."""
    return {name.split("/")[1] for name, *_ in shop.rows("list @raw.landing")}


def clean(shop, root: Path) -> list[str]:
    lines: list[str] = []
    remove_leftovers(shop.connection, root, lines.append)
    return lines


def test_what_a_killed_run_left_on_disk_and_stage_is_removed_and_live_runs_keep_theirs(
    shop, root: Path, file: Path
) -> None:
    abandon(root, "dead-1")
    staged_products(root, "dead-10", {DAYS[0]: "P"})  # this process is its owner, and alive
    for batch_id in ("dead-1", "dead-10"):
        put_files(shop.connection, file, f"{batch_id}/attempt/products")
    assert clean(shop, root) == ["removed batch dead-1, left behind by a run that ended half way"]
    assert [directory.name for directory in root.iterdir()] == ["dead-10"]
    assert folders(shop) == {"dead-10"}
    assert clean(shop, root) == []


def test_where_there_is_nothing_to_remove_nothing_is_said(shop, root: Path) -> None:
    assert clean(shop, root) == []


def test_folders_on_the_stage_go_when_nothing_in_them_is_younger_than_a_day(
    shop, root: Path, file: Path, pipeline_warehouse: StandIn
) -> None:
    for path in ("old/a/products", "young/a/products", "busy/a/products", "busy/b/products"):
        put_files(shop.connection, file, path)
    stages = pipeline_warehouse.data_dir / "warehouse" / "stages" / shop.connection.database
    (landing,) = stages.glob("*/LANDING")
    for path, age in (
        ("old/a/products", STAGE_AGE + timedelta(minutes=1)),
        ("young/a/products", STAGE_AGE - timedelta(minutes=1)),
        ("busy/a/products", 3 * STAGE_AGE),
    ):
        (uploaded,) = (landing / path).iterdir()
        moment = uploaded.stat().st_mtime - age.total_seconds()
        os.utime(uploaded, (moment, moment))
    (line,) = clean(shop, root)
    assert line.startswith("removed @raw.landing/old, untouched since ")
    assert folders(shop) == {"young", "busy"}


def test_what_cannot_be_removed_is_said_and_fails_no_run_and_the_directory_stays(
    connector: SnowflakeConnector, root: Path
) -> None:
    abandon(root, "dead")
    lines: list[str] = []
    with connect(connector) as connection:  # to a database without a stage
        remove_leftovers(connection, root, lines.append)
    (line,) = lines
    assert line.startswith("cannot remove what earlier runs left on @raw.landing: ")
    assert (root / "dead").is_dir()
