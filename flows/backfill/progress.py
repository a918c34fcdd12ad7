"""How far a backfill is: one line a batch, and a bar in the Prefect UI."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from flows.backfill.spans import Span
from flows.ingest.load import EntityLoad


class Progress:
    """Counts days and rows as batches end. `rows` has the rows that this process loaded, per entity."""

    def __init__(self, days: int, report: Callable[[str], None]) -> None:
        """`days` is how many are to be loaded; `report` is told one line a batch."""
        self.rows: dict[str, int] = {}
        self._days = days
        self._done = 0
        self._report = report
        self._bar: UUID | None = None

    @property
    def told(self) -> str:
        """How far it is, in words."""
        return f"{self._done:,} of {self._days:,} missing days are loaded"

    def done(self, span: Span, loaded: Mapping[str, EntityLoad] | None = None) -> None:
        """A batch is loaded, by this process or by another."""
        for entity, load in (loaded or {}).items():
            self.rows[entity] = self.rows.get(entity, 0) + load.rows
        self._done += len(span.days)
        rows = sum(load.rows for load in (loaded or {}).values())
        self._report(f"{self.told}: {span}" + (f", {rows:,} rows" if loaded else ""))
        self._show()

    def _show(self) -> None:
        percent = 100.0 * self._done / self._days
        if self._bar is None:
            created: Any = create_progress_artifact(percent, "backfill", self.told)
            self._bar = created
        else:
            update_progress_artifact(self._bar, percent, self.told)
