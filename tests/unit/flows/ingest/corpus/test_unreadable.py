import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows.errors import SourceError
from flows.ingest.sink import DryRun
from flows.ingest.source.description import read_description
from flows.ingest.source.read import read_source_files
from tests.unit.flows.ingest.corpus.cases import Unreadable
from tests.unit.flows.ingest.corpus.outcome import refusal
from tests.unit.flows.ingest.corpus.shop import AS_OF, ORDERS, WRITERS, delimited, lay_out, orders
from tests.unit.flows.ingest.corpus.unreadable_csv import CSV
from tests.unit.flows.ingest.corpus.unreadable_descriptions import DESCRIPTIONS
from tests.unit.flows.ingest.corpus.unreadable_files import FILES
from tests.unit.flows.ingest.corpus.unreadable_ndjson import NDJSON
from tests.unit.flows.ingest.corpus.unreadable_parquet import PARQUET
from tests.unit.flows.ingest.corpus.unreadable_text import TEXT

UNREADABLE = DESCRIPTIONS | FILES | TEXT | CSV | NDJSON | PARQUET


@pytest.mark.parametrize("case", UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_as_a_whole_stops_the_batch(tmp_path: Path, case: Unreadable) -> None:
    described_in = lay_out(tmp_path / "shop", case.description, case.files)
    message = refusal(described_in, tmp_path / "stage")
    assert message.isprintable()  # on one line, and nothing that a terminal would obey
    where = f"{tmp_path / 'shop' / case.file}: " if case.file else ""
    where += f"line {case.line}: " if case.line else ""
    assert message.startswith(where)
    assert re.match(case.says, message.removeprefix(where))


@contextmanager
def without_permission(file: Path) -> Iterator[None]:
    """Root may read everything, and reads as somebody else meanwhile."""
    file.chmod(0)
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_may_not_be_read_stops_the_batch(tmp_path: Path) -> None:
    source = read_description(lay_out(tmp_path, ORDERS, {"orders.csv": delimited(orders({}))}))
    with without_permission(tmp_path / "orders.csv"), pytest.raises(SourceError) as error:
        read_source_files(source, AS_OF, DryRun())
    assert str(error.value) == f"{tmp_path / 'orders.csv'}: cannot be read: Permission denied"


def complaint(described_in: Path) -> str:
    with pytest.raises(SourceError) as error:
        read_source_files(read_description(described_in), AS_OF, DryRun())
    return str(error.value)


SMALL = {name: write(orders({}, {}, {})) for name, write in WRITERS.items()}


@pytest.mark.parametrize("name", ["csv.gz", "parquet"])
def test_a_file_that_was_cut_anywhere_stops_the_batch(tmp_path: Path, name: str) -> None:
    whole = SMALL[name]
    for size in {*range(1, len(whole), 1 + len(whole) // 100), len(whole) - 1}:
        file = tmp_path / f"orders.{name}"
        described_in = lay_out(tmp_path, f'[orders]\npath = "{file.name}"\n', {file.name: whole[:size]})
        assert re.match(
            f"{file}: (is a gzip file that was cut off|is truncated|cannot be read as Parquet)",
            complaint(described_in),
        )


def test_a_gzip_file_with_a_wrong_byte_anywhere_stops_the_batch(tmp_path: Path) -> None:
    whole, header = SMALL["csv.gz"], 10
    file = tmp_path / "orders.csv.gz"
    for place in range(header, len(whole), 2):
        content = bytearray(whole)
        content[place] ^= 0xFF
        described_in = lay_out(tmp_path, f'[orders]\npath = "{file.name}"\n', {file.name: bytes(content)})
        assert re.match(
            f"{file}: (is a (corrupt gzip file|gzip file that was cut off)|has something behind|line)",
            complaint(described_in),
        )
