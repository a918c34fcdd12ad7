"""The process that is killed: what one run of the pipeline does between its frames and the raw tables.

All that these tests know of the code under test is here: staging and loading as the `load-raw` step and
the steps before it do them.
"""

import importlib
import itertools
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import snowflake.connector.file_transfer_agent  # noqa: F401 - else each process would load it for itself
from snowflake.connector import SnowflakeConnection

from blocks.settings import SnowflakeSettings
from flows.ingest import staging
from flows.ingest.leftovers import remove_leftovers
from flows.ingest.load import load_batch
from flows.ingest.manifest import origins
from flows.ingest.retries import Session
from flows.ingest.staging import BatchWriter, StagedBatch
from flows.paths import staging_dir
from flows.warehouse import connect

ORIGIN = "simulated"


@dataclass(frozen=True)
class Batch:
    """What a run wants to load: Parquet files with rows and rejects, and the days they speak of."""

    rows: Mapping[str, Path]
    rejects: Path
    days: tuple[date, ...]
    file_rows: int  # a staged file has about so many


@dataclass(frozen=True)
class Errand:
    """One run: which batch, under which name, by which port into which database, with its local state."""

    batch: Batch
    batch_id: str
    port: int
    database: str
    data_dir: Path


def stage(batch: Batch, batch_id: str, root: Path) -> StagedBatch:
    """Write the batch below `root`, as the step before `load-raw` does."""
    staging.FILE_ROWS = batch.file_rows
    rejects = pl.read_parquet(batch.rejects)
    with BatchWriter(batch_id, root, origin=ORIGIN) as writer:
        for entity, file in batch.rows.items():
            frame = pl.read_parquet(file)
            for day in batch.days:
                writer.write(entity, frame.filter(pl.col("_batch_day") == day), [day])
            rejected = rejects.filter(pl.col("entity") == entity)
            writer.reject(rejected)
            writer.hand_in(entity, _by_day(frame, rejected), {})
        writer.rejected()
    return writer.batch


def load(errand: Errand, report: Callable[[str], None]) -> None:
    """Load the staged batch and tidy up, as `load-raw` does."""
    batch = StagedBatch.open(staging_dir() / errand.batch_id)
    settings = SnowflakeSettings(port=errand.port, database=errand.database)
    open_session = partial(connect, settings.to_block(), "load-raw")
    try:
        load_batch(open_session, batch, report)
    finally:
        batch.discard()
    with Session(open_session, _as_it_is, report) as session:
        session.run(partial(remove_leftovers, root=staging_dir(), report=report), "tidying up")
        session.run(origins, "reading the manifest")


def stage_and_die(errand: Errand, changes: int) -> None:
    """Stage, narrow and discard the batch, but die of SIGKILL after so many changes to its directory."""
    os.environ["ORDERS_DATA_DIR"] = str(errand.data_dir)
    left = itertools.count(changes, -1)

    def before(event: str, arguments: tuple[Any, ...]) -> None:
        path, how = arguments[:2] if len(arguments) > 1 else (None, None)
        writes = event == "open" and isinstance(how, str) and how[0] in "wxa"
        adds = event in ("os.mkdir", "os.rename") or writes
        changes = event in ("os.remove", "os.rmdir") or (adds and errand.batch_id in str(path))
        if changes and next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(before)
    batch = stage(errand.batch, errand.batch_id, staging_dir())
    for entity in errand.batch.rows:
        batch.narrowed(entity, errand.batch.days[-1:])
    batch.discard()
    os._exit(0)


def run(errand: Errand) -> None:
    """The whole life of the process; its exit status is 0 if everything succeeded."""
    with _life(errand.data_dir, errand.batch_id):
        stage(errand.batch, errand.batch_id, staging_dir())
        load(errand, partial(print, flush=True))


def run_flow(flow: str, api_url: str, data_dir: Path, name: str, parameters: Mapping[str, Any]) -> None:
    """The whole life of a process that runs a flow, `module:name`, on the Prefect server at `api_url`."""
    from prefect.context import _temporary_global_settings_context, get_settings_context
    from prefect.settings import PREFECT_API_URL, temporary_settings

    module, _, function = flow.partition(":")
    with (
        _life(data_dir, name),
        temporary_settings({PREFECT_API_URL: api_url}),
        # also outside of this context, as if it had been in the environment
        _temporary_global_settings_context(get_settings_context()),
    ):
        getattr(importlib.import_module(module), function)(**parameters)


@contextmanager
def _life(data_dir: Path, name: str) -> Iterator[None]:
    """Local state below `data_dir`, all output to a log there; the process ends with the block."""
    log = (data_dir / f"{name}.log").open("w", buffering=1, encoding="utf-8")
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    os.environ["ORDERS_DATA_DIR"] = str(data_dir)
    os.environ["SNOWFLAKE_DISABLE_PLATFORM_DETECTION"] = "true"  # a login would look for clouds around it
    status = 1
    try:
        yield
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)  # nothing that a parent process registered is done here


def _by_day(*frames: pl.DataFrame) -> dict[date, int]:
    days = pl.concat(frame.select("_batch_day") for frame in frames)
    return dict(days.group_by("_batch_day").len().iter_rows())


def _as_it_is(_connection: SnowflakeConnection) -> None:
    """The landing zone was made by the load."""
