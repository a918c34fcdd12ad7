import csv
import gzip
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from flows.errors import SourceError
from flows.ingest.contracts import judge
from flows.ingest.source.columnar import read_parquet
from flows.ingest.source.delimited import read_delimited
from flows.ingest.source.ndjson import read_ndjson
from tests.unit.flows.ingest.corpus.dirt import DRESSES, GERMAN_GOOD, TEXTS, WORDS, splits, tables
from tests.unit.flows.ingest.corpus.oracle import Dress, Verdict, verdicts
from tests.unit.flows.ingest.corpus.outcome import Outcome, read_in
from tests.unit.flows.ingest.corpus.shop import (
    AS_OF,
    ORDERS,
    Content,
    Row,
    delimited,
    lay_out,
    ndjson,
    orders,
    parquet,
)

quick = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
ENTITIES = st.sampled_from(["orders", "orders", "customers", "products", "deliveries"])
# Python's writer leaves a lone CR unquoted where lines end in LF.
DIALECTS: tuple[dict[str, Any], ...] = (
    {"lineterminator": "\r\n"},
    {"lineterminator": "\n", "quoting": csv.QUOTE_ALL},
    {"lineterminator": "\r\n", "quoting": csv.QUOTE_ALL},
)


@st.composite
def files(
    draw: st.DrawFn, entity: str, table: Sequence[Row]
) -> tuple[dict[str, Content], list[tuple[str, int]]]:
    """The rows in one file or several of any formats, and for each row its file and line."""
    written: dict[str, Content] = {}
    places: list[tuple[str, int]] = []
    parts = [part for part in splits(table, draw(st.lists(st.integers(0, 14), max_size=2))) if part]
    for number, part in enumerate(parts):
        format_ = draw(st.sampled_from(["csv", "csv.gz", "ndjson", "parquet"]))
        name = f"{entity}-{number}.{format_}"
        if format_ == "parquet":
            lines = list(range(1, len(part) + 1))
            written[name] = parquet(part, row_group_size=draw(st.integers(1, 9)))
        elif format_ == "ndjson":
            lines = list(range(1, len(part) + 1))
            written[name] = ndjson(_leaving_out(part, draw(st.booleans())), ensure_ascii=draw(st.booleans()))
        else:
            dialect = draw(st.sampled_from(DIALECTS))
            ends = [
                delimited(part[:rows], columns=list(part[0]), **dialect).count(b"\n")
                for rows in range(len(part))
            ]
            lines = [1 + ends_before for ends_before in ends]
            text = delimited(part, **dialect)
            written[name] = gzip.compress(text) if format_ == "csv.gz" else text
        places += [(name, line) for line in lines]
    return written, places


def _leaving_out(part: Sequence[Row], wanted: bool) -> list[Row]:
    """Records without the keys that hold nothing, but for the first, which tells all names."""
    if not wanted:
        return list(part)
    return [part[0], *({name: row[name] for name in row if row[name] is not None} for row in part[1:])]


def taken_in(entity: str, written: dict[str, Content], dress: Dress, top: str) -> Outcome:
    description = f'{top}[{entity}]\npath = "{entity}-*"\n'
    if dress.change_day:
        description += f'change_day = "{dress.change_day}"\n'
    if dress.statuses:
        description += f"[{entity}.statuses]\n" + "".join(
            f'{word} = "{ours}"\n' for word, ours in dress.statuses.items()
        )
    if entity != "orders":
        written = {**written, "orders.csv": delimited(orders({}))}
        description += ORDERS + 'date_formats = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d"]\ndecimal_comma = false\n'
    with tempfile.TemporaryDirectory() as directory:
        return read_in(
            lay_out(Path(directory) / "shop", description, written), Path(directory) / "stage", dry=False
        )


def dressed(name: str, entity: str) -> tuple[Dress, str]:
    dress, top = DRESSES[name]
    day = {"orders": "updated_at", "customers": "created_at", "deliveries": "shipped_at"}.get(entity)
    return replace(dress, statuses=WORDS.get(entity, {}), change_day=dress.change_day and day), top


def counts(expected: Sequence[Verdict]) -> dict[date, Counter[str]]:
    found: dict[date, Counter[str]] = {}
    for verdict in expected:
        found.setdefault(verdict.day, Counter())[verdict.fate] += 1
    return found


