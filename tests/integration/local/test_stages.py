import hashlib
import http.client
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

from tests.integration.local.stand_ins import StandIn, connect_to, running

FORMAT = "file_format = (type = parquet use_logical_type = true) match_by_column_name = case_insensitive"
ORDERS = pl.DataFrame({"order_id": ["a", "b"], "ordered_at": [datetime(2024, 1, 1, 12, 0, 0, 1), None]})

Query = Callable[..., list[Any]]


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    file = tmp_path / "orders-1.parquet"
    ORDERS.write_parquet(file)
    return file


@pytest.fixture
def stage(query: Query) -> Query:
    query("create stage if not exists landing")
    query("create table orders (order_id varchar, ordered_at timestamp_ntz)")
    return query


def put(query: Query, file: Path, target: str) -> list[Any]:
    return query(f"put 'file://{file}' {target} auto_compress=false overwrite=true")


def test_list_shows_the_files_below_a_path_as_snowflake_does(stage: Query, orders: Path) -> None:
    put(stage, orders, "@landing/batch-1/orders/")
    put(stage, orders, "@landing/batch-2/orders/")
    ((name, size, md5, modified),) = stage("list @landing/batch-1/")
    assert name == "landing/batch-1/orders/orders-1.parquet"
    assert size == orders.stat().st_size
    assert md5 == hashlib.md5(orders.read_bytes()).hexdigest()
    assert modified.endswith("GMT")
    assert len(stage("ls @landing")) == 2
    assert stage("ls @landing/batch-3") == []


def test_remove_deletes_the_files_below_a_path_and_names_them(stage: Query, orders: Path) -> None:
    put(stage, orders, "@landing/batch-1/orders/")
    put(stage, orders, "@landing/batch-2/orders/")
    assert stage("remove @landing/batch-1/") == [("landing/batch-1/orders/orders-1.parquet", "removed")]
    assert stage("rm @landing/batch-1/") == []
    assert [row[0] for row in stage("list @landing")] == ["landing/batch-2/orders/orders-1.parquet"]


@pytest.mark.parametrize("statement", ["list", "remove"])
def test_a_stage_that_does_not_exist_is_an_error(query: Query, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="does not exist"):
        query(f"{statement} @no_such_stage/batch/")


def test_paths_with_spaces_and_letters_beyond_ascii_work(stage: Query, tmp_path: Path) -> None:
    file = tmp_path / "März 2024" / "größe 1.parquet"
    file.parent.mkdir()
    ORDERS.write_parquet(file)
    assert put(stage, file, "'@landing/Lauf 1/é/'")[0][6] == "UPLOADED"
    assert [row[0] for row in stage("list '@landing/Lauf 1/'")] == ["landing/Lauf 1/é/größe 1.parquet"]
    stage(f"copy into orders from '@landing/Lauf 1/é/' {FORMAT}")
    assert stage("select count(*) from orders") == [(2,)]


def test_copy_into_a_qualified_table_loads_parquet_by_column_name(
    connect: Callable[..., SnowflakeConnection], orders: Path
) -> None:
    session = connect()
    schema = f"ECOMMERCE_DB.{session.schema}"
    cursor = session.cursor()
    cursor.execute(f"create stage {schema}.landing")
    cursor.execute(f"create table {schema}.orders (ordered_at timestamp_ntz, order_id varchar, note varchar)")
    cursor.execute(f"put 'file://{orders}' @{schema}.landing/b/orders/ auto_compress=false")
    loaded = cursor.execute(f"copy into {schema}.orders from @{schema}.landing/b/orders/ {FORMAT}").fetchall()
    assert loaded[0][:4] == ("landing/b/orders/orders-1.parquet", "LOADED", 2, 2)
    assert cursor.execute(f"select * from {schema}.orders order by order_id").fetchall() == [
        (datetime(2024, 1, 1, 12, 0, 0, 1), "a", None),
        (None, "b", None),
    ]


def test_force_false_does_not_load_a_file_twice_and_purge_false_keeps_it(stage: Query, orders: Path) -> None:
    put(stage, orders, "@landing/b/")
    for _ in range(2):
        stage(f"copy into orders from @landing/b/ {FORMAT} force = false purge = false")
    assert stage("select count(*) from orders") == [(2,)]
    assert len(stage("list @landing/b/")) == 1
    stage(f"copy into orders from @landing/b/ {FORMAT} force = true purge = true")
    assert stage("select count(*) from orders") == [(4,)]
    assert stage("list @landing/b/") == []


