"""Some days out of a batch's files."""

import shutil
from collections.abc import Collection
from datetime import date
from pathlib import Path

import polars as pl

from flows.ingest.disk import disk_errors, write_new


def narrow(files: Path, days: Collection[date], target: Path, tag: str) -> Path:
    """Make the directory `target`, whose files hold the rows of `days`, one file at a time in memory.

    Args:
        files: the directory with all days.
        days: values of `_batch_day` to keep.
        target: what was finished there before stays as it is.
        tag: ends the files' names in place of their hash, so that no name stands for two contents.

    Raises:
        StagingError: the disk is full or cannot be written.
    """
    if target.is_dir():
        return target
    draft = target.with_name(f"{target.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    with disk_errors(draft / "file"):
        for file in sorted(files.glob("*.parquet")):
            wanted = pl.col("_batch_day").is_in(sorted(days))
            rows = pl.scan_parquet(file, glob=False).filter(wanted).collect()
            if not rows.is_empty():
                write_new(rows, draft / f"{file.stem.rpartition('-')[0]}-{tag}.parquet")
        draft.rename(target)
    return target
