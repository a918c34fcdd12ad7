import json
import subprocess
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.errors import StagingError
from flows.ingest import quarantine
from flows.ingest.quarantine import REJECTS, Flaw, Origin, first_flaws, publish, set_aside
from flows.paths import REPOSITORY

ONE, TWO = date(2026, 1, 1), date(2026, 1, 2)
NOON = datetime(2026, 1, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))


def mask(*rows: int, height: int = 5) -> pl.Series:
    return pl.Series([row in rows for row in range(height)])


def origin(records: pl.DataFrame, file: str = "orders.csv") -> Origin:
    """Records of a file with a header and no line ends within."""
    return Origin(file, records, pl.int_range(2, records.height + 2, eager=True).gather)


def alone(value: Any, column: str = "Wert", dtype: Any = None) -> dict[str, Any]:
    """What becomes of a record with this one value that was set aside."""
    records = pl.DataFrame({column: pl.Series([value], dtype=dtype)})
    found = set_aside("orders", [Flaw(mask(0, height=1), column, "is odd")], origin(records), days(1))
    assert found.schema == REJECTS
    return found.row(0, named=True)


def days(height: int = 5) -> pl.Series:
    return pl.repeat(ONE, height, dtype=pl.Date, eager=True)


def test_rejected_rows_stand_in_the_order_of_their_file_with_all_that_is_known() -> None:
    records = pl.DataFrame({"Nr": list("abcde"), "Datum": ["1", None, "3", "x", " y "]})
    flaws = [Flaw(mask(4, 3), "Datum", "is no date"), Flaw(mask(1), "Nr", "stands more than once")]
    batch_days = pl.Series([ONE, TWO, ONE, ONE, TWO])
    found = set_aside("orders", flaws, origin(records), batch_days)
    assert found.schema == REJECTS
    assert found.rows() == [
        ("orders", "orders.csv", 3, "Nr", "b", "stands more than once", '{"Nr":"b","Datum":null}', TWO),
        ("orders", "orders.csv", 5, "Datum", "x", "is no date", '{"Nr":"d","Datum":"x"}', ONE),
        ("orders", "orders.csv", 6, "Datum", " y ", "is no date", '{"Nr":"e","Datum":" y "}', TWO),
    ]


def test_of_a_row_with_several_flaws_the_first_is_told() -> None:
    first, all_of_them = first_flaws(
        [Flaw(mask(0, 1), "a", "1"), Flaw(mask(1), "b", "2"), Flaw(mask(0, 1, 3), "c", "3")]
    )
    assert [(flaw.column, flaw.rows.to_list()) for flaw in first] == [
        ("a", mask(0, 1).to_list()),
        ("c", mask(3).to_list()),
    ]
    assert all_of_them is not None
    assert all_of_them.to_list() == mask(0, 1, 3).to_list()


def test_of_excused_rows_nothing_is_told() -> None:
    first, all_of_them = first_flaws([Flaw(mask(0, 1), "a", "1"), Flaw(mask(2), "b", "2")], mask(1, 2, 4))
    assert [(flaw.column, flaw.rows.to_list()) for flaw in first] == [("a", mask(0).to_list())]
    assert all_of_them is not None
    assert all_of_them.to_list() == mask(0).to_list()
    assert first_flaws([Flaw(mask(2), "b", "2")], mask(2)) == ([], None)
    assert first_flaws([]) == ([], None)


def test_where_nobody_can_tell_there_is_no_flaw() -> None:
    unsure = pl.Series([True, None, False, None, True])
    for flaws in ([Flaw(unsure, "a", "1")], [Flaw(mask(4), "b", "2"), Flaw(unsure, "a", "1")]):
        first, all_of_them = first_flaws(flaws)
        assert not any(flaw.rows.has_nulls() for flaw in first)
        assert all_of_them is not None
        assert all_of_them.to_list() == mask(0, 4).to_list()


FLAWS = st.lists(st.sets(st.integers(0, 4)), max_size=5)


@settings(deadline=None)
@given(FLAWS, st.none() | st.sets(st.integers(0, 4)))
def test_every_row_with_a_flaw_is_told_exactly_once(flaws: list[set[int]], excused: set[int] | None) -> None:
    told, all_of_them = first_flaws(
        [Flaw(mask(*rows), "a", "r") for rows in flaws], None if excused is None else mask(*excused)
    )
    wrong = set().union(*flaws) - (excused or set())
    assert sorted(row for flaw in told for row in flaw.rows.arg_true()) == sorted(wrong)
    assert set([] if all_of_them is None else all_of_them.arg_true()) == wrong