@pytest.mark.parametrize("name", DRESSES)
@given(data=st.data())
@quick
def test_what_becomes_of_a_row_is_what_a_slow_and_simple_reading_of_the_rules_says(
    name: str, data: st.DataObject
) -> None:
    entity = data.draw(ENTITIES)
    dress, top = dressed(name, entity)
    table = data.draw(tables(entity, GERMAN_GOOD.get(entity) if dress.german_dates else None))
    written, places = data.draw(files(entity, table))
    expected = verdicts(entity, table, AS_OF, dress)
    if entity == "orders" and all(verdict.fate == "ignored" for verdict in expected):
        with pytest.raises(SourceError, match="none is left"):
            taken_in(entity, written, dress, top)
        return

    outcome = taken_in(entity, written, dress, top)
    loaded, rejects = outcome.rows[entity], outcome.rejects[entity]
    assert rejects.select("file", "line", "column_name", "_batch_day").rows() == [
        (*place, verdict.column, verdict.day)
        for place, verdict in zip(places, expected, strict=True)
        if verdict.fate == "rejected"
    ]
    assert loaded.rows() == [verdict.values for verdict in expected if verdict.fate == "loaded"]
    assert judge(entity, loaded) == []
    for day, fates in counts(expected).items():
        count = outcome.reading.of(entity).days[day]
        assert (count.loaded, count.rejected, count.ignored) == (
            fates["loaded"],
            fates["rejected"],
            fates["ignored"],
        )
    assert outcome.reading.of(entity).total.read == len(table)


VALUES = st.lists(TEXTS | st.none(), min_size=3, max_size=3)
RECORDS = st.lists(VALUES.map(lambda values: dict(zip("abc", values, strict=True))), min_size=1, max_size=30)
READERS: dict[
    str, tuple[Callable[[Sequence[Row]], bytes], Callable[..., Iterator[tuple[pl.DataFrame, pl.Series]]], str]
] = {
    "csv": (lambda table: delimited(table, lineterminator="\r\n"), read_delimited, "block_bytes"),
    "ndjson": (ndjson, read_ndjson, "block_bytes"),
    "parquet": (parquet, read_parquet, "piece_rows"),
}


@pytest.mark.parametrize("format_", READERS)
@given(data=st.data())
@settings(quick, max_examples=12)
def test_it_does_not_matter_how_rows_are_spread_over_files(format_: str, data: st.DataObject) -> None:
    write, *_ = READERS[format_]
    table = data.draw(tables("orders"))
    parts = [
        part
        for part in splits(table, data.draw(st.lists(st.integers(0, 14), min_size=1, max_size=4)))
        if part
    ]
    dress, top = dressed(data.draw(st.sampled_from(["plain", "changes"])), "orders")
    if all(verdict.fate == "ignored" for verdict in verdicts("orders", table, AS_OF, dress)):
        return
    whole = taken_in("orders", {f"orders-0.{format_}": write(table)}, dress, top)
    several = taken_in(
        "orders", {f"orders-{number}.{format_}": write(part) for number, part in enumerate(parts)}, dress, top
    )
    assert_frame_equal(several.rows["orders"], whole.rows["orders"])
    assert_frame_equal(
        several.rejects["orders"].drop("file", "line"), whole.rejects["orders"].drop("file", "line")
    )
    assert several.days == whole.days  # with the hash of each day's content


@pytest.mark.parametrize("format_", READERS)
@given(table=RECORDS, size=st.integers(1, 200))
@settings(quick, max_examples=60)
def test_it_does_not_matter_in_which_pieces_a_file_is_read(format_: str, table: list[Row], size: int) -> None:
    write, read, parameter = READERS[format_]
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / f"orders.{format_}"
        file.write_bytes(write(table))
        (whole, lines), *none = list(read(file))
        pieces = list(read(file, **{parameter: size}))
    assert not none
    assert whole.rows() == [
        tuple(value if format_ != "csv" else value or None for value in row.values()) for row in table
    ]
    assert_frame_equal(pl.concat([frame for frame, _ in pieces]), whole)
    assert pl.concat([numbers for _, numbers in pieces]).equals(lines)
