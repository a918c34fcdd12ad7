"""COPY options that say false, and COPY of many Parquet files at once."""

from typing import Any

import duckdb
from fakesnow import copy_into as stock
from fakesnow import cursor
from fakesnow.transforms import stage
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

from local.warehouse.fixes.parquet_copies import Copy

SWITCHES = {"FORCE", "PURGE"}


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
    """Load Parquet files by column name with one INSERT for all that have the same columns.

    Stock runs an INSERT a file, and each of them reads with no more threads than its file has row groups.
    What a statement answers, refuses and remembers stays as it is.
    """

    def copy_into(
        duck_conn: duckdb.DuckDBPyConnection,
        database: str | None,
        schema: str | None,
        expression: exp.Copy,
        table_stages: stage.TableStages,
        params: Any = None,
    ) -> str:
        if isinstance(expression.args["files"][0], exp.Subquery):
            return stock_copy(duck_conn, database, schema, expression, table_stages, params)
        options = stock._params(expression, params, duck_conn, database, schema)
        by_name = options.match_by_column_name != stock.MatchByColumnName.NONE
        if not (by_name and isinstance(options.file_format, stock.ReadParquet)):
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
        columns = stock._get_table_columns(table, duck_conn, database, schema)
        copy = Copy(duck_conn, expression.this, table.name, table.db or schema or "", options, columns)
        try:
            return copy.run(files)
        except duckdb.HTTPException as error:
            raise ProgrammingError(msg=error.args[0], errno=91016, sqlstate="22000") from None
        except duckdb.ConversionException as error:
            raise ProgrammingError(msg=error.args[0], errno=100038, sqlstate="22018") from None

    return copy_into
