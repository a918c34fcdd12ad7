"""What becomes of files: read with nothing kept, and staged, which has to come to the same."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from flows.errors import SourceError
from flows.ingest.quarantine import REJECTS
from flows.ingest.sink import DryRun
from flows.ingest.source.description import read_description
from flows.ingest.source.read import read_source_files
from flows.ingest.staging import BatchWriter, StagedDay
from flows.ingest.tally import Reading
from flows.tables import SCHEMAS
from tests.unit.flows.ingest.corpus.shop import AS_OF

BATCH = "batch"


@dataclass(frozen=True)
class Outcome:
    """A staged batch. `rows` and `rejects` of each entity are in the order in which they were staged."""

    reading: Reading
    days: dict[str, dict[date, StagedDay]]
    rows: dict[str, pl.DataFrame]
    rejects: dict[str, pl.DataFrame]

    def keys(self, entity: str = "orders") -> list[str]:
        return self.rows[entity].to_series(0).to_list()


def read_in(described_in: Path, stage: Path, as_of: date = AS_OF, dry: bool = True) -> Outcome:
    """Read and stage what is described there, and check that every row is accounted for.

    Args:
        described_in: a `source.toml`.
        stage: an empty directory, or one that is not there yet; empty afterwards.
        dry: whether to read with nothing kept besides, which takes as long again.
    """
    source = read_description(described_in)
    with BatchWriter(BATCH, stage, origin="files") as writer:
        reading = read_source_files(source, as_of, writer, stage)
    assert not dry or read_source_files(source, as_of, DryRun()) == reading
    home = writer.batch.directory
    assert [path.name for path in stage.iterdir()] == [home.name]
    rows = {
        entity: _frame(home / entity, pl.Schema({**SCHEMAS[entity], "_batch_day": pl.Date()}))
        for entity in source.entities
    }
    rejects = {entity: _frame(home / "rejected_rows" / entity, REJECTS) for entity in source.entities}
    outcome = Outcome(reading, writer.batch.days, rows, rejects)
    for entity in source.entities:
        _check_balance(outcome, entity)
    writer.batch.discard()
    assert list(stage.iterdir()) == []
    return outcome


def refusal(described_in: Path, stage: Path, as_of: date = AS_OF) -> str:
    """What is said of files that cannot be read; fails if something is left behind on disk."""
    with pytest.raises(SourceError) as dry:
        read_source_files(read_description(described_in), as_of, DryRun())
    with pytest.raises(SourceError) as staged:  # noqa: SIM117
        with BatchWriter(BATCH, stage, origin="files") as writer:
            read_source_files(read_description(described_in), as_of, writer, stage)
    assert list(stage.iterdir()) == []
    assert str(staged.value) == str(dry.value)
    return str(staged.value)


def _frame(directory: Path, schema: pl.Schema) -> pl.DataFrame:
    parts = [pl.read_parquet(file).drop("_batch_id") for file in sorted(directory.glob("*.parquet"))]
    frame = pl.concat(parts) if parts else schema.to_frame()
    assert frame.schema == schema
    return frame


def _check_balance(outcome: Outcome, entity: str) -> None:
    """read = loaded + rejected + ignored, as counted while reading, as staged, and in the files."""
    counted = outcome.reading.of(entity).days
    staged = outcome.days.get(entity, {})
    rows, rejects = outcome.rows[entity], outcome.rejects[entity]
    for day in {*counted, *staged, *rows["_batch_day"], *rejects["_batch_day"]}:
        held = (rows["_batch_day"] == day).sum()
        set_aside = (rejects["_batch_day"] == day).sum()
        if day in counted:
            count = counted[day]
            assert count.read == held + set_aside + count.ignored
            assert (count.loaded, count.rejected) == (held, set_aside)
        if day in staged:
            found = staged[day]
            assert (found.rows, found.rejected) == (held, set_aside)
            assert found.read == found.rows + found.rejected + found.ignored
            assert found.read == (counted[day].read if day in counted else 0)
        else:
            assert not held and not set_aside
    total = outcome.reading.of(entity).total
    assert total.rejected == sum(reason.rows for reason in outcome.reading.of(entity).reasons)
