"""Databases that are loaded batch after batch, with a kill in each load, and what must be in them then."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import DatabaseError

from flows.ingest.staging import StagedDay
from flows.tables import ENTITIES as TABLES
from flows.tables import SCHEMAS
from tests.integration.kill import shop
from tests.integration.kill.victim import ORIGIN, Batch, Errand, stage
from tests.integration.local.stand_ins import StandIn, connect_to, start

MANIFEST = pl.Schema(
    {
        "entity": pl.String(),
        "batch_day": pl.Date(),
        "row_count": pl.Int64(),
        "content_hash": pl.String(),
        "origin": pl.String(),
        "batch_id": pl.String(),
    }
)
BatchIds = dict[tuple[str, date], str]


class Warehouse:
    """A warehouse that may be killed, and started again on its data at the same port."""

    def __init__(self, data_dir: Path) -> None:
        self.directory = data_dir / "warehouse"
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
        stages = self.directory / "stages"
        homes = (stages / database, stages / ".uploads")
        return [str(path.relative_to(stages)) for home in homes for path in home.rglob("*") if path.is_file()]


class Shelf:
    """The shop's batches, each written once, with what staging says of their days."""

    def __init__(self, directory: Path, copies: int = 1) -> None:
        self.copies = copies
        self._directory = directory
        self._batches: dict[int, Batch] = {}
        self.staged: dict[tuple[str, shop.Day], StagedDay] = {}

    def batch(self, number: int) -> Batch:
        """The batch's files."""
        if number not in self._batches:
            batch = shop.write_batch(number, self._directory, self.copies)
            staged = stage(batch, f"expected-{number}", self._directory)
            for entity, day in itertools.product(shop.ENTITIES, shop.batch_days(number)):
                self.staged[entity, day] = staged.days[entity][day.date]
            staged.discard()
            self._batches[number] = batch
        return self._batches[number]


