"""The one entrance to a shop's files: records of an entity, whatever the format they come in."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.ingest.source.description import EntitySource
from flows.ingest.source.files import check, described_format, find_files, reject_changed


@dataclass(frozen=True)
class Records:
    """A piece of one file.

    `frame` has the columns of the file under their own names, trimmed: all String for CSV and NDJSON,
    native types for Parquet. `lines` (Int64, of the same height) tells where each record starts: the
    line of the file, of which the first is 1, or in Parquet the row.
    """

    file: Path
    frame: pl.DataFrame
    lines: pl.Series


def read_records(source: EntitySource) -> Iterator[Records]:
    """All records of an entity, file by file in the order of their names, in pieces of bounded size.

    Every file is looked at before the first is read, and yields at least one piece, maybe of height 0.

    Raises:
        SourceError: naming a file that cannot be read, or was changed while it was read.
    """
    files = [(file, described_format(file, source)) for file in find_files(source)]
    for file, format_ in files:
        before = check(file, source)
        try:
            for frame, lines in _read(file, format_, source):
                yield Records(file, frame, lines)
        except Exception:
            # what is being written looks broken in many ways
            reject_changed(file, before)
            raise
        reject_changed(file, before)


def _read(file: Path, format_: str, source: EntitySource) -> Iterator[tuple[pl.DataFrame, pl.Series]]:
    # imported where needed: nobody has to wait for readers of formats that are not there
    if format_ == "parquet":
        from flows.ingest.source.columnar import read_parquet

        return read_parquet(file)
    if format_ == "ndjson":
        from flows.ingest.source.ndjson import read_ndjson

        return read_ndjson(file, source.encoding)
    from flows.ingest.source.delimited import read_delimited

    return read_delimited(file, source.delimiter, source.encoding)
