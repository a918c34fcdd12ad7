import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.errors import SourceError
from flows.ingest.source.columnar import PIECE_ROWS
from flows.ingest.source.description import EntitySource, read_description
from flows.ingest.source.records import Records, read_records
from flows.paths import SAMPLE_SOURCE

FRAME = pl.DataFrame({"Order No.": ["A-1", "A-2"], "Preis": ["1,50", None], "Ort": ["Köln", "Århus"]})


def source(directory: Path, path: str, **fields: Any) -> EntitySource:
    described_in = directory / "source.toml"
    return EntitySource(entity="orders", path=path, directory=directory, described_in=described_in, **fields)


def write(file: Path, frame: pl.DataFrame = FRAME, delimiter: str = ";", encoding: str = "utf-8") -> Path:
    name = file.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        frame.write_parquet(file)
        return file
    if name.endswith((".ndjson", ".jsonl")):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in frame.iter_rows(named=True))
    else:
        text = frame.write_csv(separator=delimiter)
    content = text.encode(encoding)
    file.write_bytes(gzip.compress(content) if file.name.endswith(".gz") else content)
    return file


def refusal(records: Iterator[Records]) -> str:
    with pytest.raises(SourceError) as error:
        list(records)
    message = str(error.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("name", "first", "fields"),
    [
        ("orders.csv", 2, {"delimiter": ";"}),
        ("orders.csv.gz", 2, {"delimiter": ";"}),
        ("orders.txt", 2, {"delimiter": "|", "encoding": "cp1252"}),
        ("orders.tsv", 2, {"delimiter": "\t", "encoding": "utf-16"}),
        ("orders.ndjson", 1, {}),
        ("orders.jsonl.gz", 1, {"encoding": "latin-1"}),
        ("orders.parquet", 1, {}),
    ],
)
def test_a_file_is_read_as_its_name_says(
    tmp_path: Path, name: str, first: int, fields: dict[str, str]
) -> None:
    file = write(tmp_path / name, **fields)
    (records,) = read_records(source(tmp_path, name, **fields))
    assert records.file == file
    assert_frame_equal(records.frame, FRAME)
    assert records.lines.dtype == pl.Int64
    assert records.lines.to_list() == [first, first + 1]


@pytest.mark.parametrize(
    ("format_", "written"), [("csv", "x.csv"), ("ndjson", "x.ndjson"), ("parquet", "x.parquet")]
)
def test_a_described_format_comes_before_the_name(tmp_path: Path, format_: str, written: str) -> None:
    for name in ("export.dat", "export", "export.json", "export.parquet", "export.csv"):
        write(tmp_path / written).rename(tmp_path / name)
        (records,) = read_records(source(tmp_path, name, format=format_, delimiter=";"))
        assert_frame_equal(records.frame, FRAME)


def test_a_tsv_needs_no_delimiter(tmp_path: Path) -> None:
    write(tmp_path / "orders.tsv", delimiter="\t")
    (records,) = read_records(source(tmp_path, "*.tsv"))
    assert_frame_equal(records.frame, FRAME)


def test_files_of_a_glob_come_in_the_order_of_their_names_each_in_its_format(tmp_path: Path) -> None:
    names = ["o-1.ndjson", "o-10.csv", "o-2.parquet", "o-3.csv.gz"]
    for number, name in enumerate(reversed(names)):
        write(tmp_path / name, FRAME.with_columns(Ort=pl.lit(f"{number}")))
    found = list(read_records(source(tmp_path, "o-*", delimiter=";")))
    assert [records.file.name for records in found] == names
    assert [records.frame["Ort"][0] for records in found] == ["3", "2", "1", "0"]


@pytest.mark.parametrize("name", ["orders.csv", "orders.parquet"])
def test_a_file_without_records_still_tells_its_columns(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, FRAME.clear(), delimiter=",")
    (records,) = read_records(source(tmp_path, name))
    assert records.frame.schema == FRAME.schema
    assert records.lines.dtype == pl.Int64
    assert records.lines.len() == 0


def test_names_of_columns_come_trimmed(tmp_path: Path) -> None:
    frame = pl.DataFrame({" a ": ["1"], "b\t": ["2"]})
    for name in ("orders.csv", "orders.parquet", "orders.ndjson"):
        write(tmp_path / name, frame, delimiter=",")
        (records,) = read_records(source(tmp_path, name))
        assert records.frame.columns == ["a", "b"]