def test_a_long_value_is_cut_and_the_record_is_not() -> None:
    found = alone("ä" * 501)
    assert found["value"] == "ä" * 500
    assert json.loads(found["source_row"]) == {"Wert": "ä" * 501}


@pytest.mark.parametrize("name", ["*", "^.*$", ""])
@pytest.mark.parametrize("value", ["x", b"x", [b"x"], timedelta(1)], ids=str)
def test_a_column_may_have_any_name(name: str, value: Any) -> None:
    assert json.loads(alone(value, name)["source_row"]).keys() == {name}


def test_a_missing_value_is_null() -> None:
    assert (alone(None, dtype=pl.String)["value"], alone("")["value"]) == (None, "")


def test_a_column_that_the_file_lacks_has_no_value() -> None:
    found = set_aside(
        "orders", [Flaw(mask(1), "Ziel", "is missing")], origin(pl.DataFrame({"a": [1] * 5})), days()
    )
    assert found.select("column_name", "value", "source_row").rows() == [("Ziel", None, '{"a":1}')]


@pytest.mark.parametrize(
    ("value", "dtype", "text", "record"),
    [
        (1.5, None, "1.5", 1.5),
        (-7, pl.Int8, "-7", -7),
        (Decimal("19.90"), pl.Decimal(12, 2), "19.90", "19.90"),
        (True, None, "true", True),
        (ONE, None, "2026-01-01", "2026-01-01"),
        (datetime(2026, 1, 1, 12), None, "2026-01-01 12:00:00.000000", "2026-01-01 12:00:00"),
        (NOON, pl.Datetime("ms", "Asia/Tokyo"), "2026-01-01 12:00:00.000+09:00", "2026-01-01T12:00:00+09:00"),
        (time(12, 30), None, "12:30:00", "12:30:00"),
        (timedelta(hours=1), None, '{"Wert":"PT3600S"}', "PT3600S"),
        ("rot", pl.Categorical, "rot", "rot"),
        ("rot", pl.Enum(["rot"]), "rot", "rot"),
        (b"\x00\xff", None, "00ff", "00ff"),
        ([1, 2], None, '{"Wert":[1,2]}', [1, 2]),
        ({"x": "y"}, None, '{"Wert":{"x":"y"}}', {"x": "y"}),
        ([b"\x00"], None, '{"Wert":"List(Binary)"}', "List(Binary)"),
        (float("nan"), None, "NaN", None),
        (2**100, pl.Int128, str(2**100), 2**100),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_values_of_any_type_are_told_as_text_and_as_json(
    value: Any, dtype: Any, text: str, record: Any
) -> None:
    found = alone(value, dtype=dtype)
    assert found["value"] == text
    assert json.loads(found["source_row"]) == {"Wert": record}


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(deadline=None)
@example({"*": "a", "^.*$": "b", "": "c", '"': None})
@given(st.dictionaries(TEXTS, TEXTS | st.none(), min_size=1, max_size=4))
def test_a_record_of_texts_can_be_read_back_from_its_json(record: dict[str, str | None]) -> None:
    records = pl.DataFrame({name: pl.Series([value], dtype=pl.String) for name, value in record.items()})
    column = next(iter(record))
    found = set_aside("orders", [Flaw(mask(0, height=1), column, "r")], origin(records), days(1))
    assert json.loads(found["source_row"].item()) == record
    assert found["value"].item() == record[column]


def test_a_record_too_long_for_a_warehouse_keeps_the_beginning_of_each_text() -> None:
    records = pl.DataFrame({"id": [1, 2], "^n.*$": ["x" * quarantine.RECORD_BYTES, "short" * 200]})
    found = set_aside("orders", [Flaw(mask(0, 1, height=2), "id", "r")], origin(records), days(2))
    long, short = (json.loads(row) for row in found["source_row"])
    assert long == {"id": 1, "^n.*$": "x" * 500}
    assert short == {"id": 2, "^n.*$": "short" * 200}


@pytest.mark.parametrize("beyond", [-800_000, 3_000_000])
def test_a_date_beyond_the_calendar_is_told_as_its_number(beyond: int) -> None:
    dates = pl.Series([beyond], dtype=pl.Int32).cast(pl.Date)
    times = pl.Series([beyond * 86_400_000]).cast(pl.Datetime("ms"))
    for values, said in ((dates, str(beyond)), (times, str(beyond * 86_400_000))):
        records = pl.DataFrame({"Wert": values, "Liste": values.implode()})
        found = set_aside("orders", [Flaw(mask(0, height=1), "Wert", "is odd")], origin(records), days(1))
        assert found["value"][0] == said
        assert said in found["source_row"][0].partition("Liste")[2]


def staged_rejects(batch: Path, **lines: list[int]) -> Path:
    """Files with one row each, as a `BatchWriter` stages them."""
    for entity, some in lines.items():
        (batch / "rejected_rows" / entity).mkdir(parents=True)
        for line in some:
            row = alone("x") | {"entity": entity, "line": line}
            frame = pl.DataFrame([row], schema=REJECTS).with_columns(_batch_id=pl.lit("b"))
            frame.write_parquet(batch / "rejected_rows" / entity / f"{entity}-b-{line:04d}-0.parquet")
    return batch / "rejected_rows"


def published(data_dir: Path) -> dict[str, list[int]]:
    found = sorted((data_dir / "rejects").rglob("*"))
    return {
        str(file.relative_to(data_dir / "rejects")): pl.read_parquet(file, hive_partitioning=False)[
            "line"
        ].to_list()
        for file in found
        if file.is_file()
    }


def test_rejects_are_published_in_one_file_an_entity(data_dir: Path, tmp_path: Path) -> None:
    rejected = staged_rejects(tmp_path / "b", orders=[3, 5, 12], customers=[2])
    where = publish(rejected, ONE)
    assert published(data_dir) == {
        "2026-01-01/customers.parquet": [2],
        "2026-01-01/orders.parquet": [3, 5, 12],
    }
    assert where == {
        entity: data_dir / "rejects" / "2026-01-01" / f"{entity}.parquet"
        for entity in ("customers", "orders")
    }
    assert pl.read_parquet(where["orders"]).schema == REJECTS
    assert len(list(rejected.rglob("*.parquet"))) == 4


def test_a_batch_may_lie_below_a_directory_that_looks_like_a_pattern(data_dir: Path, tmp_path: Path) -> None:
    publish(staged_rejects(tmp_path / "shop [1]" / "b", orders=[3]), ONE)
    assert published(data_dir) == {"2026-01-01/orders.parquet": [3]}


def test_rejects_replace_those_published_before_for_the_day(data_dir: Path, tmp_path: Path) -> None:
    publish(staged_rejects(tmp_path / "a", orders=[3], customers=[2]), ONE)
    publish(staged_rejects(tmp_path / "b", orders=[9]), ONE)
    publish(staged_rejects(tmp_path / "c", orders=[4]), TWO)
    assert published(data_dir) == {"2026-01-01/orders.parquet": [9], "2026-01-02/orders.parquet": [4]}


def test_where_nothing_is_rejected_nothing_is_published(data_dir: Path, tmp_path: Path) -> None:
    publish(staged_rejects(tmp_path / "a", orders=[3]), ONE)
    assert publish(tmp_path / "b" / "rejected_rows", ONE) == {}
    assert list((data_dir / "rejects").iterdir()) == []


def test_publishing_nothing_creates_nothing(data_dir: Path, tmp_path: Path) -> None:
    publish(tmp_path / "b" / "rejected_rows", ONE)
    assert not data_dir.exists()


PUBLISH = """
import resource, signal, sys
from datetime import date
from pathlib import Path
from flows.errors import StagingError
from flows.ingest.quarantine import publish

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
try:
    publish(Path(sys.argv[1]), date(2026, 1, 1))
except StagingError as error:
    sys.exit(str(error))
"""


def test_what_was_published_before_stays_where_the_disk_is_full(data_dir: Path, tmp_path: Path) -> None:
    publish(staged_rejects(tmp_path / "a", orders=[3]), ONE)
    rejected = staged_rejects(tmp_path / "b", orders=list(range(20)))
    # a limit on the size of files fails a write just as a full disk does
    command = [sys.executable, "-c", PUBLISH, str(rejected)]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr.startswith(f"cannot write {data_dir / 'rejects' / '2026-01-01'}: ")
    assert "Traceback" not in ended.stderr
    assert published(data_dir) == {"2026-01-01/orders.parquet": [3]}


def test_a_place_that_is_no_directory_is_reported(data_dir: Path, tmp_path: Path) -> None:
    data_dir.mkdir()
    (data_dir / "rejects").touch()
    with pytest.raises(StagingError, match="Not a directory"):
        publish(staged_rejects(tmp_path / "b", orders=[1]), ONE)
