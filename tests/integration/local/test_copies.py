from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fakesnow.copy_into import CopyParams, MatchByColumnName
from fakesnow.instance import FakeSnow
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

from local.warehouse.fixes.parquet_copies import Copy

COPY = (
    "copy into orders from @landing/b/ file_format = (type = parquet use_logical_type = true) "
    "match_by_column_name = case_insensitive"
)

Query = Callable[..., list[Any]]


@pytest.fixture
def stage(query: Query, tmp_path: Path) -> Callable[..., None]:
    """Write a frame under the name and put it on the stage, below a path."""
    query("create stage landing")
    query("create table orders (order_id varchar not null, quantity number(10, 0))")

    def put(name: str, path: str = "b", **columns: list[Any]) -> None:
        file = tmp_path / f"{name}.parquet"
        pl.DataFrame(columns).write_parquet(file)
        query(f"put 'file://{file}' '@landing/{path}/' auto_compress = false")

    return put


def test_each_file_is_answered_for_with_its_own_rows(query: Query, stage: Callable[..., None]) -> None:
    stage("c", order_id=["6"], quantity=[6])
    stage("a", order_id=["1", "2", "3"], quantity=[1, 2, 3])
    stage("b", order_id=["4", "5"], quantity=[4, 5])
    assert query(COPY) == [
        ("landing/b/a.parquet", "LOADED", 3, 3, 1, 0, None, None, None, None),
        ("landing/b/b.parquet", "LOADED", 2, 2, 1, 0, None, None, None, None),
        ("landing/b/c.parquet", "LOADED", 1, 1, 1, 0, None, None, None, None),
    ]
    assert query("select * from orders order by order_id") == [(str(n), n) for n in range(1, 7)]


def test_a_file_without_rows_is_loaded_too(query: Query, stage: Callable[..., None]) -> None:
    stage("a", order_id=pl.Series([], dtype=pl.String), quantity=pl.Series([], dtype=pl.Int64))
    stage("b", order_id=["1"], quantity=[1])
    assert [row[:4] for row in query(COPY)] == [
        ("landing/b/a.parquet", "LOADED", 0, 0),
        ("landing/b/b.parquet", "LOADED", 1, 1),
    ]


def test_files_of_other_columns_and_types_are_loaded_side_by_side(
    query: Query, stage: Callable[..., None]
) -> None:
    stage("a", order_id=["1"], quantity=[1])
    stage("b", quantity=[2], order_id=["2"], beyond=["x"])
    stage("c", ORDER_ID=["3"])
    stage("d", order_id=[4], quantity=["4"])
    stage("e", order_id=["5"], quantity=[5])
    assert [row[3] for row in query(COPY)] == [1, 1, 1, 1, 1]
    expected = [("1", 1), ("2", 2), ("3", None), ("4", 4), ("5", 5)]
    assert query("select * from orders order by order_id") == expected


def test_only_files_of_new_names_are_loaded(query: Query, stage: Callable[..., None]) -> None:
    stage("a", order_id=["1"], quantity=[1])
    query(COPY)
    stage("b", order_id=["2"], quantity=[2])
    assert [row[:4] for row in query(COPY)] == [
        ("landing/b/a.parquet", "LOAD_SKIPPED", 0, 0),
        ("landing/b/b.parquet", "LOADED", 1, 1),
    ]
    assert query("select count(*) from orders") == [(2,)]
    history = query(
        "select file_name, row_count from information_schema.load_history "
        "where schema_name = current_schema() and table_name = 'ORDERS'"
    )
    told = sorted((Path(file).name, rows) for file, rows in history)
    assert told == [("a.parquet", 1), ("b.parquet", 1)]


@pytest.mark.parametrize(
    "bad", [{"order_id": ["3", None], "quantity": [3, 4]}, {"quantity": [3]}], ids=["null", "no column"]
)
def test_a_null_where_none_may_be_is_refused_and_nothing_is_loaded_or_remembered(
    query: Query, stage: Callable[..., None], bad: dict[str, list[Any]]
) -> None:
    stage("a", order_id=["1", "2"], quantity=[1, 2])
    stage("b", **bad)
    with pytest.raises(ProgrammingError, match=r"NOT NULL constraint failed: ORDERS\.ORDER_ID"):
        query(COPY)
    assert query("select count(*) from orders") == [(0,)]
    query("remove @landing/b/b.parquet")
    assert [row[:4] for row in query(COPY)] == [("landing/b/a.parquet", "LOADED", 2, 2)]


def test_a_path_that_looks_like_a_partition_is_no_column(query: Query, stage: Callable[..., None]) -> None:
    stage("a", path="b/quantity=7", order_id=["1"])
    query(COPY)
    assert query("select * from orders") == [("1", None)]


def test_a_path_without_files_is_answered_as_by_snowflake(query: Query, stage: Callable[..., None]) -> None:
    assert query(COPY) == [("Copy executed with 0 files processed.",)]


def test_files_of_the_same_columns_are_read_by_one_statement(tmp_path: Path) -> None:
    files = [str(tmp_path / f"{n}.parquet") for n in range(5)]
    for file in files:
        pl.DataFrame({"order_id": ["1"]}).write_parquet(file)
    connection = FakeSnow().connect("DB", "RAW")._duck_conn
    connection.execute("create table orders (ORDER_ID varchar)")
    connection.execute("call enable_logging('QueryLog')")
    by_name = CopyParams(match_by_column_name=MatchByColumnName.CASE_INSENSITIVE)
    Copy(connection, exp.to_table("orders"), "ORDERS", "RAW", by_name, ["ORDER_ID"]).run(files)
    logged = connection.execute("select message from duckdb_logs where type = 'QueryLog'").fetchall()
    assert sum(message.startswith("INSERT INTO orders") for (message,) in logged) == 1
