"""One COPY of Parquet files into a table, by column name."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
from fakesnow import copy_into as stock
from fakesnow.transforms import stage
from sqlglot import exp

Layout = tuple[tuple[str, str], ...]

NO_FILES = "select 'Copy executed with 0 files processed.' as status"
ANSWER = (
    "file",
    "status",
    "rows_parsed",
    "rows_loaded",
    "error_limit",
    "errors_seen",
    "first_error",
    "first_error_line",
    "first_error_character",
    "first_error_column_name",
)


@dataclass(frozen=True)
class Copy:
    """`columns` are the table's; what the files lack of them is NULL, what they have beyond is left out.

    The rows of a file are those its footer tells. Their sum must be what DuckDB says it has inserted.
    """

    connection: duckdb.DuckDBPyConnection
    target: exp.Expr
    table: str
    schema: str
    options: stock.CopyParams
    columns: list[str]

    def run(self, files: list[str]) -> str:
        """Load what was not loaded before; the query that was run to answer what became of each file."""
        if not files:
            self.connection.execute(NO_FILES)
            return NO_FILES
        before = set() if self.options.force else self._loaded_before(files)
        rows: dict[str, int] = {}
        for layout, alike in self._by_layout(file for file in files if file not in before).items():
            rows |= self._insert(layout, alike)
        self._remember(rows)
        if self.options.purge:
            for file in rows:
                if stage.is_internal(stage.file_path(file)):
                    Path(stage.file_path(file)).unlink()
        answer = self._answer(files, rows)
        self.connection.execute(answer)
        return answer

    def _loaded_before(self, files: list[str]) -> set[str]:
        found = self.connection.execute(
            "select file_name from _fs_information_schema._fs_load_history "
            "where table_name = $1 and schema_name = $2 and list_contains($3, file_name)",
            [self.table, self.schema, files],
        )
        return {file for (file,) in found.fetchall()}

    def _by_layout(self, files: Iterable[str]) -> dict[Layout, list[str]]:
        """Files by the names and types of their columns."""
        alike: dict[Layout, list[str]] = {}
        for file in files:
            reading = _read_parquet([file]).sql(dialect="duckdb")
            described = self.connection.execute(f"describe select * from {reading}").fetchall()  # noqa: S608
            alike.setdefault(tuple((name, kind) for name, kind, *_ in described), []).append(file)
        return alike

    def _insert(self, layout: Layout, files: list[str]) -> dict[str, int]:
        """Rows of each file, after all of them were inserted."""
        names = [name for name, _ in layout]
        found = stock._match_parquet_columns(names, self.columns, self.options.match_by_column_name)
        selected = [_column(found.get(column), column) for column in self.columns]
        reading = exp.select(*selected).from_(exp.Table(this=_read_parquet(files)))
        insert = exp.Insert(this=self.target, expression=reading, by_name=True)
        ((inserted,),) = self.connection.execute(insert.sql(dialect="duckdb")).fetchall()
        rows = {file: self._rows_told(file) for file in files}
        if sum(rows.values()) != inserted:
            raise RuntimeError(f"{inserted} rows inserted of files that tell of {sum(rows.values())}")
        return rows

    def _rows_told(self, file: str) -> int:
        reading = exp.func("parquet_file_metadata", stock.ReadParquet.file_literal(file))
        told = self.connection.execute(f"select num_rows from {reading.sql(dialect='duckdb')}")  # noqa: S608
        ((rows,),) = told.fetchall()
        return int(rows)

    def _remember(self, rows: dict[str, int]) -> None:
        loaded_at = datetime.datetime.now(datetime.UTC).isoformat()
        self.connection.execute(
            "insert into _fs_information_schema._fs_load_history "
            "select $1, file, $2, $3, 'LOADED', row_count, row_count, null, null, null, null, 0, 1 "
            "from (select unnest($4::varchar[]) as file, unnest($5::bigint[]) as row_count)",
            [self.schema, self.table, loaded_at, list(rows), list(rows.values())],
        )

    @staticmethod
    def _answer(files: list[str], rows: dict[str, int]) -> str:
        """Snowflake's columns of a COPY: https://docs.snowflake.com/en/sql-reference/sql/copy-into-table#output"""
        answers = [
            ("LOADED", rows[file], rows[file], 1, 0, None)
            if file in rows
            else ("LOAD_SKIPPED", 0, 0, None, 1, "File was loaded before.")
            for file in files
        ]
        lines = [
            (stock._result_file_name(file), *answer, None, None, None)
            for file, answer in zip(files, answers, strict=True)
        ]
        return exp.select("*").from_(exp.values(lines, alias="t", columns=ANSWER)).sql(dialect="duckdb")


def _read_parquet(files: Iterable[str]) -> exp.Expr:
    """Reads the files; a path that looks like a Hive partition is no column, as on Snowflake."""
    no_partitions = stock.ReadParquet.make_eq("hive_partitioning", False)
    return exp.func("read_parquet", exp.array(*map(stock.ReadParquet.file_literal, files)), no_partitions)


def _column(found: str | None, column: str) -> exp.Expr:
    """The file's column under the table's name, or NULL."""
    value = exp.Null() if found is None else exp.column(exp.to_identifier(found, quoted=True))
    return exp.alias_(value, column, quoted=True)
