from pathlib import Path

import pytest

from tests.unit.flows.ingest.corpus.cases import Loaded, Reads
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


@pytest.mark.parametrize("case", READS.values(), ids=READS)
def test_a_value_that_looks_odd_and_is_good_is_read_in_every_format(tmp_path: Path, case: Reads) -> None:
    good = {column: value for column, value in case.others.items() if column == "unit_price"}
    odd = {**case.others, case.column: case.value}
    table = rows(case.entity, *[good, odd] * len(WRITERS))
    files: dict[str, Content] = {
        f"{case.entity}-{number}.{format_}": write(table[2 * number : 2 * number + 2])
        for number, (format_, write) in enumerate(WRITERS.items())
    }
    description = f'{case.reading}\n[{case.entity}]\npath = "{case.entity}-*"\n'
    if case.entity == "orders":
        description += '[orders.statuses]\nversendet = "shipped"\n'
    else:
        description += ORDERS
        files["orders.csv"] = delimited(orders({}))
    outcome = read_in(lay_out(tmp_path / "shop", description, files), tmp_path / "stage")
    assert outcome.reading.reasons() == []
    assert outcome.keys(case.entity) == [next(iter(row.values())) for row in table]
    assert outcome.rows[case.entity][case.column].to_list()[1::2] == [case.loaded] * len(WRITERS)
