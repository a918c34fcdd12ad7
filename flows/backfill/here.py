"""Spans on this machine: staged by several processes at once, loaded one after the other.

Simulating and staging take most of the time, and no span needs another; so each is made by a process of its
own, as many as there are cores. Loading is serial by its nature: each commit holds the load lock. While one
span is loaded, the next ones are staged, but never so many that the disk fills with what waits.
"""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import closing, contextmanager
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from flows.backfill.spans import Span
from flows.errors import StagingError
from flows.generate.shop import Shop
from flows.generate.stage import stage_days
from flows.ingest.staging import StagedBatch

if TYPE_CHECKING:
    # not for the processes that only stage
    from flows.ingest.load import EntityLoad

# Staged spans that may wait for their load, beside those that are being staged.
WAITING = 2


def load_here(
    shop: Shop,
    spans: Sequence[Span],
    processes: int,
    root: Path,
    load: "Callable[[StagedBatch], dict[str, EntityLoad]]",
    done: "Callable[[Span, dict[str, EntityLoad]], None]",
    warn: Callable[[str], None],
    max_reject_rate: float | None = None,
) -> None:
    """Stage and load every span, oldest first; the first that fails ends it, and leaves those before loaded.

    Args:
        shop: what is simulated.
        spans: which days.
        processes: how many spans are staged at once.
        root: where batches are staged.
        load: loads a batch.
        done: told of each span and what became of its batch.
        warn: told of rejected rows.
        max_reject_rate: as in `stage_days`.

    Raises:
        StagingError: a process was killed, or the disk is full.
        RejectedError: too many rows of a span cannot be used.
        PipelineError: what `load` raises.
    """
    with closing(staged_spans(shop, spans, processes, root, warn, max_reject_rate)) as staged:
        for span, batch in staged:
            try:
                loaded = load(batch)
            finally:
                batch.discard()
            done(span, loaded)


def staged_spans(
    shop: Shop,
    spans: Sequence[Span],
    processes: int,
    root: Path,
    warn: Callable[[str], None],
    max_reject_rate: float | None = None,
) -> Generator[tuple[Span, StagedBatch], None, None]:
    """Each span with its staged batch, in order; whoever takes one discards it."""
    if not spans:
        return
    remaining = iter(spans)
    staging: deque[tuple[Span, Future[tuple[StagedBatch, list[str]]]]] = deque()
    with _processes(min(processes, len(spans))) as pool:

        def start_next() -> None:
            span = next(remaining, None)
            if span is not None:
                batch_id = f"{span.days[-1]:%Y%m%d}-{uuid4().hex[:12]}"
                staging.append((span, pool.submit(_stage, shop, span, batch_id, root, max_reject_rate)))

        try:
            for _ in range(processes + WAITING):
                start_next()
            while staging:
                span, future = staging.popleft()
                batch, warnings = _result(span, future)
                for line in warnings:
                    warn(line)
                yield span, batch
                start_next()
        finally:
            for _span, future in staging:
                future.cancel()
            for _span, future in staging:
                if not future.cancelled() and future.exception() is None:
                    future.result()[0].discard()


def _result(span: Span, future: "Future[tuple[StagedBatch, list[str]]]") -> tuple[StagedBatch, list[str]]:
    try:
        return future.result()
    except BrokenExecutor:
        raise StagingError(
            f"{span}: a process that staged days was ended from outside, perhaps for want of memory; nothing "
            "of these days was loaded. Run again, with fewer days a batch or fewer at once"
        ) from None


def _stage(
    shop: Shop, span: Span, batch_id: str, root: Path, max_reject_rate: float | None
) -> tuple[StagedBatch, list[str]]:
    """One span's batch, and what is to be said of its rejected rows; in a process of the pool."""
    warnings: list[str] = []
    batch = stage_days(shop, span.days, batch_id, span.days[-1], root, max_reject_rate, warn=warnings.append)
    return batch, warnings


@contextmanager
def _processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes end with this one, however it ends."""
    # spawned, because forking a process with threads, as Prefect and Polars have, may hang the child
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(max_workers=count, mp_context=context, initializer=_end_with_parent)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """A process of the pool waits for work on a pipe that its siblings hold open: it would wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
