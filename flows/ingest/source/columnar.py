"""Parquet in pieces of bounded size, whatever the size of its row groups.

Read with Arrow: it streams the pages of a row group, does not map the file into memory (a mapped file
that is cut short while it is read ends the process), and reports what is damaged as an error.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from flows.errors import SourceError

PIECE_ROWS = 200_000
PIECE_BYTES = 64 * 1024**2
# Ids differ from row to row and take about a byte each even compressed; only what repeats takes less.
MOST_ROWS_PER_BYTE = 50

_ROWS_AT_ONCE = 32_768
_BUFFER_BYTES = 1024**2
_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_IS_ENCRYPTED = "is encrypted; export it without encryption"
_LONGEST_TOLD = 160
_REFUSALS = (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, TypeError)


def read_parquet(
    path: Path, piece_rows: int = PIECE_ROWS, piece_bytes: int = PIECE_BYTES
) -> Iterator[tuple[pl.DataFrame, pl.Series]]:
    """The rows of a Parquet file in native types, and their numbers (Int64; the first is 1).

    Names of columns are trimmed. UUIDs, and what is kept as a dictionary, come as text, moments with a
    zone in UTC. There is at least one frame, of height 0 where the file has no rows.

    Raises:
        SourceError: it is truncated, damaged, encrypted or no Parquet; it has more than
            `MOST_ROWS_PER_BYTE`, no columns, a repeated or blank name, or a type that Polars does not
            know. Damage may be noticed late.
    """
    with _troubles(path):
        _reject_other_formats(path)
        with pq.ParquetFile(
            path, pre_buffer=False, buffer_size=_BUFFER_BYTES, page_checksum_verification=True
        ) as file:
            rows = file.metadata.num_rows
            if rows > MOST_ROWS_PER_BYTE * path.stat().st_size:
                raise SourceError(f"{path}: claims {rows:,} rows, more than a file of its size can hold")
            names = _names(path, file.schema_arrow.names)
            read = 0
            for piece in _pieces(file, piece_rows, piece_bytes):
                frame = _frame(path, names, piece)
                yield frame, pl.int_range(read + 1, read + frame.height + 1, eager=True).alias("line")
                read += frame.height
            if read != rows:
                raise SourceError(f"{path}: is damaged: claims {rows:,} rows and holds {read:,}")


@contextmanager
def _troubles(path: Path) -> Iterator[None]:
    """Whatever a library says of a file, in one line; Polars panics with what is no Exception."""
    try:
        yield
    except SourceError:
        raise
    except (Exception, pl.exceptions.PanicException) as error:
        if "decrypt" in str(error).lower():
            raise SourceError(f"{path}: {_IS_ENCRYPTED}") from None
        raise SourceError(f"{path}: cannot be read as Parquet ({_plain(error)}); export it again") from None


def _plain(told: object) -> str:
    """What a library, or somebody's file, says: in one line, and not all of it."""
    text = "".join(character if character.isprintable() else " " for character in str(told)).strip()
    return (text if len(text) <= _LONGEST_TOLD else f"{text[:_LONGEST_TOLD]}...") or "unreadable"


def _reject_other_formats(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(max(file.seek(0, 2) - 4, 0))
        end = file.read(4)
    if not start:
        raise SourceError(f"{path}: is empty")
    if _ENCRYPTED in (start, end):
        raise SourceError(f"{path}: {_IS_ENCRYPTED}")
    if not _MAGIC.startswith(start):
        raise SourceError(f"{path}: is no Parquet file: it begins with {start!r}")
    if end != _MAGIC:
        raise SourceError(f"{path}: is truncated: the end of the Parquet file is missing")


def _names(path: Path, written: list[str]) -> list[str]:
    names = [name.strip() for name in written]
    if not names:
        raise SourceError(f"{path}: has no columns")
    if "" in names:
        raise SourceError(f"{path}: column {names.index('') + 1} has no name")
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise SourceError(f"{path}: column {_plain(name)} stands more than once")
        seen.add(name.lower())
    return names


def _pieces(file: pq.ParquetFile, piece_rows: int, piece_bytes: int) -> Iterator[pa.Table]:
    """Tables of at most so many rows and bytes, or of one batch; an empty one if there are no rows."""
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    # wide rows, such as with pictures in them, must not be read by the thousand
    width = max((group.total_byte_size / group.num_rows for group in groups if group.num_rows > 0), default=1)
    at_once = max(1, min(_ROWS_AT_ONCE, piece_rows, int(piece_bytes / 4 / max(width, 1))))
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in file.iter_batches(at_once):
        if held and (rows + batch.num_rows > piece_rows or size + batch.nbytes > piece_bytes):
            yield pa.Table.from_batches(held)
            held, rows, size = [], 0, 0
        held.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
    yield pa.Table.from_batches(held, None if held else file.schema_arrow)


def _frame(path: Path, names: list[str], piece: pa.Table) -> pl.DataFrame:
    for name, column in zip(names, piece.columns, strict=True):
        try:
            # text is not checked on reading, and Polars trusts it to be UTF-8
            column.validate(full=True)
        except pa.ArrowInvalid as error:
            reason = _plain(error).rpartition("Invalid: ")[2]
            raise SourceError(
                f"{path}: column {_plain(name)} is damaged ({reason}); export the file again"
            ) from None
    uuids = [name for name, kind in zip(names, piece.schema.types, strict=True) if kind == pa.uuid()]
    try:
        table = pa.table([_storable(column) for column in piece.columns], names)
        frame = pl.DataFrame(table)
    except _REFUSALS:
        for name, column in zip(names, piece.columns, strict=True):
            _reject_unknown_type(path, name, column)
        raise
    return frame.with_columns(_uuid_text(name) for name in uuids)


def _reject_unknown_type(path: Path, name: str, column: pa.ChunkedArray) -> None:
    try:
        pl.Series(name, _storable(column))
    except _REFUSALS as error:
        what = f"{_plain(column.type)}, which cannot be read ({_plain(error)})"
        raise SourceError(
            f"{path}: column {_plain(name)} holds {what}; leave it out, or write it as text"
        ) from None


def _storable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The same values in a type that Polars has and that needs no memory beyond the piece; moments in UTC."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type)
    if pa.types.is_dictionary(kind):
        # as categories they would all be kept to the end
        return column.cast(kind.value_type)
    if pa.types.is_timestamp(kind) and kind.tz:
        # the same moments, whether or not Polars knows the zone
        return column.cast(pa.timestamp(kind.unit, "UTC"))
    if pa.types.is_decimal256(kind):
        return column.cast(pa.decimal128(38, kind.scale))
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        return column.cast(pa.large_list(kind.value_field))
    if _has_wide_decimals(kind):
        raise TypeError("decimals of more than 38 digits inside")
    return column


def _has_wide_decimals(kind: pa.DataType) -> bool:
    """Which Polars panics of, to the terminal as well."""
    inside = (kind.field(number).type for number in range(kind.num_fields))
    return pa.types.is_decimal256(kind) or any(map(_has_wide_decimals, inside))


def _uuid_text(name: str) -> pl.Expr:
    digits = pl.col(name).bin.encode("hex").str
    parts = [digits.slice(start, length) for start, length in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
    return pl.concat_str(parts, separator="-").alias(name)
