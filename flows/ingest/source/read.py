"""A shop's own files, entity by entity: records, typed rows, and what the intake makes of them."""

import os
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

from flows.ahead import one_ahead
from flows.errors import SourceError
from flows.ingest.intake import Intake, Piece
from flows.ingest.keys import Keys
from flows.ingest.quarantine import Flaw, Origin
from flows.ingest.references import References
from flows.ingest.sink import DryRun, Sink
from flows.ingest.source.description import SNAPSHOT, EntitySource, Source
from flows.ingest.source.parse import Parsed, Parser
from flows.ingest.source.records import Records, read_records
from flows.ingest.tally import DEFAULT_REJECT_RATE, Reading

__all__ = ["DryRun", "read_source_files", "reject_limit"]


def reject_limit(asked_for: float | None, source: Source) -> float:
    """The largest share of rows that may be rejected: as asked for, else as described, else the default."""
    for limit in (asked_for, source.max_reject_rate):
        if limit is not None:
            return limit
    return DEFAULT_REJECT_RATE


def read_source_files(
    source: Source,
    as_of: date,
    sink: Sink,
    scratch: Path | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Reading:
    """Read all files of a source, and hand their rows to the sink.

    Memory depends neither on the size of the files nor on their number.

    Args:
        source: what the shop says about its files.
        as_of: the day whose end they describe.
        sink: a `BatchWriter`, or a `DryRun` to only see what would be staged.
        scratch: a directory for what is too large for memory; None: the system's own.
        report: told one line an entity, for progress.

    Returns:
        What became of the rows of each entity.

    Raises:
        SourceError: a file cannot be read, lacks a column, or changes meanwhile; or there are no orders.
        StagingError: the disk is full or cannot be written.
        ReconciliationError: rows were lost or doubled on the way.
    """
    with References(source.entities, scratch) as references:
        intake = Intake(sink, as_of, references)
        for described in source.entities.values():
            _read_entity(described, as_of, intake, scratch)
            tally = intake.reading.of(described.entity)
            files = tally.files[0] if len(tally.files) == 1 else f"{len(tally.files):,} files"
            report(f"read {tally.total.read:,} {described.entity} from {files}")
        intake.finish()
    return intake.reading


def _read_entity(described: EntitySource, as_of: date, intake: Intake, scratch: Path | None) -> None:
    """Read an entity; a second time if not every repeated key was seen the first time."""
    with Keys(scratch) as keys:
        _read_once(described, as_of, intake, keys)
        repeated = keys.missed()
    total = intake.reading.of(described.entity).total
    if repeated.size:
        intake.forget(described.entity)
        with Keys(scratch, known=repeated) as keys:
            _read_once(described, as_of, intake, keys)
        if intake.reading.of(described.entity).total.read != total.read:
            raise SourceError(
                f"{described.path}: was changed while it was read; run again when it is complete"
            )
    if described.entity == "orders" and total.read == total.ignored:
        raise SourceError(_no_orders(described, as_of, intake))


def _read_once(described: EntitySource, as_of: date, intake: Intake, keys: Keys) -> None:
    entity, parser = described.entity, Parser(described, as_of)
    versions = entity == "orders" and described.change_day != SNAPSHOT
    # a snapshot says what there is on its day, even where it is nothing
    days = [as_of] if described.change_day == SNAPSHOT else []
    files = intake.reading.of(entity).files
    with closing(one_ahead(read_records(described))) as pieces:
        for records in pieces:
            file = os.path.relpath(records.file, described.directory)
            if file not in files[-1:]:
                files.append(file)
            piece = _piece(records, file, parser.parse(records), described)
            intake.take(entity, piece, days, keys.repeated, versions)


def _piece(records: Records, file: str, parsed: Parsed, described: EntitySource) -> Piece:
    day = described.change_day.lower()
    named = next((name for name in records.frame.columns if name.lower() == day), described.change_day)
    return Piece(
        frame=parsed.frame,
        origin=Origin(file, records.frame, records.lines.gather),
        theirs={**parsed.theirs, "_batch_day": named},
        unreadable=[Flaw(found.rows, found.column, found.reason) for found in parsed.failures],
        ignored=parsed.ignored,
    )


def _no_orders(described: EntitySource, as_of: date, intake: Intake) -> str:
    tally = intake.reading.of("orders")
    where = described.directory / (tally.files[0] if len(tally.files) == 1 else described.path)
    if not tally.total.read:
        return f"{where}: holds no orders"
    return (
        f"{where}: of {tally.total.read:,} orders none is left: all have statuses that "
        f"{described.described_in} ignores, or changed after {as_of}"
    )
