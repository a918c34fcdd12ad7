import gzip
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import polars.selectors as cs
import pytest
from polars.testing import assert_frame_equal

from flows.tables import ENTITIES
from tests.unit.flows.ingest.corpus.exports import frames, german, german_description, plain, theirs
from tests.unit.flows.ingest.corpus.outcome import Outcome, read_in
from tests.unit.flows.ingest.corpus.shop import FIRST_LINE, WRITERS, Content, delimited, lay_out, parquet


def taken_in(description: str, files: dict[str, Content]) -> Outcome:
    with TemporaryDirectory() as directory:
        return read_in(lay_out(Path(directory) / "shop", description, files), Path(directory) / "stage")


def described(format_: str) -> str:
    return "".join(f'[{entity}]\npath = "{entity}.{format_}"\n' for entity in ENTITIES)


@cache
def as_text(format_: str, dirty: bool) -> Outcome:
    tables = plain(dirty)
    return taken_in(
        described(format_),
        {f"{entity}.{format_}": WRITERS[format_](table) for entity, table in tables.items()},
    )


@cache
def in_german(dirty: bool) -> Outcome:
    files: dict[str, Content] = {
        f"{entity}.csv": delimited(table, delimiter=";", encoding="cp1252", lineterminator="\r\n")
        for entity, table in german(dirty).items()
    }
    return taken_in(german_description(), files)


def assert_same_rows(one: Outcome, other: Outcome) -> None:
    for entity in ENTITIES:
        assert_frame_equal(one.rows[entity], other.rows[entity])


def test_a_clean_export_loads_as_it_is() -> None:
    outcome = as_text("csv", dirty=False)
    assert outcome.reading.total.rejected == 0
    for entity in ENTITIES:
        assert_frame_equal(outcome.rows[entity].drop("_batch_day"), frames()[entity])


@pytest.mark.parametrize("dirty", [False, True], ids=["clean", "dirty"])
@pytest.mark.parametrize("format_", ["csv.gz", "ndjson", "parquet"])
def test_an_export_loads_and_is_set_aside_alike_in_every_format(format_: str, dirty: bool) -> None:
    usual, outcome = as_text("csv", dirty), as_text(format_, dirty)
    assert_same_rows(outcome, usual)
    assert outcome.days == usual.days  # with the hash of the content, which takes in what was set aside
    shift = FIRST_LINE["csv"] - FIRST_LINE[format_]
    for entity in ENTITIES:
        moved = outcome.rejects[entity].with_columns(pl.col("line") + shift)
        assert_frame_equal(moved.drop("file"), usual.rejects[entity].drop("file"))
        assert outcome.rejects[entity].is_empty() != dirty


@pytest.mark.parametrize("dirty", [False, True], ids=["clean", "dirty"])
def test_an_export_in_another_dress_loads_the_same_rows(dirty: bool) -> None:
    usual, outcome = as_text("csv", dirty), in_german(dirty)
    assert_same_rows(outcome, usual)
    for entity in ENTITIES:
        names = theirs(entity)
        expected = usual.rejects[entity].with_columns(pl.col("column_name").replace(names))
        assert_frame_equal(
            outcome.rejects[entity].select("file", "line", "column_name"),
            expected.select("file", "line", "column_name"),
        )
        assert [set(json.loads(row)) for row in outcome.rejects[entity]["source_row"]] == [
            set(names.values())
        ] * expected.height
    assert (outcome.days == usual.days) != dirty  # what was set aside is kept as it was written


def zoned(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        cs.datetime().dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Kathmandu")
    )


NATIVE: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "as they are": lambda frame: frame,
    "times in nanoseconds": lambda frame: frame.with_columns(cs.datetime().cast(pl.Datetime("ns"))),
    "times in milliseconds": lambda frame: frame.with_columns(cs.datetime().cast(pl.Datetime("ms"))),
    "times with a zone": zoned,
    "days as times": lambda frame: frame.with_columns(cs.date().cast(pl.Datetime("us"))),
    "money as floats": lambda frame: frame.with_columns(cs.decimal().cast(pl.Float64)),
    "money of more digits": lambda frame: frame.with_columns(cs.decimal().cast(pl.Decimal(38, 6))),
    "counts as floats": lambda frame: frame.with_columns(cs.integer().cast(pl.Float64)),
    "counts as bytes": lambda frame: frame.with_columns(cs.integer().cast(pl.UInt8)),
    "texts as categories": lambda frame: frame.with_columns(cs.string().cast(pl.Categorical)),
    "everything as text": lambda frame: frame.cast(pl.String),
}


@pytest.mark.parametrize("kind", NATIVE.values(), ids=NATIVE)
def test_parquet_loads_alike_in_all_types_that_hold_the_same(
    kind: Callable[[pl.DataFrame], pl.DataFrame],
) -> None:
    files: dict[str, Content] = {
        f"{entity}.parquet": parquet(kind(frame)) for entity, frame in frames().items()
    }
    outcome = taken_in(described("parquet"), files)
    usual = as_text("csv", dirty=False)
    assert_same_rows(outcome, usual)
    assert outcome.days == usual.days


def test_json_loads_alike_with_numbers_as_numbers() -> None:
    numbers = cs.decimal().cast(pl.Float64)
    files: dict[str, Content] = {
        f"{entity}.ndjson.gz": gzip.compress(
            frame.with_columns(numbers, cs.temporal().cast(pl.String)).write_ndjson().encode()
        )
        for entity, frame in frames().items()
    }
    outcome = taken_in(described("ndjson.gz"), files)
    usual = as_text("csv", dirty=False)
    assert_same_rows(outcome, usual)
    assert outcome.days == usual.days


def test_rows_in_another_order_are_the_same_rows_of_another_content() -> None:
    tables = {entity: list(reversed(table)) for entity, table in plain().items()}
    outcome = taken_in(
        described("csv"), {f"{entity}.csv": delimited(table) for entity, table in tables.items()}
    )
    usual = as_text("csv", dirty=False)
    for entity in ENTITIES:
        assert_frame_equal(outcome.rows[entity].reverse(), usual.rows[entity])
        (day,) = outcome.days[entity]
        assert outcome.days[entity][day].content_hash != usual.days[entity][day].content_hash
