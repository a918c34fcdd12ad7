"""The schema of `RAW` and `OPS`, as numbered steps that the pipeline applies itself."""

from flows.migrations.migrate import prepare

__all__ = ["prepare"]
