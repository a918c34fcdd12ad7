"""What a disk refuses, in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from flows.errors import StagingError


@contextmanager
def disk_errors(target: Path) -> Iterator[None]:
    """Make room for `target` and report what the disk refuses inside the block.

    Raises:
        StagingError: the disk is full or cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except (OSError, pl.exceptions.ComputeError) as error:
        # Polars reports what the disk refuses as a computation that failed
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        if isinstance(error, FileExistsError) and not target.parent.is_dir():
            reason = "Not a directory"
        raise StagingError(
            f"cannot write {target.parent}: {reason}; nothing was loaded. "
            "Free some space, or point ORDERS_DATA_DIR at a larger disk, and run again"
        ) from None


def write_new(frame: pl.DataFrame, target: Path) -> None:
    """Write a frame as a Parquet file that was not there before.

    Raises:
        StagingError: the disk is full or cannot be written.
    """
    with disk_errors(target), target.open("xb") as file:
        frame.write_parquet(file, compression="zstd", compression_level=1)
