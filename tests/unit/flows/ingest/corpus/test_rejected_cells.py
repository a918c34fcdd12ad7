import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest

from flows.ingest.tally import Tally
from tests.unit.flows.ingest.corpus.cases import Cell
from tests.unit.flows.ingest.corpus.outcome import Outcome, read_in
from tests.unit.flows.ingest.corpus.rejected_cells import CELLS
from tests.unit.flows.ingest.corpus.shop import (
    FIRST_LINE,
    ORDERS,
    WRITERS,
    Content,
    Row,
    delimited,
    lay_out,
    orders,
    rows,
)

VALUE_CHARACTERS = 500


def good(case: Cell) -> Row:
    """What good rows of that file say: with a decimal comma they must not have a point."""
    return {column: value for column, value in case.others.items() if column == "unit_price"}


def bad(case: Cell) -> Row:
    return {**case.others, case.column: case.value}


def taken_in(file: str, case: Cell, table: list[Row]) -> Outcome:
    """What becomes of a file that is described as the case says."""
    description = f'{case.reading}\n[{case.entity}]\npath = "{file}"\n'
    files: dict[str, Content] = {file: WRITERS[file.partition(".")[2]](table)}
    if case.entity != "orders":
        description += ORDERS
        files["orders.csv"] = delimited(orders({}))
    with TemporaryDirectory() as directory:
        return read_in(lay_out(Path(directory) / "shop", description, files), Path(directory) / "stage")


def alike(case: Cell) -> list[str]:
    """Names of the cases that can stand in one file."""
    return [
        name for name, other in CELLS.items() if (other.entity, other.reading) == (case.entity, case.reading)
    ]


@cache
def all_in_one_file(first: str, format_: str) -> tuple[list[Row], Outcome]:
    """The rows of all cases like the first, a good row in front of each, and what became of them."""
    cases = [CELLS[name] for name in alike(CELLS[first])]
    table = rows(cases[0].entity, *(change for case in cases for change in (good(case), bad(case))))
    return table, taken_in(f"{cases[0].entity}.{format_}", cases[0], table)


def line_of(table: list[Row], place: int, format_: str) -> int:
    """Where this row stands: in CSV, line ends within values count."""
    line = FIRST_LINE[format_] + place
    if format_.startswith("csv"):
        line += sum((value or "").count("\n") for row in table[:place] for value in row.values())
    return line


@pytest.mark.parametrize("format_", WRITERS)
@pytest.mark.parametrize("name", CELLS)
def test_a_value_that_cannot_be_used_sets_its_row_aside(name: str, format_: str) -> None:
    case = CELLS[name]
    names = alike(case)
    table, outcome = all_in_one_file(names[0], format_)
    place = 2 * names.index(name) + 1
    line = line_of(table, place, format_)
    (found,) = outcome.rejects[case.entity].filter(pl.col("line") == line).iter_rows(named=True)
    assert (found["column_name"], found["reason"]) == (case.column, case.reason)
    assert found["file"] == f"{case.entity}.{format_}"
    # an empty field of CSV is nothing
    empty = None if format_.startswith("csv") else ""
    written = {column: empty if value == "" else value for column, value in table[place].items()}
    value = written[case.column]
    assert found["value"] == (value and value[:VALUE_CHARACTERS])
    assert json.loads(found["source_row"]) == written
    assert (
        outcome.rejects[case.entity].filter(pl.col("line") == line_of(table, place - 1, format_)).is_empty()
    )


@pytest.mark.parametrize("format_", WRITERS)
def test_rows_between_those_that_are_set_aside_load(format_: str) -> None:
    for first in {alike(case)[0] for case in CELLS.values()}:
        table, outcome = all_in_one_file(first, format_)
        entity = CELLS[first].entity
        assert outcome.keys(entity) == [next(iter(row.values())) for row in table[::2]]
        assert outcome.reading.of(entity).total.rejected == len(table) // 2


@pytest.mark.parametrize("name", CELLS)
def test_what_is_said_of_a_value_is_one_short_line_that_no_terminal_obeys(name: str) -> None:
    case = CELLS[name]
    table, outcome = all_in_one_file(alike(case)[0], "csv")
    line = line_of(table, 2 * alike(case).index(name) + 1, "csv")
    tally = Tally(days=outcome.reading.of(case.entity).days)
    tally.rejected(outcome.rejects[case.entity].filter(pl.col("line") == line))
    (reason,) = tally.reasons
    (example,) = reason.examples
    assert example.startswith(f"{case.entity}.csv:{line}")
    assert str(reason).isprintable()
    assert len(str(reason)) < 400
