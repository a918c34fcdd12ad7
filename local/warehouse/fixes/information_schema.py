"""INFORMATION_SCHEMA.TABLES."""

from string import Template

from fakesnow import info_schema

_ONLY_TABLES = "from duckdb_tables tables"
_WITH_VIEWS = """from (
    select database_name, schema_name, table_name, estimated_size, 'BASE TABLE' as table_type
    from duckdb_tables
    union all
    select database_name, schema_name, view_name, null, 'VIEW'
    from duckdb_views
    where not internal
) tables"""


def apply() -> None:
    """List views too; dbt's catalog asks for both.

    Stock lists tables alone, Snowflake views as well, without a count of rows
    (https://docs.snowflake.com/en/sql-reference/info-schema/tables).
    """
    stock = info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW.template
    info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW = Template(
        stock.replace("create view if not exists", "create or replace view")
        .replace("'BASE TABLE' AS", "tables.table_type AS")
        .replace(_ONLY_TABLES, _WITH_VIEWS)
    )
