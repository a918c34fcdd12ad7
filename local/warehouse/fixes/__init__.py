"""Where fakesnow differs from Snowflake in ways that matter here, and how each is mended.

Every fix replaces or wraps one attribute of fakesnow; `apply_all` runs once, before the first request.
"""

from local.warehouse.fixes import errors, merge, no_ops, results, temporary_relations


def apply_all() -> None:
    """Apply every fix. The order matters where two fixes wrap the same method: the last is the outermost."""
    results.apply()
    no_ops.apply()
    temporary_relations.apply()
    merge.apply()
    errors.apply()
