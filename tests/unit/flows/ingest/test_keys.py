import subprocess
import sys
from collections import Counter
from datetime import date, datetime
from itertools import chain
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flows.errors import StagingError
from flows.generate import truth
from flows.generate.partitions import change_partitions
from flows.generate.shop import Shop
from flows.ingest import hashes
from flows.ingest.keys import Keys, key_hashes
from flows.paths import REPOSITORY
from flows.tables import ENTITIES, SCHEMAS
from tests.unit.flows.generate.shops import KEYS, days_from

Frames = list[list[int | None]]

# Spread over the whole range, which is cut into parts; the last ones are the ends of it.
HASHES = [number * 0x9E3779B97F4A7C15 % 2**64 for number in range(1, 11)] + [0, 2**56 - 1, 2**56, 2**64 - 1]
FRAMES = st.lists(st.lists(st.sampled_from([None, *HASHES]), max_size=12), max_size=12)
A, B, C = HASHES[:3]

PEAK = """
import resource, sys
import numpy as np
import polars as pl
from flows.ingest.keys import Keys

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 if sys.platform == "linux" else 1024)

random, peaks = np.random.default_rng(1), []
with Keys(in_memory=100_000) as keys:
    for pieces in (20, 60):
        for _ in range(pieces):
            keys.repeated(pl.Series(np.frombuffer(random.bytes(800_000), np.uint64)))
        assert keys.missed().size == 0
        peaks.append(peak())
print(peaks[1] - peaks[0])
"""

