"""Ways to go through an export of `bench/exports.py`, each in a process of its own; a script.

    check DIRECTORY    the dry run behind `python -m flows.ingest check`
    typed DIRECTORY    Polars reading the same file to the same types
    cast DIRECTORY     Polars reading it as text and casting, told each format, which is faster
    text DIRECTORY     Polars reading it as text

Prints rows, seconds without imports, and the bytes of memory at most.
"""

import json
import resource
import sys
from pathlib import Path
from time import monotonic

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import polars as pl

from bench.exports import AS_OF, TIMESTAMP, TYPES
from flows.ingest.source.description import read_description
from flows.ingest.source.read import DryRun, read_source_files, reject_limit


def check(directory: Path) -> dict[str, int]:
    """Read and judge, as the command does; its limit of rejected rows included."""
    source = read_description(directory / "source.toml")
    reading = read_source_files(source, AS_OF, DryRun())
    reading.check(reject_limit(None, source))
    total = reading.entities["orders"].total
    return {"rows": total.read, "rejected": total.rejected}


def typed(directory: Path) -> dict[str, int]:
    """Read to the same types; what cannot be read becomes null: an error would end the reading."""
    frame = pl.read_csv(directory / "orders.csv", schema=TYPES, ignore_errors=True)
    return {"rows": frame.height, "rejected": 0}


def cast(directory: Path) -> dict[str, int]:
    """The same as `typed`."""
    lines = pl.scan_csv(directory / "orders.csv", infer_schema=False)
    frame = lines.with_columns(_cast(name, kind) for name, kind in TYPES.items()).collect()
    return {"rows": frame.height, "rejected": 0}


def _cast(name: str, kind: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        return column.str.to_datetime(TIMESTAMP, time_unit="us", strict=False, cache=False)
    return (
        column.str.to_date("%Y-%m-%d", strict=False) if kind == pl.Date else column.cast(kind, strict=False)
    )


def text(directory: Path) -> dict[str, int]:
    """No type is asked for, and none guessed."""
    frame = pl.read_csv(directory / "orders.csv", infer_schema=False)
    return {"rows": frame.height, "rejected": 0}


if __name__ == "__main__":
    work = {"check": check, "typed": typed, "cast": cast, "text": text}[sys.argv[1]]
    started = monotonic()
    result: dict[str, float] = dict(work(Path(sys.argv[2])))
    result["seconds"] = monotonic() - started
    result["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(result))
