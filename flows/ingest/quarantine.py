"""Rows that cannot be used: as they stood in their file, with the reason, where people can look at them."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from flows.ingest.disk import disk_errors
from flows.paths import rejects_dir
from flows.tables import ENTITIES

# Columns of RAW.REJECTED_ROWS, without the batch: one row for each record that was set aside.
REJECTS = pl.Schema(
    {
        "entity": pl.String(),
        "file": pl.String(),
        "line": pl.Int64(),
        "column_name": pl.String(),
        "value": pl.String(),
        "reason": pl.String(),
        "source_row": pl.String(),
        "_batch_day": pl.Date(),
    }
)
# What of it belongs to the content of a day.
CONTENT = ("column_name", "value", "reason", "source_row")
VALUE_CHARACTERS = 500
# A warehouse takes texts of 16 MiB; in records longer than this, each text is cut like `value`.
RECORD_BYTES = 2**20
# The years 1 to 9999, in days since 1970.
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896


@dataclass(frozen=True)
class Flaw:
    """What is wrong in some rows: a mask of them, the column as its file calls it, and the reason.

    Where the mask is null, nothing is wrong.
    """

    rows: pl.Series
    column: str
    reason: str


@dataclass(frozen=True)
class Origin:
    """Where the rows of a frame come from.

    `file` names it for people, `records` are the rows as they stand there, under the names they have
    there; `lines` gives for positions in the frame (UInt32) the lines (Int64).
    """

    file: str
    records: pl.DataFrame
    lines: Callable[[pl.Series], pl.Series]


def first_flaws(
    flaws: Iterable[Flaw], excused: pl.Series | None = None
) -> tuple[list[Flaw], pl.Series | None]:
    """The flaws, each row in no more than one of them: the first. And all rows that are in one.

    Args:
        excused: rows of which nothing is asked.
    """
    first: list[Flaw] = []
    seen = excused
    for flaw in flaws:
        rows = flaw.rows.fill_null(False) if flaw.rows.has_nulls() else flaw.rows
        rows = rows if seen is None else rows & ~seen
        if rows.any():
            first.append(Flaw(rows, flaw.column, flaw.reason))
            seen = rows if seen is None else seen | rows
    if not first:
        return [], None
    return first, seen if excused is None else seen & ~excused


def set_aside(entity: str, flaws: Sequence[Flaw], origin: Origin, days: pl.Series) -> pl.DataFrame:
    """The rows of these flaws as `REJECTS`, in their order; no row is in two of the flaws.

    Args:
        days: the `_batch_day` of every row.
    """
    found = [
        pl.select(
            row=(rows := flaw.rows.arg_true()),
            column_name=pl.lit(flaw.column),
            value=_texts(origin.records, flaw.column, rows),
            reason=pl.lit(flaw.reason),
        )
        for flaw in flaws
    ]
    rejects = pl.concat(found).sort("row")
    rows = rejects["row"]
    return rejects.select(
        pl.lit(entity).alias("entity"),
        pl.lit(origin.file).alias("file"),
        origin.lines(rows).cast(pl.Int64).alias("line"),
        "column_name",
        "value",
        "reason",
        _as_json(origin.records[rows]).alias("source_row"),
        days[rows].alias("_batch_day"),
    )


def publish(rejected: Path, as_of: date) -> dict[str, Path]:
    """Put the rejected rows of a batch where people find them, in place of what was there for the day.

    Args:
        rejected: directory with a directory of Parquet files for each entity that has such rows.

    Returns:
        `rejects/<as_of>/<entity>.parquet` for each of these; for the others there is none afterwards.

    Raises:
        StagingError: the disk is full or cannot be written.
    """
    published = {}
    for entity in ENTITIES:
        target = rejects_dir() / str(as_of) / f"{entity}.parquet"
        parts = sorted((rejected / entity).glob("*.parquet"))
        if not parts:
            if target.exists():
                with disk_errors(target):
                    target.unlink()
            continue
        draft = target.with_name(f".{target.name}.{rejected.parent.name}")
        try:
            with disk_errors(draft):
                pl.scan_parquet(parts, glob=False).select(REJECTS.names()).sink_parquet(draft)
                draft.replace(target)
        finally:
            with suppress(OSError):
                draft.unlink()
        published[entity] = target
    with suppress(OSError):  # not empty, or not there
        (rejects_dir() / str(as_of)).rmdir()
    return published


def _texts(records: pl.DataFrame, column: str, rows: pl.Series) -> pl.Series:
    """What stands in these rows of the column, as text; null where the file has no such column."""
    if column not in records.columns:
        return pl.repeat(None, rows.len(), dtype=pl.String, eager=True)
    found = records[column].gather(rows)
    if found.dtype.is_nested() or found.dtype == pl.Duration:
        return _json(found.to_frame()).str.head(VALUE_CHARACTERS)
    return _printable(found).cast(pl.String).str.head(VALUE_CHARACTERS)


def _as_json(records: pl.DataFrame) -> pl.Series:
    """Each record as a JSON object."""
    whole = _json(records)
    short_enough = whole.str.len_bytes() <= RECORD_BYTES
    if short_enough.all():
        return whole
    short = {
        values.name: _plain(values).str.head(VALUE_CHARACTERS) if values.dtype == pl.String else values
        for values in records
    }
    return whole.zip_with(short_enough, _json(pl.DataFrame(short)))


def _json(records: pl.DataFrame) -> pl.Series:
    printable = pl.DataFrame({values.name: _printable(values) for values in records})
    return printable.to_struct("record").struct.json_encode()


def _printable(values: pl.Series) -> pl.Series:
    """The values, or what stands for them where they are bytes, which are no text."""
    if values.dtype == pl.Binary:
        return _plain(values).bin.encode("hex")
    if "Binary" in str(values.dtype):
        return pl.repeat(str(values.dtype), values.len(), eager=True)
    if isinstance(values.dtype, pl.Date | pl.Datetime):
        return _within_calendar(_plain(values))
    if values.dtype.is_nested():
        return _plain(values).cast(_without_calendar(values.dtype))
    return _plain(values)


def _within_calendar(values: pl.Series) -> pl.Series:
    """Dates, or where one lies beyond the calendar, which Polars cannot print, texts: of those the number."""
    numbers = values.to_physical()
    per_day = {"ms": 86_400_000, "us": 86_400_000_000}
    unit = getattr(values.dtype, "time_unit", None)
    if unit == "ns":  # all that fits in there lies in the calendar
        return values
    day = 1 if unit is None else per_day[unit]
    beyond = ~numbers.is_between(_FIRST_DAY * day, _LAST_DAY * day).fill_null(True)
    if not beyond.any():
        return values
    return values.set(beyond, None).cast(pl.String).fill_null(numbers.cast(pl.String))


def _without_calendar(kind: pl.DataType) -> pl.DataType:
    """The type with numbers in place of dates, which may lie beyond the calendar, at any depth."""
    if isinstance(kind, pl.List | pl.Array):
        return pl.List(_without_calendar(kind.inner))  # type: ignore[arg-type]  # an instance
    if isinstance(kind, pl.Struct):
        return pl.Struct({field.name: _without_calendar(field.dtype) for field in kind.fields})  # type: ignore[arg-type]
    if kind.is_temporal():
        return pl.Int32() if kind == pl.Date else pl.Int64()
    return kind


def _plain(values: pl.Series) -> pl.Series:
    """The same under a name of ours: of theirs, Polars takes `*` and `^...$` for patterns."""
    return values.alias("values")
