"""What to tell of models and tests that failed."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from snowflake.connector import SnowflakeConnection

from flows.errors import printable
from flows.paths import DBT_PROJECT

EXAMPLES = 3
_LONGEST_VALUE = 80

Examples = Callable[[str], Sequence[str]]


def no_examples(_relation: str) -> Sequence[str]:
    """Nothing to tell of a failed test's rows."""
    return []


def read_examples(connection: SnowflakeConnection, relation: str) -> list[str]:
    """Some of the rows that a failed test has stored, one line each: `column=value, …`.

    Args:
        relation: its name as dbt writes it, quoted where it needs to be.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"select * from {relation} limit {EXAMPLES}")  # noqa: S608 - dbt's own name
        names = [column.name.lower() for column in cursor.description]
        return [
            ", ".join(f"{name}={_short(value)}" for name, value in zip(names, row, strict=True))
            for row in cursor.fetchall()
        ]


def describe(failed: Iterable[Any], nodes: int, skipped: int, examples: Examples) -> str:
    """Each failed node: what it is, its reason, where its rows and its SQL are."""
    lines = [_failure(item, examples) for item in failed]
    return f"dbt: {len(lines)} of {nodes} nodes failed, {skipped} skipped\n" + "\n".join(lines)


def _failure(item: Any, examples: Examples) -> str:
    node = item.node
    kind = str(node.resource_type).replace("_", " ")
    about = "" if kind in ("model", "seed") else f" on {', '.join(_tested_models(node)) or 'no model'}"
    reason = " ".join(str(item.message or item.status).split())
    lines = [f"- {kind} {node.name}{about}: {reason}"]
    stored = getattr(node, "relation_name", None)
    if kind == "test" and str(item.status) == "fail" and stored:
        lines += [f"  {row}" for row in examples(stored)]
        lines.append(f"  all of them: {stored}")
    lines.append(f"  compiled SQL: {_compiled_path(node)}")
    return "\n".join(lines)


def _tested_models(node: Any) -> list[str]:
    return [
        name.rsplit(".", 1)[-1]
        for name in node.depends_on.nodes
        if name.split(".", 1)[0] in ("model", "source", "seed")
    ]


def _compiled_path(node: Any) -> Path:
    compiled = getattr(node, "compiled_path", None)
    if compiled:
        return (DBT_PROJECT / compiled).resolve()
    return DBT_PROJECT / node.original_file_path  # it failed before there was any


def _short(value: object) -> str:
    text = printable(str(value))
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
