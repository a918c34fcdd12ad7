"""Leaving out passes must not change a translation."""

import re

import pytest
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.dialect import parse_one
from fakesnow.instance import FakeSnow
from sqlglot.expressions.core import Expression

from local.warehouse.fixes import passes

# ruff: noqa: E501 - one statement a line

STATEMENTS = [
    "select 1",
    "select a.b::varchar, sum(x), avg(y::number(10, 2)) from t as a where a.z = 'q' group by all having sum(x) > 1",
    "select id as i, i + 1 as j from t where j > 2",
    "select t.a as k from t join u on k = u.k",
    "select to_date('2026-01-01'), to_timestamp('2026-01-01'), to_decimal('1.5', 10, 2), x::timestamp_ntz from t",
    "select '2026-01-01 10:00:00 +09:00'::timestamp_tz, dateadd(day, 1, '2026-01-01'::date), datediff(day, '2026-01-01', d) from t",
    "select parse_json('{\"a\": [1]}'):a[0]::varchar, object_construct('a', 1), array_construct(1, 2), array_size(v) from t",
    "select value::varchar from t, lateral flatten(input => t.v)",
    "select trim(x), split(x, ','), regexp_replace(x, 'a', 'b'), regexp_substr(x, 'a+'), sha2(x), haversine(1, 2, 3, 4) from t",
    "select array_agg(x) within group (order by y), object_agg(k, v), listagg(x, ',') from t",
    "select row_number() over (partition by a order by b desc nulls last) as n from t qualify n = 1",
    "select * from values (1, 'a'), (2, 'b')",
    "select uniform(1, 10, random()), median(x), stddev(x) from t sample (10)",
    "select * from identifier('t')",
    "select table_name from information_schema.tables where table_schema = 'S'",
    "select * from db.information_schema.columns",
    "create table c (id number(38, 0), name varchar(10), at_ timestamp_ntz, v variant, f float) comment = 'x'",
    "create or replace table c as select id, x as y from t",
    "create table c (id, y) as select id, x from t",
    "create or replace transient table c as (select 1 as a)",
    "create table c clone t",
    "create or replace view w as select * from t",
    "create schema if not exists s2",
    "create database if not exists db2",
    "create stage if not exists st",
    "create file format ff type = csv",
    "drop schema s2",
    "alter table t add column z number(10, 2)",
    "alter table t cluster by (id)",
    "comment on table t is 'hello'",
    "insert into t (id, v) select 1, parse_json('{}')",
    "update t set x = 1 where id = 2",
    "delete from t where id in (1, 2)",
    "truncate table t",
    "use schema s",
    "use database db",
    "show tables in schema db.s",
    "show schemas in database db",
    "show columns in table t",
    "show terse objects in db.s",
    "show warehouses",
    "describe table t",
    "select current_version(), current_database()",
    "alter session set autocommit = false",
    "select seq.nextval",
    "select hex_decode_binary(x'41')",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_translation_is_the_same_with_passes_left_out(
    statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = FakeSnow().connect("DB", "S").cursor()

    def translated() -> str:
        return cursor._transform(parse_one(statement), None).sql(dialect="duckdb")

    def outcome() -> str:
        try:
            return re.sub(r"'\d{4}-\d\d-\d\d[ T][^']*'", "'now'", translated())  # when a stage was created
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    stock = outcome()
    monkeypatch.setattr(FakeSnowflakeCursor, "_transform", FakeSnowflakeCursor._transform)
    monkeypatch.setattr(Expression, "transform", Expression.transform)
    passes.apply()
    assert outcome() == stock


def test_a_plain_query_is_translated_in_few_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    walked: list[object] = []
    everything = Expression.transform

    def counting(self, function, *arguments, **options):
        walked.append(function)
        return everything(self, function, *arguments, **options)

    monkeypatch.setattr(FakeSnowflakeCursor, "_transform", FakeSnowflakeCursor._transform)
    monkeypatch.setattr(Expression, "transform", counting)
    passes.apply()
    FakeSnow().connect("DB", "S").cursor()._transform(parse_one("select a, b from t where a = 1"), None)
    assert len(walked) < 15