def test_a_bad_file_in_a_transaction_leaves_nothing_after_rollback(
    stage: Query, orders: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "orders-2.parquet"
    bad.write_bytes(b"PAR1 this is not parquet PAR1")
    put(stage, orders, "@landing/b/")
    put(stage, bad, "@landing/b/")
    stage("insert into orders values ('before', null)")
    stage("begin")
    stage("delete from orders")
    with pytest.raises(ProgrammingError, match=r"orders-2\.parquet"):
        stage(f"copy into orders from @landing/b/ {FORMAT}")
    stage("rollback")
    assert stage("select order_id from orders") == [("before",)]
    stage("remove @landing/b/orders-2")
    stage(f"copy into orders from @landing/b/ {FORMAT}")
    assert stage("select count(*) from orders") == [(3,)]


def test_a_copy_with_one_bad_file_loads_none_of_its_files(stage: Query, orders: Path, tmp_path: Path) -> None:
    bad = tmp_path / "orders-2.parquet"
    pl.DataFrame({"order_id": ["c"], "ordered_at": ["not a timestamp"]}).write_parquet(bad)
    put(stage, orders, "@landing/b/")
    put(stage, bad, "@landing/b/")
    with pytest.raises(ProgrammingError, match="not a timestamp"):
        stage(f"copy into orders from @landing/b/ {FORMAT}")
    assert stage("select count(*) from orders") == [(0,)]
    stage("remove @landing/b/orders-2")
    stage(f"copy into orders from @landing/b/ {FORMAT}")
    assert stage("select count(*) from orders") == [(2,)]


def test_a_table_created_again_loads_the_same_file_again(stage: Query, orders: Path) -> None:
    put(stage, orders, "@landing/b/")
    for _ in range(2):
        stage("create or replace table orders (order_id varchar, ordered_at timestamp_ntz)")
        stage(f"copy into orders from @landing/b/ {FORMAT}")
        assert stage("select count(*) from orders") == [(2,)]


def test_uploads_outside_the_stages_are_refused(warehouse: StandIn, tmp_path: Path) -> None:
    for path in (
        "/fs_bucket/..%2F..%2Fescape",
        "/fs_bucket/only-a-name",
        "/fs_bucket/a/b/c/../../../../../x",
    ):
        connection = http.client.HTTPConnection("127.0.0.1", warehouse.port)
        connection.request("PUT", path, body=b"x")
        assert connection.getresponse().status == 400
        connection.close()


def test_staged_files_are_there_after_a_restart(tmp_path: Path, orders: Path) -> None:
    for expected in (0, 1):
        with running("local.warehouse", tmp_path) as stand_in, connect_to(stand_in) as session:
            cursor = session.cursor()
            cursor.execute("create stage if not exists raw.landing")
            assert len(cursor.execute("list @raw.landing/b/").fetchall()) == expected
            cursor.execute(f"put 'file://{orders}' @raw.landing/b/ auto_compress=false")
            stand_in.stop()


def test_a_stage_is_known_after_the_server_was_killed(tmp_path: Path, orders: Path) -> None:
    with running("local.warehouse", tmp_path) as stand_in:
        session = connect_to(stand_in)
        cursor = session.cursor()
        cursor.execute("create stage raw.landing")
        cursor.execute("create stage raw.empty")
        cursor.execute(f"put 'file://{orders}' @raw.landing/b/ auto_compress=false")
        stand_in.process.kill()
        session.close(retry=False)
    with running("local.warehouse", tmp_path) as stand_in, connect_to(stand_in) as session:
        cursor = session.cursor()
        assert [row[0] for row in cursor.execute("list @raw.landing").fetchall()] == [
            "landing/b/orders-1.parquet"
        ]
        assert cursor.execute("list @raw.empty").fetchall() == []
        with pytest.raises(ProgrammingError, match="already exists"):
            cursor.execute("create stage raw.empty")


def test_half_of_an_upload_is_gone_after_the_server_was_killed(tmp_path: Path) -> None:
    with running("local.warehouse", tmp_path) as stand_in:
        upload = http.client.HTTPConnection("127.0.0.1", stand_in.port)
        upload.putrequest("PUT", "/fs_bucket/ECOMMERCE_DB/RAW/LANDING/b/orders-1.parquet")
        upload.putheader("Content-Length", "1000")
        upload.endheaders(b"PAR1")
        while not uploads(tmp_path):
            assert stand_in.process.poll() is None
        stand_in.process.kill()
        upload.close()
    with running("local.warehouse", tmp_path):
        assert uploads(tmp_path) == []
        assert not list((tmp_path / "warehouse" / "stages").rglob("*.parquet"))


def uploads(data_dir: Path) -> list[Path]:
    return list((data_dir / "warehouse" / "stages" / ".uploads").glob("*"))


def test_remove_leaves_no_directories_behind(tmp_path: Path, orders: Path) -> None:
    with running("local.warehouse", tmp_path) as stand_in, connect_to(stand_in) as session:
        cursor = session.cursor()
        cursor.execute("create stage raw.landing")
        for path in ("batch-1/a/orders", "batch-1/b/orders", "batch-2/orders"):
            cursor.execute(f"put 'file://{orders}' @raw.landing/{path}/ auto_compress=false")
        cursor.execute("remove @raw.landing/batch-1/a/")
        stage = tmp_path / "warehouse" / "stages" / "ECOMMERCE_DB" / "RAW" / "LANDING"
        assert sorted(path.name for path in stage.rglob("*") if path.is_dir()) == [
            "b",
            "batch-1",
            "batch-2",
            "orders",
            "orders",
        ]
        cursor.execute("remove @raw.landing")
        assert list(stage.iterdir()) == []
        assert cursor.execute("list @raw.landing").fetchall() == []
