"""Where fakesnow differs from Snowflake in ways that matter here, and how each is mended.

Every fix replaces or wraps one attribute of fakesnow; `apply_all` runs once, before the first request.
"""

from local.warehouse.fixes import (
    copies,
    errors,
    information_schema,
    merge,
    no_ops,
    numbers,
    parsing,
    passes,
    results,
    single_statements,
    stages,
    temporary_relations,
    transactions,
)


def apply_all() -> None:
    """Apply every fix. Where two wrap the same method, the later one is the outer one."""
    information_schema.apply()
    passes.apply()
    results.apply()
    numbers.apply()
    single_statements.apply()
    parsing.apply()
    no_ops.apply()
    stages.apply()
    copies.apply()
    temporary_relations.apply()
    merge.apply()
    transactions.apply()
    errors.apply()