FILL_THE_DISK = """
import resource, sys
from pathlib import Path
import polars as pl
from flows.errors import StagingError
from flows.ingest.keys import Keys

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with Keys(Path(sys.argv[1]), in_memory=0) as keys:
        for piece in range(12):
            keys.repeated(pl.int_range(piece * 100_000, (piece + 1) * 100_000, eager=True).hash())
except StagingError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def everything_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "WRITTEN_AT_ONCE", 1)


def shown(keys: Keys, frames: Frames) -> list[list[bool]]:
    """What the keys say of each frame."""
    return [keys.repeated(pl.Series(frame, dtype=pl.UInt64)).to_list() for frame in frames]


def as_a_set_says(frames: Frames) -> list[list[bool]]:
    met: set[int] = set()

    def again(hashed: int | None) -> bool:
        if hashed is None:
            return False
        before = hashed in met
        met.add(hashed)
        return before

    return [[again(hashed) for hashed in frame] for frame in frames]


def repeating(frames: Frames) -> list[int]:
    counts = Counter(hashed for frame in frames for hashed in frame if hashed is not None)
    return sorted(hashed for hashed, count in counts.items() if count > 1)


@given(frames=FRAMES, in_memory=st.integers(0, 8), at_once=st.integers(1, 9))
@example(frames=[[A], [B], [A, B, B], [A]], in_memory=1, at_once=1)
@example(frames=[[A, A], [B]], in_memory=0, at_once=100)
def test_two_readings_find_exactly_the_rows_that_a_set_would(
    frames: Frames, in_memory: int, at_once: int
) -> None:
    expected = as_a_set_says(frames)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashes, "WRITTEN_AT_ONCE", at_once)
        with Keys(in_memory=in_memory) as first:
            found = shown(first, frames)
            missed = first.missed()
        if missed.size == 0:
            assert found == expected
            return
    assert found != expected
    said = zip(chain.from_iterable(found), chain.from_iterable(expected), strict=True)
    assert all(true or not repeated for repeated, true in said)
    assert missed.tolist() == repeating(frames)
    with Keys(known=missed) as second:
        assert shown(second, frames) == expected
        assert second.missed().size == 0


@given(frames=FRAMES)
def test_one_reading_is_enough_for_as_many_keys_as_are_remembered(frames: Frames) -> None:
    distinct = {hashed for frame in frames for hashed in frame if hashed is not None}
    with Keys(in_memory=len(distinct)) as keys:
        assert shown(keys, frames) == as_a_set_says(frames)
        assert keys.missed().size == 0


def test_repetitions_of_what_is_remembered_and_within_a_frame_are_seen_at_once() -> None:
    with Keys(in_memory=1) as keys:
        assert shown(keys, [[A], [A, B, A, B], [C, A]]) == [[False], [True, False, True, True], [False, True]]
        assert keys.missed().size == 0


def test_a_second_reading_may_cut_the_rows_in_another_way() -> None:
    with Keys(in_memory=0) as first:
        shown(first, [[A, B], [A, C], [B]])
        missed = first.missed()
    with Keys(known=missed) as second:
        assert shown(second, [[A, B, A], [C, B]]) == [[False, False, True], [False, True]]


def test_many_keys_are_told_apart_and_found_again_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "WRITTEN_AT_ONCE", 30_000)
    many = pl.int_range(200_000, eager=True).hash()
    frames = [many[start : start + 10_000] for start in range(0, 200_000, 10_000)]
    again = pl.concat([many[5:7], many[150_000:150_100]])
    with Keys(in_memory=50_000) as keys:
        assert not any(keys.repeated(frame).any() for frame in frames)
        assert keys.missed().size == 0
        assert keys.repeated(again).to_list() == [True] * 2 + [False] * 100
        assert keys.missed().tolist() == again.sort().to_list()


def test_the_file_has_no_name_and_is_closed_even_after_an_error(
    tmp_path: Path, everything_on_disk: None
) -> None:
    def open_files() -> list[str]:
        links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return [target for link in links if (target := str(link.readlink())).startswith(str(tmp_path))]

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("open files are listed on Linux only")
    with pytest.raises(KeyboardInterrupt), Keys(tmp_path / "scratch", in_memory=0) as keys:
        shown(keys, [[A], [B, B]])
        assert len(open_files()) == 2  # what is kept, and what is known to repeat
        assert list((tmp_path / "scratch").iterdir()) == []
        raise KeyboardInterrupt
    assert open_files() == []


def test_few_keys_need_no_file(tmp_path: Path) -> None:
    with Keys(tmp_path / "scratch", in_memory=1) as keys:
        shown(keys, [[A, B], [A, B]])
        assert keys.missed().tolist() == sorted([A, B])
    assert not (tmp_path / "scratch").exists()


def test_a_full_disk_is_reported_in_one_line(tmp_path: Path) -> None:
    # a limit on the size of files fails a write just as a full disk does
    command = [sys.executable, "-c", FILL_THE_DISK, str(tmp_path)]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr == (
        f"cannot keep the keys of so many rows in {tmp_path}: File too large; "
        "nothing was loaded. Free some space there and run again\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_scratch_that_is_no_directory_is_reported(tmp_path: Path, everything_on_disk: None) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StagingError, match="File exists"), Keys(tmp_path / "file", in_memory=0) as keys:
        shown(keys, [[A]])


def test_memory_does_not_grow_with_the_keys() -> None:
    # the peak of a process starts at that of the one which started it, so a small one stands between
    ended = subprocess.run(
        ["/bin/sh", "-c", '"$0" -c "$1"', sys.executable, PEAK],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) < 16 * 1024  # KiB; six million keys are 46 MiB


def rows(entity: str, *rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema={**SCHEMAS[entity], "_batch_day": pl.Date()}, orient="row")


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_hash_is_that_of_key_and_day_and_of_nothing_else(entity: str) -> None:
    key, other = KEYS[entity], SCHEMAS[entity].names()[1]
    days = [date(2026, 1, 1), date(2026, 1, 2)]
    frame = rows(
        entity,
        {key: "1", "_batch_day": days[0]},
        {key: "1", other: "something", "_batch_day": days[0]},
        {key: "1", "_batch_day": days[1]},
        {key: "2", "_batch_day": days[0]},
        {key: None, "_batch_day": days[0]},
    )
    hashes = key_hashes(entity, frame, with_updated_at=False)
    assert hashes.dtype == pl.UInt64
    assert hashes[0] == hashes[1]
    assert hashes[:4].n_unique() == 3
    assert hashes.is_null().to_list() == [False] * 4 + [True]


def test_versions_of_a_day_are_told_apart_where_it_is_asked_for() -> None:
    same = {"order_id": "1", "_batch_day": date(2026, 1, 1)}
    versions = [None, None, datetime(2026, 1, 1, 8), datetime(2026, 1, 1, 9), datetime(2026, 1, 1, 8)]
    frame = rows("orders", *({**same, "updated_at": version} for version in versions))
    apart = key_hashes("orders", frame, with_updated_at=True)
    assert [apart.to_list().index(hashed) for hashed in apart] == [0, 0, 2, 3, 2]
    assert key_hashes("orders", frame, with_updated_at=False).n_unique() == 1


def test_a_hash_does_not_depend_on_how_rows_are_cut() -> None:
    ids = pl.int_range(1000, eager=True).cast(pl.String).set(pl.int_range(1000, eager=True) % 7 == 0, None)
    frame = pl.DataFrame({"order_id": ids, "_batch_day": pl.repeat(date(2026, 1, 1), 1000, eager=True)})
    whole = key_hashes("orders", frame, with_updated_at=False)
    parts = [frame[start : start + 333] for start in range(0, 1000, 333)]
    assert pl.concat([key_hashes("orders", part, False) for part in parts]).equals(whole)
    assert key_hashes("orders", pl.concat(parts, rechunk=False), False).equals(whole)


def test_a_million_keys_that_look_alike_have_different_hashes() -> None:
    ids = pl.int_range(250_000, eager=True).cast(pl.String)
    frames = [
        pl.DataFrame({"order_id": ids}).with_columns(_batch_day=pl.lit(day))
        for day in days_from(date(2026, 1, 1), 4)
    ]
    assert pl.concat([key_hashes("orders", frame, False) for frame in frames]).is_unique().all()


def test_simulated_duplicates_are_found_and_nothing_else() -> None:
    days = days_from(date(2026, 3, 2), 6)
    shop = Shop(seed=5, orders_per_day=120, dirt={"duplicates": 0.05})
    named = truth.damage(shop, days)
    for entity in ENTITIES:
        frames = [partitions[entity] for _, partitions in change_partitions(shop, days)]
        hashes = pl.concat([key_hashes(entity, frame, with_updated_at=False) for frame in frames])
        pieces = [hashes[start : start + 100] for start in range(0, len(hashes), 100)]
        with Keys(in_memory=150) as keys:
            for piece in pieces:
                keys.repeated(piece)
            missed = keys.missed()
        with Keys(known=missed if missed.size else None) as keys:
            again = pl.concat([keys.repeated(piece) for piece in pieces])
        found = pl.concat(frames).filter(again).select("_batch_day", KEYS[entity])
        expected = named.filter(entity=entity).select("day", "key")
        assert found.rows() == expected.rows()
        assert not found.is_empty()
