import json
from pathlib import Path

import polars as pl
import pytest

from tests.unit.flows.ingest.corpus.cases import Native
from tests.unit.flows.ingest.corpus.native_cells import NATIVE
from tests.unit.flows.ingest.corpus.outcome import read_in
from tests.unit.flows.ingest.corpus.shop import lay_out, orders, parquet


@pytest.mark.parametrize("case", NATIVE.values(), ids=NATIVE)
def test_a_value_of_a_type_of_its_own_is_read_or_sets_its_row_aside(tmp_path: Path, case: Native) -> None:
    status = "lost" if case.column == "note" else "shipped"
    table = orders(*[{"delivery_date": None, "status": status}] * len(case.values), {})
    frame = pl.DataFrame(table).with_columns(pl.Series(case.column, case.values.extend_constant(None, 1)))
    if case.column not in ("delivery_date", "promised_date", "quantity", "unit_price", "note"):
        frame = frame[:-1]
    description = '[orders]\npath = "orders.parquet"\n'
    outcome = read_in(
        lay_out(tmp_path / "shop", description, {"orders.parquet": parquet(frame)}), tmp_path / "stage"
    )
    wrong = [(line, reason) for line, reason in enumerate(case.told, start=1) if reason]
    assert outcome.rejects["orders"].select("line", "reason").rows() == wrong
    assert outcome.reading.total.read == frame.height
    for record in outcome.rejects["orders"]["source_row"]:
        assert list(json.loads(record)) == frame.columns
