from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.unit.flows.ingest.corpus.cases import Loaded
from tests.unit.flows.ingest.corpus.loaded_cells import READS
from tests.unit.flows.ingest.corpus.loaded_files import LOADED
from tests.unit.flows.ingest.corpus.outcome import read_in
from tests.unit.flows.ingest.corpus.shop import ORDERS, WRITERS, Content, delimited, lay_out, orders, rows


@pytest.mark.parametrize("case", LOADED.values(), ids=LOADED)
def test_a_file_that_looks_odd_and_holds_nothing_wrong_loads_whole(tmp_path: Path, case: Loaded) -> None:
    outcome = read_in(lay_out(tmp_path / "shop", case.description, case.files), tmp_path / "stage")
    assert outcome.keys() == case.keys
    assert outcome.reading.total.read == len(case.keys)
    first = outcome.rows["orders"].row(0, named=True)
    assert {column: first[column] for column in case.holds} == case.holds


@cache
def read_in_every_format(entity: str, reading: str) -> dict[str, list[object]]:
    """What becomes of all cases that are read in the same way: by name, one value for each format."""
    cases = {name: case for name, case in READS.items() if (case.entity, case.reading) == (entity, reading)}
    table = rows(entity, *({**case.others, case.column: case.value} for case in cases.values()))
    key = next(iter(table[0]))
    files: dict[str, Content] = {
        f"{entity}-{number}.{format_}": write([{**row, key: f"{format_} {row[key]}"} for row in table])
        for number, (format_, write) in enumerate(WRITERS.items())
    }
    description = f'{reading}\n[{entity}]\npath = "{entity}-*"\n'
    if entity == "orders":
        description += '[orders.statuses]\nversendet = "shipped"\n'
    else:
        description += ORDERS
        files["orders.csv"] = delimited(orders({}))
    with TemporaryDirectory() as directory:
        outcome = read_in(lay_out(Path(directory) / "shop", description, files), Path(directory) / "stage")
    assert outcome.reading.reasons() == []
    assert outcome.keys(entity) == [f"{format_} {row[key]}" for format_ in WRITERS for row in table]
    return {
        name: outcome.rows[entity][case.column].gather_every(len(cases), place).to_list()
        for place, (name, case) in enumerate(cases.items())
    }


@pytest.mark.parametrize("name", READS)
def test_a_value_that_looks_odd_and_is_good_is_read_in_every_format(name: str) -> None:
    case = READS[name]
    assert read_in_every_format(case.entity, case.reading)[name] == [case.loaded] * len(WRITERS)
