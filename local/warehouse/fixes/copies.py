"""COPY options that say false, and COPY of many Parquet files."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from fakesnow import copy_into as stock
from fakesnow import cursor
from fakesnow.transforms import stage
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

SWITCHES = {"FORCE", "PURGE"}
NOTHING = "select 'Copy executed with 0 files processed.' as status"
RESULT_COLUMNS = (
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


def apply() -> None:
    """Apply the fixes of this file."""
    stock._params = _without_switches_off(stock._params)
    cursor.copy_into = _alike_files_at_once(stock.copy_into)


def _without_switches_off(stock_params: Any) -> Any:
    """Leave out `force = false` and `purge = false`; stock takes the mere mention for true.

    Both are false by default: https://docs.snowflake.com/en/sql-reference/sql/copy-into-table#copy-options
    """

    def params(expression: exp.Copy, *args: Any, **kwargs: Any) -> Any:
        on = [param for param in expression.args.get("params") or [] if not _switched_off(param)]
        expression.set("params", on)
        return stock_params(expression, *args, **kwargs)

    return params


def _switched_off(param: exp.Expr) -> bool:
    value = param.expression
    return param.this.name.upper() in SWITCHES and isinstance(value, exp.Boolean) and not value.this


def _alike_files_at_once(stock_copy: Any) -> Any:
    """Load the Parquet files of a COPY by column name with one INSERT for all that have the same columns.

    Stock runs an INSERT a file: each reads with as many threads as the file has row groups, and begins a row
    group of its own in the table. Here the rows of a file are those its footer tells; their sum is compared
    with what the INSERT wrote. A path that looks like a Hive partition is no column, as on Snowflake.
    """

    def copy_into(
        duck_conn: duckdb.DuckDBPyConnection,
        database: str | None,
        schema: str | None,
        expression: exp.Copy,
        table_stages: stage.TableStages,
        params: Any = None,
    ) -> str:
        options = stock._params(
            expression, params, duck_conn=duck_conn, current_database=database, current_schema=schema
        )
        by_name = options.match_by_column_name != stock.MatchByColumnName.NONE
        if (
            not isinstance(options.file_format, stock.ReadParquet)
            or not by_name
            or isinstance(expression.args["files"][0], exp.Subquery)
        ):
            return stock_copy(duck_conn, database, schema, expression, table_stages, params)
        table = stock._extract_table(expression.this)
        source = stock._from_source(expression)
        if source.startswith("@"):
            source = stock.stage_url_from_var(source[1:], duck_conn, database, schema, table_stages, table)
        files = (
            stock._source_urls(source, options.files)
            if options.files
            else sorted(stock._source_glob(source, duck_conn))
        )
        if not files:
            duck_conn.execute(NOTHING)
            return NOTHING
        copy = _Copy(duck_conn, expression.this, table.name, table.db or schema, options)
        columns = stock._get_table_columns(table, duck_conn, database, schema)
        try:
            return copy.run(files, columns)
        except duckdb.HTTPException as error:
            raise ProgrammingError(msg=error.args[0], errno=91016, sqlstate="22000") from None
        except duckdb.ConversionException as error:
            raise ProgrammingError(msg=error.args[0], errno=100038, sqlstate="22018") from None

    return copy_into


@dataclass(frozen=True)
class _Copy:
    """One COPY of Parquet files into a table, by column name."""

    connection: duckdb.DuckDBPyConnection
    target: exp.Expr
    table: str
    schema: str
    options: stock.CopyParams

    def run(self, files: list[str], columns: list[str]) -> str:
        """Load what was not loaded before; the SQL that says what became of each file, which was run."""
        before = set() if self.options.force else self._loaded_before(files)
        new = [file for file in files if file not in before]
        rows = self._insert(new, columns)
        self._remember(rows)
        if self.options.purge:
            for file in new:
                if stage.is_internal(stage.file_path(file)):
                    Path(stage.file_path(file)).unlink()
        return self._tell(files, rows)

    def _loaded_before(self, files: list[str]) -> set[str]:
        found = self.connection.execute(
            "select file_name from _fs_information_schema._fs_load_history "
            "where table_name = $1 and schema_name = $2 and list_contains($3, file_name)",
            [self.table, self.schema, files],
        )
        return {file for (file,) in found.fetchall()}

    def _insert(self, files: list[str], columns: list[str]) -> dict[str, int]:
        """Rows of each file, after all were inserted."""
        rows: dict[str, int] = {}
        for layout, alike in self._by_layout(files).items():
            reading = _read_parquet(alike)
            matched = stock._match_parquet_columns(
                [name for name, _ in layout], columns, self.options.match_by_column_name
            )
            selected = [_column(matched.get(column), column) for column in columns]
            statement = exp.Insert(
                this=self.target,
                expression=exp.Select(expressions=selected).from_(exp.Table(this=reading)),
                by_name=True,
            )
            ((inserted,),) = self.connection.execute(statement.sql(dialect="duckdb")).fetchall()
            told = self._rows_told(alike)
            if sum(told.values()) != inserted:
                raise RuntimeError(f"{inserted} rows inserted of files that hold {sum(told.values())}")
            rows |= told
        return rows

    def _by_layout(self, files: Iterable[str]) -> dict[tuple[tuple[str, str], ...], list[str]]:
        """Files by the names and types of their columns, in the order of their first file."""
        alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for file in files:
            reading = _read_parquet([file]).sql(dialect="duckdb")
            described = self.connection.execute(f"describe select * from {reading}").fetchall()  # noqa: S608
            alike.setdefault(tuple((name, kind) for name, kind, *_ in described), []).append(file)
        return alike

    def _rows_told(self, files: list[str]) -> dict[str, int]:
        names = [_literal(file).name for file in files]
        told = self.connection.execute("select num_rows from parquet_file_metadata($1)", [names]).fetchall()
        return dict(zip(files, (count for (count,) in told), strict=True))

    def _remember(self, rows: dict[str, int]) -> None:
        if not rows:
            return
        loaded_at = datetime.datetime.now(datetime.UTC).isoformat()
        self.connection.execute(
            "insert into _fs_information_schema._fs_load_history "
            "select $1, file, $2, $3, 'LOADED', row_count, row_count, null, null, null, null, 0, 1 "
            "from (select unnest($4) as file, unnest($5) as row_count)",
            [self.schema, self.table, loaded_at, list(rows), list(rows.values())],
        )

    def _tell(self, files: list[str], rows: dict[str, int]) -> str:
        answers = [
            (stock._result_file_name(file), "LOADED", rows[file], rows[file], 1, 0, None)
            if file in rows
            else (stock._result_file_name(file), "LOAD_SKIPPED", 0, 0, None, 1, "File was loaded before.")
            for file in files
        ]
        values = exp.values([(*answer, None, None, None) for answer in answers], "t", RESULT_COLUMNS)
        answer: str = exp.select("*").from_(values).sql(dialect="duckdb")
        self.connection.execute(answer)
        return answer


def _literal(file: str) -> exp.Literal:
    return stock.ReadParquet.file_literal(file)


def _read_parquet(files: Iterable[str]) -> exp.Expr:
    no_partitions = stock.ReadParquet.make_eq("hive_partitioning", False)
    return exp.func("read_parquet", exp.array(*map(_literal, files)), no_partitions)


def _column(found: str | None, column: str) -> exp.Expr:
    """The file's column under the table's name, or NULL."""
    value = exp.Null() if found is None else exp.column(exp.to_identifier(found, quoted=True))
    return exp.alias_(value, column, quoted=True)
