"""Load one batch exactly once: one transaction an entity, and a decision for each of its days.

The manifest decides: a day whose content it knows is skipped without touching the stage, one with other
content is replaced, one it does not know is loaded. It is asked a second time under the load lock, where
nobody else can be between deciding and committing. So of any number of runs at once each content is
loaded by one, and a commit whose answer was lost is recognised instead of repeated.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import Error

from flows.errors import LoadError, UnreachableError
from flows.ingest import transaction
from flows.ingest.manifest import LoadedDay, read_manifest
from flows.ingest.reconcile import check_copied, check_staged
from flows.ingest.retries import PATIENCE, Patience, Session
from flows.ingest.staging import REJECTED, StagedBatch
from flows.ingest.upload import new_attempt, put_files, remove_files
from flows.migrations import prepare
from flows.tables import REJECTS_TABLE, raw_table
from flows.trouble import is_locked, one_line
from flows.warehouse import Connect

LOADED, REPLACED, SKIPPED = "loaded", "replaced", "skipped"


@dataclass(frozen=True)
class DayLoad:
    """What became of one day: of `read` rows, `loaded` were loaded now, `rejected` and `ignored` never are.

    `outcome` is `loaded`, `replaced` (other content was there before) or `skipped` (the same was).
    """

    day: date
    read: int
    rejected: int
    ignored: int
    loaded: int
    outcome: str

    @property
    def is_notable(self) -> bool:
        """Whether rows were set aside, or replaced others."""
        return self.rejected > 0 or self.outcome == REPLACED


@dataclass(frozen=True)
class EntityLoad:
    """What became of one entity: rows and days loaded, days that were there already, rows set aside.

    `by_day` has the days of the batch; `skipped_days` may count others that needed no batch.
    """

    rows: int
    days: int
    skipped_days: int
    rejected: int = 0
    by_day: tuple[DayLoad, ...] = ()

    @property
    def read(self) -> int:
        """Rows that were read or simulated."""
        return sum(day.read for day in self.by_day)


def load_batch(
    connect: Connect,
    batch: StagedBatch,
    report: Callable[[str], None],
    patience: Patience = PATIENCE,
    environment: str = "prod",
) -> dict[str, EntityLoad]:
    """Load every day of the batch whose content is not there already.

    Args:
        connect: opens a session, and another one when it was lost.
        batch: its files stay where they are.
        report: told one line a step and a wait, for progress.
        patience: how long a lost connection, or another run at work, is borne.
        environment: whose database it is.

    Returns:
        What became of each entity. The stage holds nothing of the batch afterwards.

    Raises:
        StagingError: a file could not be uploaded; the entity was not touched.
        LoadError: the warehouse refused a statement, or another run did not end; the entity was rolled back.
        ReconciliationError: the counts differ; the entity was rolled back.
        UnreachableError: the warehouse did not come back.
        WarehouseError: the landing zone could not be made or read.
    """
    for entity, days in batch.days.items():
        check_staged(entity, days)
    every_day = [day for days in batch.days.values() for day in days]
    if not every_day:
        return {}
    read = partial(read_manifest, first=min(every_day), last=max(every_day))
    with Session(connect, partial(prepare, environment=environment), report, patience) as session:
        known = session.run(read, "reading the manifest")
        return {entity: _Load(session, batch, entity, report).run(known[entity]) for entity in batch.days}


def days_as_rows(loaded: Mapping[str, EntityLoad]) -> list[dict[str, Any]]:
    """One row an entity and day, of plain values: entity, day, read, rejected, ignored, loaded, outcome."""
    return [
        {"entity": entity, **asdict(day), "day": day.day.isoformat()}
        for entity, load in loaded.items()
        for day in load.by_day
    ]


class _Load:
    """One entity on its way, over as many attempts as it takes."""

    def __init__(
        self, session: Session, batch: StagedBatch, entity: str, report: Callable[[str], None]
    ) -> None:
        self._session = session
        self._batch = batch
        self._entity = entity
        self._days = batch.days[entity]
        self._report = report
        self._known: Mapping[date, LoadedDay] | None = None
        self._paths: list[str] = []
        self._uploaded: set[date] = set()  # days whose files lie in the last path, not copied yet
        self._sent: dict[date, str] = {}  # outcomes of which a commit was sent

    def run(self, known: Mapping[date, LoadedDay]) -> EntityLoad:
        """Load what the manifest, read a moment ago, does not know."""
        self._known = known
        table = raw_table(self._entity)
        try:
            outcomes = self._session.run(self._attempt, f"loading {self._entity}")
        except Error as error:
            self._tidy(self._session.if_open)
            if is_locked(error):
                raise LoadError(
                    f"{self._entity}: another run was loading all the time ({one_line(error)}); {table} is "
                    "as it was before. Run again when it has ended; SHOW LOCKS names a session that hangs"
                ) from None
            raise LoadError(
                f"the warehouse refused to load {self._entity}: {one_line(error)}; "
                f"{table} is as it was before"
            ) from None
        except BaseException:
            self._tidy(self._session.if_open)
            raise
        self._tidy(partial(self._session.run, purpose=f"removing the files of {self._entity}"))
        return self._result(outcomes)

    def _tidy(self, run: Callable[[Callable[[SnowflakeConnection], object]], object]) -> None:
        """Remove what was uploaded; what cannot be removed now is left to later runs."""
        for path in self._paths:
            with suppress(Error, UnreachableError):
                run(partial(remove_files, path=path))

    def _attempt(self, connection: SnowflakeConnection) -> Mapping[date, str]:
        """The outcomes of the days this run has loaded; safe to be made again wherever it failed."""
        known, self._known = self._known, None
        if known is None:
            known = self._read(connection)
        while wanted := self._wanted(known):
            self._upload(connection, wanted)
            with transaction.begun(connection) as cursor:
                transaction.take_lock(cursor, self._batch.batch_id)
                known = self._read(connection)
                if self._wanted(known) != wanted:
                    cursor.execute("rollback")
                    continue
                self._replace(cursor, wanted, known)
                cursor.execute("commit")
            return self._sent
        if self._uploaded:
            self._report(f"loading {self._entity}: another run has loaded the same meanwhile")
        return self._arrived(known)

    def _read(self, connection: SnowflakeConnection) -> Mapping[date, LoadedDay]:
        return read_manifest(connection, min(self._days), max(self._days))[self._entity]

    def _arrived(self, known: Mapping[date, LoadedDay]) -> dict[date, str]:
        """What was sent to be committed, and is there: perhaps only the answer was lost."""
        ours = self._batch.batch_id
        there = {day for day, loaded in known.items() if loaded.batch_id == ours}
        return {day: outcome for day, outcome in self._sent.items() if day in there}

    def _wanted(self, known: Mapping[date, LoadedDay]) -> set[date]:
        """Days that are not there with the batch's content."""
        return {
            day
            for day, staged in self._days.items()
            if day not in known or known[day].content_hash != staged.content_hash
        }

    def _upload(self, connection: SnowflakeConnection, wanted: set[date]) -> None:
        """Bring the files of these days to a path of their own, unless they lie there already."""
        if self._uploaded == wanted:
            return
        self._uploaded = set()
        rows = sum(self._days[day].rows for day in wanted)
        self._report(f"loading {self._entity}: {rows:,} rows of {len(wanted)} day(s)")
        path = new_attempt(self._batch.batch_id)
        self._paths.append(path)
        if rows:
            put_files(connection, self._batch.narrowed(self._entity, wanted), f"{path}/{self._entity}")
        if rejects := self._batch.narrowed_rejects(self._entity, wanted):
            put_files(connection, rejects, f"{path}/{REJECTED}")
        self._uploaded = wanted

    def _replace(
        self, cursor: transaction.Cursor, wanted: set[date], known: Mapping[date, LoadedDay]
    ) -> None:
        """Everything between the lock and the commit."""
        entity, batch, path = self._entity, self._batch, self._paths[-1]
        days = {day: self._days[day] for day in sorted(wanted)}
        self._uploaded = set()  # a name that was copied from is not used again
        transaction.delete_days(cursor, raw_table(entity), "_batch_day", days)
        transaction.delete_days(cursor, REJECTS_TABLE, f"entity = '{entity}' and _batch_day", days)
        copied = rejects = 0
        if any(staged.rows for staged in days.values()):
            copied = transaction.copy(cursor, raw_table(entity), f"{path}/{entity}")
        if any(staged.rejected for staged in days.values()):
            rejects = transaction.copy(cursor, REJECTS_TABLE, f"{path}/{REJECTED}")
        check_copied(cursor, entity, days, copied, rejects)
        now = datetime.now(UTC).replace(tzinfo=None)
        transaction.write_manifest(cursor, batch, entity, days, now)
        self._sent = self._arrived(known) | {day: REPLACED if day in known else LOADED for day in days}

    def _result(self, outcomes: Mapping[date, str]) -> EntityLoad:
        by_day = tuple(
            DayLoad(
                day=day,
                read=staged.read,
                rejected=staged.rejected,
                ignored=staged.ignored,
                loaded=staged.rows if day in outcomes else 0,
                outcome=outcomes.get(day, SKIPPED),
            )
            for day, staged in sorted(self._days.items())
        )
        return EntityLoad(
            rows=sum(day.loaded for day in by_day),
            days=len(outcomes),
            skipped_days=len(by_day) - len(outcomes),
            rejected=sum(day.rejected for day in by_day),
            by_day=by_day,
        )
