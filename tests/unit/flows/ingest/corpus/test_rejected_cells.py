import json
from itertools import groupby
from pathlib import Path

import pytest

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


def taken_in(directory: Path, file: str, case: Cell, table: list[Row]) -> Outcome:
    description = f'{case.reading}\n[{case.entity}]\npath = "{file}"\n'
    files: dict[str, Content] = {file: WRITERS[file.partition(".")[2]](table)}
    if case.entity != "orders":
        description += ORDERS
        files["orders.csv"] = delimited(orders({}))
    return read_in(lay_out(directory / "shop", description, files), directory / "stage")


def good(case: Cell) -> Row:
    """What good rows of that file say: with a decimal comma they must not have a point."""
    return {column: value for column, value in case.others.items() if column == "unit_price"}


@pytest.mark.parametrize("case", CELLS.values(), ids=CELLS)
def test_a_value_that_cannot_be_used_sets_its_row_aside(tmp_path: Path, case: Cell) -> None:
    table = rows(case.entity, good(case), {**case.others, case.column: case.value}, good(case))
    file = f"{case.entity}.csv"
    outcome = taken_in(tmp_path, file, case, table)

    tally = outcome.reading.of(case.entity)
    assert (tally.total.read, tally.total.loaded, tally.total.ignored) == (3, 2, 0)
    assert outcome.keys(case.entity) == [next(iter(table[number].values())) for number in (0, 2)]
    (found,) = outcome.rejects[case.entity].iter_rows(named=True)
    # an empty field of CSV is nothing
    written = {name: value or None for name, value in table[1].items()}
    value = written[case.column]
    assert (found["column_name"], found["reason"]) == (case.column, case.reason)
    assert (found["file"], found["line"]) == (file, 3)
    assert found["value"] == (value and value[:VALUE_CHARACTERS])
    assert json.loads(found["source_row"]) == written

    (reason,) = tally.reasons
    assert (reason.column, reason.reason, reason.rows) == (case.column, case.reason, 1)
    (example,) = reason.examples
    assert example.startswith(f"{file}:3")
    (told,) = outcome.reading.reasons()
    assert told.isprintable()  # on one line, and nothing that a terminal would obey
    assert len(told) < 400


@pytest.mark.parametrize("format_", WRITERS)
def test_many_faults_in_one_file_are_told_apart_in_every_format(tmp_path: Path, format_: str) -> None:
    def alike(case: Cell) -> tuple[str, str]:
        return case.entity, case.reading

    for number, (_, group) in enumerate(groupby(sorted(CELLS.values(), key=alike), alike)):
        cases = list(group)
        changes = [
            change for case in cases for change in (good(case), {**case.others, case.column: case.value})
        ]
        file = f"{cases[0].entity}.{format_}"
        table = rows(cases[0].entity, *changes)
        outcome = taken_in(tmp_path / str(number), file, cases[0], table)
        found = outcome.rejects[cases[0].entity].select("file", "line", "column_name", "reason")
        first_bad = FIRST_LINE[format_] + 1
        lines = [line_of(table, 2 * place + 1, format_) for place in range(len(cases))]
        assert lines[0] == first_bad
        assert found.rows() == [
            (file, line, case.column, case.reason) for line, case in zip(lines, cases, strict=True)
        ]
        assert outcome.keys(cases[0].entity) == [next(iter(row.values())) for row in table[::2]]


def line_of(table: list[Row], place: int, format_: str) -> int:
    """Where this row stands: in CSV, line ends within values count."""
    line = FIRST_LINE[format_] + place
    if format_.startswith("csv"):
        line += sum((value or "").count("\n") for row in table[:place] for value in row.values())
    return line
