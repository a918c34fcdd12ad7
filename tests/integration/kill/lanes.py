"""Databases that are loaded batch after batch, with a kill in each load, and what must be in them then."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import DatabaseError

from flows.ingest.quarantine import REJECTS
from flows.ingest.staging import StagedDay
from flows.tables import ENTITIES as TABLES
from flows.tables import SCHEMAS
from tests.integration.kill import shop
from tests.integration.kill.victim import ORIGIN, Batch, Errand, stage
from tests.integration.local.stand_ins import StandIn, connect_to, start


class Warehouse:
    """A warehouse that may be killed, and started again on its data at the same port."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._process: StandIn = start("local.warehouse", data_dir)
        self.port = self._process.port

    def kill(self) -> None:
        """End it as a power failure would."""
        self._process.process.kill()
        self._process.process.wait()
        assert self._process.process.stdout
        self._process.process.stdout.close()

    def start(self) -> None:
        """Start it again."""
        self._process = start("local.warehouse", self._data_dir, "--port", str(self.port))

    def connect(self) -> SnowflakeConnection:
        """A session with no database of its own."""
        return connect_to(self._process)

    def staged_files(self, database: str) -> list[str]:
        """Files that lie on a stage of the database, or on their way to one, on disk."""
        stages = self._data_dir / "warehouse" / "stages"
        homes = (stages / database, stages / ".uploads")
        return [str(path.relative_to(stages)) for home in homes for path in home.rglob("*") if path.is_file()]


class Shelf:
    """The shop's batches, each written once, with what staging says of their days."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._batches: dict[int, Batch] = {}
        self.staged: dict[tuple[str, shop.Day], StagedDay] = {}

    def batch(self, number: int) -> Batch:
        """The batch's files."""
        if number not in self._batches:
            self._batches[number] = shop.write_batch(number, self._directory)
            staged = stage(self._batches[number], f"expected-{number}", self._directory)
            for entity, day in itertools.product(shop.ENTITIES, shop.batch_days(number)):
                self.staged[entity, day] = staged.days[entity][day.date]
            staged.discard()
        return self._batches[number]


@dataclass
class Lane:
    """One database, the local state of the processes that load it, and what they have loaded so far."""

    database: str
    data_dir: Path
    warehouse: Warehouse
    shelf: Shelf
    spoiled: bool = False  # what is there is wrong
    loads: int = 0
    batch_ids: dict[tuple[str, date], str] = field(default_factory=dict)  # which batch each day came with
    _replaced: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    _runs: Iterator[int] = field(default_factory=itertools.count)
    _tried: set[str] = field(default_factory=set)

    def errand(self, port: int | None = None) -> Errand:
        """One more process that loads the next batch, by a port that leads to the warehouse."""
        batch_id = f"{self.database.lower()}-{next(self._runs)}"
        self._tried.add(batch_id)
        batch = self.shelf.batch(self.loads)
        return Errand(batch, batch_id, port or self.warehouse.port, self.database, self.data_dir)

    def log(self) -> str:
        """What the processes of the last load said."""
        return "\n".join((self.data_dir / f"{name}.log").read_text() for name in sorted(self._tried))

    def arrived(self, session: SnowflakeConnection) -> list[str]:
        """What is wrong after the next batch was loaded, which is the last one then."""
        problems: list[str] = []
        number = self.loads
        try:
            for look in (
                self._manifest_problems(number, session),
                self._table_problems(number, session),
                self._leftovers(session),
            ):
                problems += look
        except (DatabaseError, LookupError) as error:
            problems.append(repr(error))
        self.loads += 1
        self.spoiled = bool(problems)
        self._tried.clear()
        return problems

    def _manifest_problems(self, number: int, session: SnowflakeConnection) -> Iterator[str]:
        """The manifest says what staging said; its batches are those that were run, and are remembered."""
        said = self._rows(
            session,
            "select entity, batch_day, row_count, content_hash, origin, batch_id from {}.ops.load_manifest",
        )
        expected = Counter(
            (entity, day.date, (staged := self.shelf.staged[entity, day]).rows, staged.content_hash, ORIGIN)
            for entity, day in itertools.product(shop.ENTITIES, shop.days_after(number))
        )
        yield from _differences("ops.load_manifest", expected, Counter(row[:-1] for row in said))
        touched = {
            (entity, day.date)
            for day in shop.batch_days(number)
            for entity in shop.ENTITIES
            if number == 0 or day not in shop.days_after(number - 1)
        }
        for entity, day, *_, batch_id in said:
            before = self.batch_ids.get((entity, day))
            if (batch_id not in self._tried) if (entity, day) in touched else (batch_id != before):
                yield f"{entity} of {day} came with batch {batch_id}; before this load it was {before}"
            self.batch_ids[entity, day] = batch_id

    def _table_problems(self, number: int, session: SnowflakeConnection) -> Iterator[str]:
        days = shop.days_after(number)
        for entity in TABLES:
            columns = [*SCHEMAS[entity], "_batch_day"]
            found = self._rows(session, f"select {', '.join(columns)}, _batch_id from {{}}.raw.{entity}")
            frames = [shop.rows(entity, day) for day in days] if entity in shop.ENTITIES else []
            expected = [(*row, self.batch_ids[entity, row[-1]]) for frame in frames for row in frame.rows()]
            yield from _differences(f"raw.{entity}", Counter(expected), Counter(found))
        found = self._rows(session, f"select {', '.join(REJECTS)}, _batch_id from {{}}.raw.rejected_rows")
        rejects = pl.concat(shop.rejects(entity, day) for entity in shop.ENTITIES for day in days).rows()
        expected = [(*row, self.batch_ids[row[0], row[-1]]) for row in rejects]
        yield from _differences("raw.rejected_rows", Counter(expected), Counter(found))
        self._replaced += Counter(
            (entity, day.date, self.batch_ids[entity, day.date])
            for entity, day in itertools.product(shop.ENTITIES, shop.replaced_by(number))
        )
        found = self._rows(session, "select entity, batch_day, batch_id from {}.ops.replaced_days")
        yield from _differences("ops.replaced_days", self._replaced, Counter(found))
        if (locks := len(self._rows(session, "select batch_id from {}.ops.load_lock"))) != 1:
            yield f"ops.load_lock has {locks} rows instead of one"

    def _leftovers(self, session: SnowflakeConnection) -> Iterator[str]:
        if listed := self._rows(session, "list @{}.raw.landing"):
            yield f"left on the stage: {[row[0] for row in listed]}"
        if files := self.warehouse.staged_files(self.database):
            yield f"left on the warehouse's disk: {files}"
        if left := [str(path) for path in (self.data_dir / "stage").rglob("*")]:
            yield f"left on the client's disk: {left}"

    def _rows(self, session: SnowflakeConnection, sql: str) -> list[tuple[Any, ...]]:
        with session.cursor() as cursor:
            cursor.execute(sql.format(self.database))
            return [tuple(row) for row in cursor.fetchall()]


def _differences(table: str, expected: Counter[Any], found: Counter[Any]) -> Iterator[str]:
    for what, rows in (("missing from", expected - found), ("too many in", found - expected)):
        if rows:
            yield f"{rows.total()} rows {what} {table}, such as {next(iter(rows))}"
