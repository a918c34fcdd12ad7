from collections import Counter
from pathlib import Path

import pytest

from tests.unit.flows.ingest.corpus.cases import Rejected
from tests.unit.flows.ingest.corpus.outcome import read_in
from tests.unit.flows.ingest.corpus.rejected_files import REJECTED
from tests.unit.flows.ingest.corpus.shop import lay_out

EXAMPLES = 3


@pytest.mark.parametrize("case", REJECTED.values(), ids=REJECTED)
def test_rows_that_cannot_be_used_are_set_aside_and_the_others_load(tmp_path: Path, case: Rejected) -> None:
    outcome = read_in(lay_out(tmp_path / "shop", case.description, case.files), tmp_path / "stage")
    found = outcome.rejects[case.entity]
    assert found.select("file", "line", "column_name", "value", "reason").rows() == case.rejects
    assert found["entity"].to_list() == [case.entity] * len(case.rejects)
    assert outcome.keys(case.entity) == case.keys
    tally = outcome.reading.of(case.entity)
    assert tally.total.ignored == case.ignored
    assert tally.total.read == len(case.keys) + len(case.rejects) + case.ignored

    counts = Counter((column, reason) for *_, column, _, reason in case.rejects)
    assert {(told.column, told.reason): told.rows for told in tally.reasons} == counts
    for told in tally.reasons:
        places = [
            f"{file}:{line}"
            for file, line, *what, _, why in case.rejects
            if (*what, why) == (told.column, told.reason)
        ]
        assert [example.partition(" '")[0] for example in told.examples] == places[:EXAMPLES]