@pytest.mark.parametrize("format_", ["csv", "ndjson", "parquet"])
@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("none", "none: no such file, named by "),
        ("folder", "folder: is a directory, and not a file, named by "),
        ("pipe", "pipe: is a pipe, and not a file, named by "),
        ("circle", "circle: cannot be read: Too many levels of symbolic links"),
        ("away", "away: leads to elsewhere, and there is no such file; named by "),
        ("empty", "empty: is empty"),
        ("n*", "n*: no file matches, named by "),
    ],
)
def test_what_cannot_be_opened_is_refused_whatever_the_format(
    tmp_path: Path, format_: str, path: str, complaint: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "away").symlink_to("elsewhere")
    os.mkfifo(tmp_path / "pipe")
    message = refusal(read_records(source(tmp_path, path, format=format_)))
    assert message.startswith(f"{tmp_path}/{complaint}")


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("b.xlsx", b"x", "b.xlsx: unknown kind of file '.xlsx', named by "),
        ("b.csv", b"", "b.csv: is empty"),
    ],
)
def test_all_files_are_looked_at_before_the_first_is_read(
    tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    write(tmp_path / "a.csv")
    (tmp_path / name).write_bytes(content)
    records = read_records(source(tmp_path, "*"))
    with pytest.raises(SourceError) as error:
        next(records)
    assert str(error.value).startswith(f"{tmp_path}/{complaint}")


def test_what_is_wrong_inside_a_file_is_said_once_its_turn_comes(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", delimiter=",")
    (tmp_path / "b.csv").write_text("a,b\n1,2,3\n")
    records = read_records(source(tmp_path, "*.csv"))
    assert next(records).file.name == "a.csv"
    assert refusal(records).startswith(f"{tmp_path}/b.csv: line 2: ")


def _append(file: Path) -> None:
    with file.open("ab") as end:
        end.write(b"more")


def _replace(file: Path) -> None:
    write(file.with_name(f"new-{file.name}")).replace(file)


CHANGED = "was changed while it was read; run again when it is complete"


@pytest.mark.parametrize("name", ["orders.csv", "orders.csv.gz", "orders.ndjson", "orders.parquet"])
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (_append, CHANGED),
        (_replace, CHANGED),
        (lambda file: os.truncate(file, 10), CHANGED),
        (Path.unlink, "went away while it was read; run again when it is there"),
    ],
    ids=["appended to", "replaced", "cut short", "removed"],
)
def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, name: str, change: Callable[[Path], None], complaint: str
) -> None:
    file = write(tmp_path / name)
    records = read_records(source(tmp_path, name, delimiter=";"))
    next(records)
    change(file)
    assert refusal(records) == f"{file}: {complaint}"


def test_a_file_that_is_cut_short_between_two_pieces_was_changed_and_is_not_damaged(tmp_path: Path) -> None:
    file = tmp_path / "orders.parquet"
    pl.DataFrame({"order_id": range(PIECE_ROWS * 3)}).write_parquet(file, row_group_size=PIECE_ROWS)
    records = read_records(source(tmp_path, "orders.parquet"))
    next(records)
    os.truncate(file, file.stat().st_size // 2)
    assert refusal(records) == f"{file}: {CHANGED}"


def test_a_file_may_change_before_its_turn(tmp_path: Path) -> None:
    write(tmp_path / "a.csv")
    write(tmp_path / "b.csv", FRAME.head(1))
    records = read_records(source(tmp_path, "*.csv", delimiter=";"))
    next(records)
    write(tmp_path / "b.csv")
    assert next(records).frame.height == FRAME.height
    assert list(records) == []


def test_who_has_seen_enough_may_stop(tmp_path: Path) -> None:
    file = write(tmp_path / "orders.csv")
    records = read_records(source(tmp_path, "orders.csv", delimiter=";"))
    next(records)
    _append(file)
    records.close()  # type: ignore[attr-defined]


def test_the_sample_has_a_thousand_orders_of_every_status() -> None:
    (records,) = read_records(read_description(SAMPLE_SOURCE).entities["orders"])
    assert records.frame.height == 1_000
    assert records.frame["order_id"].n_unique() == 1_000
    assert set(records.frame["status"]) == {"pending", "shipped", "delivered", "cancelled", "returned"}
    assert records.lines.to_list() == list(range(2, 1_002))
    assert set(records.frame.dtypes) == {pl.String}