@dataclass
class Lane:
    """One database, the local state of the processes that load it, and what they have loaded so far."""

    database: str
    data_dir: Path
    warehouse: Warehouse
    shelf: Shelf
    loads: int = 0
    spoiled: bool = False  # what is there is wrong
    _batch_ids: BatchIds = field(default_factory=dict)  # which batch each day came with
    _runs: Iterator[int] = field(default_factory=itertools.count)
    _tried: list[str] = field(default_factory=list)

    def errand(self, port: int | None = None) -> Errand:
        """One more process that loads the next batch, by a port that leads to the warehouse."""
        batch_id = f"{self.database.lower()}-{next(self._runs)}"
        self._tried.append(batch_id)
        batch = self.shelf.batch(self.loads)
        return Errand(batch, batch_id, port or self.warehouse.port, self.database, self.data_dir)

    def log(self) -> str:
        """What the processes of this load said."""
        return "\n".join((self.data_dir / f"{name}.log").read_text() for name in self._tried)

    def broken_off(self, session: SnowflakeConnection) -> list[str]:
        """What is wrong after a load was broken off: each entity is as before, or as after it.

        Nothing is said of the first load, before which there are no tables.
        """
        if self.loads == 0:
            return []
        with session.cursor() as cursor:
            cursor.execute("begin")  # what is committed from now on is not seen
            after = {entity: self._number(session, entity) for entity in shop.ENTITIES}
            problems = _gathered(self._manifest(session, after), self._tables(session, after))
            cursor.execute("commit")
        return [f"broken off: {problem}" for problem in problems]

    def arrived(self, session: SnowflakeConnection) -> list[str]:
        """What is wrong after the next batch was loaded, which is the last one then."""
        after = dict.fromkeys(shop.ENTITIES, self.loads)
        problems = _gathered(
            self._manifest(session, after), self._tables(session, after), self._leftovers(session)
        )
        self.loads += 1
        self.spoiled = bool(problems)
        self._tried.clear()
        return problems

    def _number(self, session: SnowflakeConnection, entity: str) -> int:
        """Up to which batch the entity was loaded, going by the manifest."""
        found = self._rows(session, "ops.load_manifest", MANIFEST, f"entity = '{entity}'").drop("batch_id")
        return self.loads - any(_differences("", self._said(entity, self.loads), found))

    def _said(self, entity: str, number: int) -> pl.DataFrame:
        """What the manifest has to say of the entity after this batch, without the names of batches."""
        staged = {day: self.shelf.staged[entity, day] for day in shop.days_after(number)}
        said = [(entity, day.date, one.rows, one.content_hash, ORIGIN) for day, one in staged.items()]
        schema = {name: kind for name, kind in MANIFEST.items() if name != "batch_id"}
        return pl.DataFrame(said, schema, orient="row")

    def _manifest(self, session: SnowflakeConnection, after: Mapping[str, int]) -> Iterator[str]:
        """The manifest says what staging said; its batches are those that were run, and are remembered."""
        found = self._rows(session, "ops.load_manifest", MANIFEST)
        expected = pl.concat(self._said(entity, number) for entity, number in after.items())
        yield from _differences("ops.load_manifest", expected, found.drop("batch_id"))
        brought = {day.date for day in shop.brought_by(self.loads)}
        for entity, day, batch_id in found.select("entity", "batch_day", "batch_id").iter_rows():
            earlier = self._batch_ids.get((entity, day))
            new = after.get(entity) == self.loads and day in brought
            if batch_id != earlier and not (new and batch_id in self._tried and earlier not in self._tried):
                yield f"{entity} of {day} came with batch {batch_id}; before it was {earlier}"
            self._batch_ids[entity, day] = batch_id

    def _tables(self, session: SnowflakeConnection, after: Mapping[str, int]) -> Iterator[str]:
        """The tables hold the rows of these days, with the batches that the manifest names, and no others."""
        for entity in TABLES:
            days = shop.days_after(after[entity]) if entity in after else []
            frames = [shop.rows(entity, day, self.shelf.copies) for day in days]
            empty = pl.DataFrame(schema={**SCHEMAS[entity], "_batch_day": pl.Date()})
            yield from self._compared(session, f"raw.{entity}", pl.concat([empty, *frames]), entity)
        for entity, number in after.items():
            rejects = pl.concat(shop.rejects(entity, day) for day in shop.days_after(number))
            yield from self._compared(session, "raw.rejected_rows", rejects, entity, f"entity = '{entity}'")
        locks = self._rows(session, "ops.load_lock", {"batch_id": pl.String()})
        if locks.height != 1:
            yield f"ops.load_lock has {locks.height} rows instead of one"

    def _compared(
        self,
        session: SnowflakeConnection,
        table: str,
        rows: pl.DataFrame,
        entity: str,
        condition: str = "true",
    ) -> Iterator[str]:
        batch_ids = {day: batch_id for (of, day), batch_id in self._batch_ids.items() if of == entity}
        brought = pl.col("_batch_day").replace_strict(batch_ids, return_dtype=pl.String).alias("_batch_id")
        expected = rows.with_columns(brought)
        yield from _differences(table, expected, self._rows(session, table, expected.schema, condition))

    def _leftovers(self, session: SnowflakeConnection) -> Iterator[str]:
        with session.cursor() as cursor:
            cursor.execute(f"list @{self.database}.raw.landing")
            if listed := [row[0] for row in cursor.fetchall()]:
                yield f"left on the stage: {listed}"
        if files := self.warehouse.staged_files(self.database):
            yield f"left on the warehouse's disk: {files}"
        if left := [str(path) for path in (self.data_dir / "stage").rglob("*")]:
            yield f"left on the client's disk: {left}"

    def _rows(
        self,
        session: SnowflakeConnection,
        table: str,
        schema: Mapping[str, pl.DataType],
        condition: str = "true",
    ) -> pl.DataFrame:
        with session.cursor() as cursor:
            cursor.execute(f"select {', '.join(schema)} from {self.database}.{table} where {condition}")
            found = pl.DataFrame(cursor.fetch_arrow_all(force_return_table=True))
        return found.rename(str.lower).cast(pl.Schema(schema))


def _gathered(*looks: Iterator[str]) -> list[str]:
    """All that is found wrong, in that order, up to where no further look is possible."""
    problems: list[str] = []
    try:
        for look in looks:
            problems += look
    except (DatabaseError, LookupError, pl.exceptions.PolarsError) as error:
        problems.append(repr(error))
    return problems


def _differences(table: str, expected: pl.DataFrame, found: pl.DataFrame) -> Iterator[str]:
    keys = expected.columns[:1] + expected.columns[-1:]
    if expected.sort(keys, maintain_order=True).equals(found.sort(keys, maintain_order=True)):
        return  # else they may differ in their order alone
    wanted, there = (
        frame.with_columns(n=pl.int_range(pl.len()).over(frame.columns)) for frame in (expected, found)
    )
    for what, frame, other in (("missing from", wanted, there), ("too many in", there, wanted)):
        rows = frame.join(other, on=frame.columns, how="anti", nulls_equal=True)
        if rows.height:
            yield f"{rows.height} rows {what} {table}, such as {rows.row(0, named=True)}"
