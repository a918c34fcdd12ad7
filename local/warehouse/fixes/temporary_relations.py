"""Temporary tables and views with a database and schema in their name."""

from typing import Any

from fakesnow.cursor import FakeSnowflakeCursor
from sqlglot import exp


def apply() -> None:
    """Apply the fixes of this file."""
    FakeSnowflakeCursor._transform_explode = _explode_without_temporary(
        FakeSnowflakeCursor._transform_explode
    )  # type: ignore[method-assign]


def _explode_without_temporary(stock: Any) -> Any:
    def explode(self: FakeSnowflakeCursor, expression: exp.Expr) -> list[exp.Expr]:
        if isinstance(expression, exp.Create) and expression.kind in ("TABLE", "VIEW"):
            make_ordinary(expression)
        return stock(self, expression)

    return explode


def make_ordinary(create: exp.Create) -> None:
    """Drop TEMPORARY from a qualified name."""
    table = create.find(exp.Table)
    properties = create.args.get("properties")
    if table is None or not table.db or properties is None:
        return
    properties.set(
        "expressions", [p for p in properties.expressions if not isinstance(p, exp.TemporaryProperty)]
    )
