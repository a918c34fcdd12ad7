import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import psutil
import pytest

from flows.backfill.here import load_here, staged_spans
from flows.backfill.spans import Span, spans_of
from flows.errors import LoadError, RejectedError, StagingError
from flows.generate.shop import Dirt, Shop
from flows.ingest.staging import StagedBatch
from flows.paths import REPOSITORY

SHOP = Shop(orders_per_day=20)
DAYS = [date(2026, 11, 1) + timedelta(days=number) for number in range(7)]
SPANS = spans_of(DAYS, 2)


def told(line: str) -> None:
    raise AssertionError(line)


def test_spans_come_in_order_and_each_holds_its_days(data_dir: Path, tmp_path: Path) -> None:
    came = []
    for span, batch in staged_spans(SHOP, SPANS, 2, tmp_path, told):
        came.append(span)
        assert all(set(days) == set(span.days) for days in batch.days.values())
        assert StagedBatch.open(batch.directory) == batch
        batch.discard()
    assert came == SPANS
    assert list(tmp_path.iterdir()) == []


def test_days_staged_side_by_side_have_the_content_of_days_staged_together(
    data_dir: Path, tmp_path: Path
) -> None:
    ((_, together),) = staged_spans(SHOP, spans_of(DAYS, 7), 1, tmp_path, told)
    apart = {}
    for _, batch in staged_spans(SHOP, SPANS, 3, tmp_path, told):
        for entity, days in batch.days.items():
            apart.setdefault(entity, {}).update(days)
    assert apart == together.days


def test_a_load_that_fails_leaves_nothing_staged(data_dir: Path, tmp_path: Path) -> None:
    loaded: list[Span] = []

    def load(batch: StagedBatch):
        if len(loaded) == 1:
            raise LoadError("the warehouse refused")
        return {}

    with pytest.raises(LoadError):
        load_here(SHOP, SPANS, 2, tmp_path, load, lambda span, _loaded: loaded.append(span), told)
    assert loaded == SPANS[:1]
    assert list(tmp_path.iterdir()) == []


def test_rejected_rows_beyond_the_limit_stop_the_backfill_in_words(data_dir: Path, tmp_path: Path) -> None:
    dirty = Shop(orders_per_day=200, dirt=Dirt(duplicates=0.5))
    with pytest.raises(RejectedError):
        list(staged_spans(dirty, SPANS, 2, tmp_path, lambda _line: None))


def test_a_process_that_is_killed_while_it_stages_is_an_error_in_words(
    data_dir: Path, tmp_path: Path
) -> None:
    staged = staged_spans(Shop(orders_per_day=20_000), SPANS, 2, tmp_path, told)
    next(staged)[1].discard()
    for child in psutil.Process().children(recursive=True):
        if "spawn_main" in " ".join(child.cmdline()):
            child.kill()
    with pytest.raises(StagingError, match="ended from outside"):
        list(staged)


def test_processes_that_stage_end_with_a_backfill_that_is_killed(data_dir: Path, tmp_path: Path) -> None:
    script = f"""
import sys
from datetime import date
from pathlib import Path
from flows.backfill.here import staged_spans
from flows.backfill.spans import Span
from flows.generate.shop import Shop
if __name__ == "__main__":
    days = [Span((date(2026, 11, day),)) for day in (1, 2)]
    for span, batch in staged_spans(Shop(orders_per_day=20), days, 2, Path({str(tmp_path)!r}), print):
        if span == days[-1]:
            print("both processes wait for work", flush=True)
            sys.stdin.read()
"""
    file = tmp_path / "one.py"
    file.write_text(script)
    process = subprocess.Popen(
        [sys.executable, str(file)],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout.readline()
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 2
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    _, alive = psutil.wait_procs(children, timeout=60)
    assert alive == []
