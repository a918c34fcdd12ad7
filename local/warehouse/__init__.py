"""The local warehouse: Snowflake's HTTP protocol over DuckDB files, by fakesnow, with its gaps closed."""
