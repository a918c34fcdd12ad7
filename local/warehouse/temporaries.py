"""Ordinary relations that stand for temporary ones, marked as such by their comment."""

import contextlib
from collections.abc import Sequence

import duckdb

MARK = "temporary: dropped at the end of session "
RELATIONS = """
    select kind, parts, comment from (
        select 'table' as kind, [database_name, schema_name, table_name] as parts, comment
        from duckdb_tables()
        union all
        select 'view', [database_name, schema_name, view_name], comment
        from duckdb_views()
    )
"""


def mark(connection: duckdb.DuckDBPyConnection, kind: str, parts: Sequence[str], session: str) -> None:
    """Note in the database that the relation ends with the session."""
    with connection.cursor() as separate:
        separate.execute(f"comment on {kind} {quoted(parts)} is '{MARK}{session}'")


def is_ordinary(connection: duckdb.DuckDBPyConnection, parts: Sequence[str]) -> bool:
    """Whether a relation of that name exists and is not a temporary one."""
    relations = connection.execute(
        f"{RELATIONS} where list_transform(parts, lambda part: upper(part)) = $1",
        [[p.upper() for p in parts]],
    ).fetchall()
    return any(not (comment or "").startswith(MARK) for _, _, comment in relations)


def drop(connection: duckdb.DuckDBPyConnection, session: str = "") -> None:
    """Drop the temporary relations of one session, or of all."""
    relations = connection.execute(f"{RELATIONS} where starts_with(comment, $1)", [MARK + session]).fetchall()
    for kind, parts, _ in relations:
        with contextlib.suppress(duckdb.Error):  # an open transaction of another session may hold it
            connection.execute(f"drop {kind} {quoted(parts)}")


def quoted(parts: Sequence[str]) -> str:
    """The qualified name as SQL."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
