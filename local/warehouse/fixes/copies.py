"""COPY options that say false."""

from typing import Any

from fakesnow import copy_into
from sqlglot import exp

SWITCHES = {"FORCE", "PURGE"}


def apply() -> None:
    """Apply the fixes of this file."""
    copy_into._params = _without_switches_off(copy_into._params)


def _without_switches_off(stock: Any) -> Any:
    """Leave out `force = false` and `purge = false`; stock takes the mere mention for true.

    Both are false by default: https://docs.snowflake.com/en/sql-reference/sql/copy-into-table#copy-options
    """

    def params(expression: exp.Copy, *args: Any, **kwargs: Any) -> Any:
        on = [param for param in expression.args.get("params") or [] if not _switched_off(param)]
        expression.set("params", on)
        return stock(expression, *args, **kwargs)

    return params


def _switched_off(param: exp.Expr) -> bool:
    value = param.expression
    return param.this.name.upper() in SWITCHES and isinstance(value, exp.Boolean) and not value.this
