"""Sums and averages that keep their digits."""

from fakesnow import info_schema, rowtype, transforms
from fakesnow.transforms import transforms as stock
from sqlglot import exp

INTEGERS = "('BIGINT', 'INTEGER', 'SMALLINT', 'TINYINT', 'HUGEINT', 'UBIGINT', 'UINTEGER')"
MORE_TYPES = {
    "SMALLINT": "fixed",
    "TINYINT": "fixed",
    "FLOAT": "real",
    "TIMESTAMP_S": "timestamp_ntz",
    "TIMESTAMP_MS": "timestamp_ntz",
}


def apply() -> None:
    """Apply the fixes of this file."""
    transforms.numeric_agg_implicit_cast = keep_digits
    rowtype.duckdb_to_sf_type.update(MORE_TYPES)
    describe_integers_as_number()


def keep_digits(expression: exp.Expr) -> exp.Expr:
    """Aggregate numbers as the type they have; stock casts every argument to DOUBLE first.

    Stock wants SUM over text to work as on Snowflake, and loses digits of money and large integers for it.
    Here SUM and AVG of a NUMBER are summed exactly, SUM up to 38 digits, and text must be cast by the query.
    Only MEDIAN goes through DOUBLE: DuckDB would cut the middle of two decimals to their own scale.
    Columns without an alias keep the names stock gives them, `SUM(AMOUNT)`.
    """
    if not isinstance(expression, stock._NUMERIC_ONLY_AGGS):
        return expression
    argument = expression.this
    name = None
    if isinstance(expression.parent, exp.Select):
        name = stock._numeric_agg_col_name(expression, argument)
    if isinstance(expression, exp.Median) and not isinstance(argument, exp.Cast | exp.TryCast):
        expression.set("this", exp.Cast(this=argument, to=exp.DataType.build("double")))
    return exp.alias_(expression, name, quoted=True) if name else expression


def describe_integers_as_number() -> None:
    """Call every integer type NUMBER(38, 0) in DESCRIBE and INFORMATION_SCHEMA, as Snowflake does.

    Stock does so for BIGINT only; SUM of integers is a HUGEINT in DuckDB, a literal an INTEGER.
    https://docs.snowflake.com/en/sql-reference/data-types-numeric#int-integer-bigint-smallint-tinyint-byteint
    """
    view = info_schema.SQL_CREATE_GLOBAL_INFORMATION_SCHEMA_COLUMNS_VIEW
    view = view.replace("columns.data_type='BIGINT'", f"columns.data_type in {INTEGERS}")
    view = view.replace(
        "case when columns.data_type='DOUBLE' then NULL else columns.numeric_scale",
        f"case when columns.data_type='DOUBLE' then NULL when columns.data_type in {INTEGERS} then 0 "
        "else columns.numeric_scale",
    )
    info_schema.SQL_CREATE_GLOBAL_INFORMATION_SCHEMA_COLUMNS_VIEW = view
