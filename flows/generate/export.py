"""Partitions as files: a directory tree that Polars, DuckDB and Spark read as one partitioned table."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier

import polars as pl

from flows.ahead import one_ahead
from flows.errors import InputError, StagingError
from flows.generate.partitions import Partitions, change_partitions, days_of
from flows.generate.shop import Shop
from flows.tables import ENTITIES, SCHEMAS

SHOP_FILE = "shop.json"
UNFINISHED = ".unfinished-"
_LOCK = "lock"
WRITERS, MOST_PENDING = 2, 4
DATA_PAGE_BYTES = 4 * 2**20


def export(
    shop: Shop, days: Iterable[date], out: Path, done: Callable[[int, dict[str, int]], None]
) -> dict[str, int]:
    """Write the partitions of `days` to `out/ENTITY/_batch_day=DAY/part-NNNN.parquet` (zstd).

    A day appears when it is whole, empty entities included; a day that is there already is replaced,
    by the same bytes. Several exports may write to one directory at a time.

    Args:
        shop: what is simulated; kept in `out/shop.json`, so that two shops never mix.
        days: what to write, in any order.
        out: a directory that is new, empty, or of this shop.
        done: called with the number of days finished and the rows written since the last call.

    Returns:
        Rows per entity.

    Raises:
        InputError: `out` cannot be used, or a day lies before the shop opened.
        StagingError: the disk refuses a file.
    """
    wanted = days_of(shop, days)
    with _alone(out):
        _claim(shop, out)
    rows = dict.fromkeys(ENTITIES, 0)
    try:
        with (
            _workbench(out) as unfinished,
            closing(_written(one_ahead(change_partitions(shop, wanted)), unfinished, out)) as days_done,
        ):
            for finished, written in days_done:
                for entity in ENTITIES:
                    rows[entity] += written[entity]
                done(len(finished), written)
    except (OSError, pl.exceptions.ComputeError) as error:
        # Polars reports what the disk refuses as a computation that failed
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise StagingError(f"cannot write below {out}: {reason}; days finished before are kept") from None
    return rows


@contextmanager
def _workbench(out: Path) -> Iterator[Path]:
    """A directory for unfinished days, removed at the end; removes those of exports that were killed."""
    with ExitStack() as stack:
        with _alone(out):
            for left in out.glob(f"{UNFINISHED}*"):
                with suppress(OSError), (left / _LOCK).open("ab") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(left, ignore_errors=True)
            made = TemporaryDirectory(prefix=UNFINISHED, dir=out, ignore_cleanup_errors=True)
            unfinished = Path(stack.enter_context(made))
            lock = stack.enter_context((unfinished / _LOCK).open("xb"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield unfinished


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """One export at a time looks at what the directory holds, and claims its part of it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        directory = os.open(out, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror or error}; choose another directory") from None
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _claim(shop: Shop, out: Path) -> None:
    """Make the directory this shop's own."""
    said = json.dumps({"origin": shop.origin, **shop.model_dump(mode="json")}, indent=2)
    try:
        known = out / SHOP_FILE
        if known.is_file():
            if known.read_bytes() != said.encode():
                raise InputError(
                    f"{out} holds the partitions of another shop, as its {SHOP_FILE} says; "
                    "choose another directory"
                )
            return
        if any(out.iterdir()):
            raise InputError(f"{out} is not empty, and nothing in it says it was written by this command")
        fresh = out / f"{UNFINISHED}{SHOP_FILE}"
        fresh.write_bytes(said.encode())
        fresh.replace(known)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror or error}; choose another directory") from None


@contextmanager
def _crew(size: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that have all started before the first task, and that the end waits for.

    A pool interrupted while it starts a thread loses sight of it, and would not wait for what it does.
    """
    with ThreadPoolExecutor(size) as crew:
        ready = Barrier(size)
        try:
            for arrival in [crew.submit(ready.wait) for _ in range(size)]:
                arrival.result()
        except BaseException:
            ready.abort()
            raise
        yield crew


@dataclass
class _Group:
    """Days on their way to the disk."""

    days: list[date]
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ENTITIES, 0))
    writes: list[Future[None]] = field(default_factory=list)


def _written(
    parts: Iterable[tuple[list[date], Partitions]], unfinished: Path, out: Path
) -> Generator[tuple[list[date], dict[str, int]], None, None]:
    """Writes all parts, a few frames at a time, and yields days with their rows once they are published."""
    with _crew(WRITERS) as writers, _crew(1) as publisher:

        def published(group: _Group) -> tuple[list[date], dict[str, int]]:
            for write in group.writes:
                write.result()
            # in a thread of its own, which an interruption lets finish
            publisher.submit(_publish, unfinished, out, group.days).result()
            return group.days, group.rows

        before: _Group | None = None
        pending: set[Future[None]] = set()
        for days, same_days in groupby(parts, key=lambda part: part[0]):
            group = _Group(days)
            for number, (_, partitions) in enumerate(same_days, start=1):
                for entity, frame in partitions.items():
                    while len(pending) > MOST_PENDING:
                        pending = wait(pending, return_when=FIRST_COMPLETED).not_done
                    write = writers.submit(_write_part, frame, unfinished / entity, number)
                    pending.add(write)
                    group.writes.append(write)
                    group.rows[entity] += frame.height
            if before:
                yield published(before)
            before = group
        if before:
            yield published(before)


def _write_part(frame: pl.DataFrame, entity: Path, number: int) -> None:
    for day, rows in _by_day(frame):
        _write_day(rows, entity, day, number)


def _write_day(rows: pl.DataFrame, entity: Path, day: date, number: int) -> None:
    target = entity / f"_batch_day={day}" / f"part-{number:04d}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    # readers find their way by the day in the path; minima and maxima of texts cost more than they save
    rows.write_parquet(
        target, compression="zstd", compression_level=1, statistics=False, data_page_size=DATA_PAGE_BYTES
    )


def _by_day(frame: pl.DataFrame) -> Iterator[tuple[date, pl.DataFrame]]:
    """Each day's rows, which lie together, without the day."""
    runs = frame["_batch_day"].rle().struct.unnest()
    plain = frame.drop("_batch_day")
    start = 0
    for length, day in runs.iter_rows():
        yield day, plain.slice(start, length)
        start += length


def _publish(made: Path, out: Path, days: Iterable[date]) -> None:
    """Put finished days where readers find them."""
    for day in days:
        for entity in ENTITIES:
            target = out / entity / f"_batch_day={day}"
            shutil.rmtree(target, ignore_errors=True)
            if not (made / entity / target.name).is_dir():
                # an empty day is not a day that is missing
                _write_day(SCHEMAS[entity].to_frame(), made / entity, day, 1)
            target.parent.mkdir(parents=True, exist_ok=True)
            (made / entity / target.name).rename(target)
