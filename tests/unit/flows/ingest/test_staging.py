import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from flows.errors import ReconciliationError, StagingError
from flows.generate import partitions as generated
from flows.generate.partitions import change_partitions
from flows.generate.shop import Shop
from flows.ingest import staging
from flows.ingest.quarantine import REJECTS
from flows.ingest.staging import BatchWriter, StagedBatch, StagedDay
from flows.paths import REPOSITORY
from flows.tables import ENTITIES, SCHEMAS

ONE, TWO, THREE, FOUR = (date(2026, 1, day) for day in (1, 2, 3, 4))

FILL_THE_DISK = """
import resource, signal, sys
from datetime import date
from pathlib import Path
import polars as pl
from flows.errors import ReconciliationError, StagingError
from flows.ingest.staging import BatchWriter

rows, days, limit = (int(argument) for argument in sys.argv[2:])
frame = pl.select(
    product_id=pl.int_range(rows).hash(7).cast(pl.String), _batch_day=pl.lit(date(2026, 1, 1))
)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    with BatchWriter("batch", Path(sys.argv[1]), origin="simulated") as writer:
        writer.write("products", frame, [date(2026, 1, 1)])
        for day in range(days):
            writer.write("orders", frame.clear(), [date.fromordinal(700_000 + day)])
except StagingError as error:
    sys.exit(str(error))
"""


def products(*days: date, price: str = "9.99") -> pl.DataFrame:
    """Two products a day."""
    return pl.DataFrame(
        {
            "product_id": [f"P-{number}" for _ in days for number in range(2)],
            "name": ["Teapot, blue", None] * len(days),
            "unit_price": pl.Series([price] * 2 * len(days)).str.to_decimal(scale=2),
            "_batch_day": [day for day in days for _ in range(2)],
        }
    )


def staged(root: Path, *writes: tuple[pl.DataFrame, list[date]], batch_id: str = "batch") -> StagedBatch:
    with BatchWriter(batch_id, root, origin="simulated") as writer:
        for frame, days in writes:
            writer.write("products", frame, days)
    return writer.batch


def rejects(*days: date, value: str = "9,99", line: int = 7, entity: str = "products") -> pl.DataFrame:
    """A row a day that was set aside."""
    return pl.DataFrame(
        {
            "entity": entity,
            "file": "products.csv",
            "line": line,
            "column_name": "price",
            "value": value,
            "reason": "is no number",
            "source_row": f'{{"price":"{value}"}}',
            "_batch_day": list(days),
        },
        schema=REJECTS,
    )


def read_all(directory: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(file) for file in sorted(directory.glob("*.parquet"))])


@pytest.fixture
def every_frame_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "FILE_ROWS", 1)


def hashes(batch: StagedBatch) -> dict[date, str]:
    return {day: found.content_hash for day, found in batch.days["products"].items()}


def test_the_files_hold_the_rows_that_were_written_stamped_with_the_batch(
    tmp_path: Path, every_frame_a_file: None
) -> None:
    staged(tmp_path, (products(ONE, TWO), [ONE, TWO]), (products(THREE), [THREE]))
    files = sorted((tmp_path / "batch" / "products").iterdir())
    assert len(files) == 2
    found = pl.concat([pl.read_parquet(file) for file in files])
    assert found.drop("_batch_id").equals(products(ONE, TWO, THREE))
    assert found["_batch_id"].unique().to_list() == ["batch"]


@pytest.mark.parametrize(("file_rows", "sizes"), [(1, [2, 2, 2]), (3, [4, 2]), (4, [4, 2]), (7, [6])])
def test_frames_are_gathered_to_files_of_some_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_rows: int, sizes: list[int]
) -> None:
    monkeypatch.setattr(staging, "FILE_ROWS", file_rows)
    batch = staged(tmp_path, *((products(day), [day]) for day in (ONE, TWO, THREE)))
    files = [pl.read_parquet(file) for file in sorted((batch.directory / "products").iterdir())]
    assert [file.height for file in files] == sizes
    assert pl.concat(files).drop("_batch_id").equals(products(ONE, TWO, THREE))


def test_rows_are_counted_per_day(tmp_path: Path) -> None:
    batch = staged(tmp_path, (products(ONE, TWO).head(3), [ONE, TWO]))
    assert {day: found.rows for day, found in batch.days["products"].items()} == {ONE: 2, TWO: 1}
    assert batch.rows() == {"products": 3}


def test_a_day_without_rows_is_recorded_as_empty(tmp_path: Path) -> None:
    batch = staged(tmp_path, (products(TWO), [ONE, TWO]))
    assert batch.days["products"][ONE].rows == 0
    assert batch.days["products"][TWO].rows == 2


def test_an_entity_without_any_row_has_no_files(tmp_path: Path) -> None:
    batch = staged(tmp_path, (products(ONE).clear(), [ONE]))
    assert batch.rows() == {"products": 0}
    assert list(tmp_path.rglob("*.parquet")) == []


def test_a_day_has_the_hash_it_always_had(tmp_path: Path) -> None:
    # a manifest remembers hashes: with others, everything would be loaded again
    known = "dfd4609acda5fc84f5eeaa193c1bdec36ac42bfd5c8448aa437790a0cbfd6bf7"
    assert hashes(staged(tmp_path, (products(ONE), [ONE]))) == {ONE: known}


def test_the_hash_of_a_day_depends_neither_on_chunks_nor_on_the_batch(tmp_path: Path) -> None:
    whole = staged(tmp_path / "1", (products(ONE, TWO), [ONE, TWO]))
    chunked = products(ONE, TWO)
    chunked = pl.concat([chunked[:1], chunked[1:3], chunked[3:]], rechunk=False)
    assert chunked.n_chunks() == 3
    assert hashes(staged(tmp_path / "2", (chunked, [ONE, TWO]))) == hashes(whole)
    alone = staged(tmp_path / "3", (products(ONE), [ONE]), (products(TWO), [TWO]), batch_id="other")
    assert hashes(alone) == hashes(whole)


@pytest.mark.parametrize(
    "changed",
    [
        products(ONE, price="9.98"),
        products(ONE).head(1),
        products(ONE).reverse(),
        products(ONE).with_columns(name=pl.lit("")),
        products(ONE).rename({"name": "title"}),
    ],
    ids=["value", "rows", "order", "blank for null", "column name"],
)
def test_the_hash_of_a_day_changes_with_its_content(tmp_path: Path, changed: pl.DataFrame) -> None:
    one = staged(tmp_path / "1", (products(ONE), [ONE]))
    other = staged(tmp_path / "2", (changed, [ONE]))
    assert hashes(one) != hashes(other)


@pytest.mark.parametrize("cuts", [[], [2], [1, 2, 3], [0, 0, 4]], ids=str)
def test_a_day_in_several_frames_is_the_day_in_one(
    tmp_path: Path, every_frame_a_file: None, cuts: list[int]
) -> None:
    day = pl.concat([products(ONE), products(ONE, price="1.00")])
    ends = [*cuts, day.height]
    parts = [day[start:end] for start, end in zip([0, *cuts], ends, strict=True)]
    batch = staged(tmp_path / "parts", *((part, [ONE]) for part in parts))
    assert batch.days == staged(tmp_path / "whole", (day, [ONE])).days
    assert batch.rows() == {"products": 4}
    files = sorted((batch.directory / "products").iterdir())
    assert len(files) == sum(not part.is_empty() for part in parts)
    assert pl.concat([pl.read_parquet(file) for file in files]).drop("_batch_id").equals(day)
    assert StagedBatch.open(batch.directory) == batch


def test_frames_of_several_days_and_entities_may_alternate(tmp_path: Path) -> None:
    named = {"products": products(ONE, TWO), "customers": products(TWO, ONE, price="1.00")}
    with BatchWriter("parts", tmp_path, origin="simulated") as writer:
        for row in range(4):
            for entity, frame in named.items():
                writer.write(entity, frame[row : row + 1], [ONE, TWO])
    with BatchWriter("whole", tmp_path, origin="simulated") as whole:
        for entity, frame in named.items():
            whole.write(entity, frame, [ONE, TWO])
    assert writer.batch.days == whole.batch.days
    assert writer.batch.rows() == {"products": 4, "customers": 4}
    assert hashes(writer.batch)[ONE] != writer.batch.days["customers"][ONE].content_hash


def test_an_empty_frame_takes_nothing_from_a_day_that_has_rows(tmp_path: Path) -> None:
    batch = staged(tmp_path / "1", (products(ONE), [ONE]), (products(ONE).clear(), [ONE, TWO]))
    assert batch.days == staged(tmp_path / "2", (products(ONE), [ONE, TWO])).days


def test_the_order_of_a_days_frames_is_part_of_its_content(tmp_path: Path) -> None:
    first, second = products(ONE)[:1], products(ONE)[1:]
    one = staged(tmp_path / "1", (first, [ONE]), (second, [ONE]))
    other = staged(tmp_path / "2", (second, [ONE]), (first, [ONE]))
    assert hashes(one) != hashes(other)


@pytest.mark.parametrize("part_rows", [25, 150])
def test_simulated_days_have_the_same_content_however_they_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every_frame_a_file: None, part_rows: int
) -> None:
    days = [date(2026, 1, number) for number in (5, 6, 7)]

    def simulated(batch_id: str) -> StagedBatch:
        with BatchWriter(batch_id, tmp_path, origin="simulated") as writer:
            for run, partitions in change_partitions(Shop(orders_per_day=40), days):
                for entity, frame in partitions.items():
                    writer.write(entity, frame, run)
        return writer.batch

    whole = simulated("whole")
    monkeypatch.setattr(generated, "PART_ROWS", part_rows)
    parts = simulated("parts")
    assert parts.days == whole.days
    assert set(parts.days) == set(ENTITIES)
    assert len(list(parts.directory.rglob("*.parquet"))) > len(list(whole.directory.rglob("*.parquet")))


def test_file_names_are_never_used_twice(tmp_path: Path, every_frame_a_file: None) -> None:
    staged(tmp_path, (products(ONE), [ONE]), (products(TWO), [TWO]), batch_id="a")
    staged(tmp_path, (products(ONE, price="1.00"), [ONE]), batch_id="b")
    names = [file.name for file in tmp_path.rglob("*.parquet")]
    assert len(set(names)) == 3
    assert all(re.fullmatch(r"products-[ab]-\d{4}-[0-9a-f]{16}\.parquet", name) for name in names)


def test_a_finished_batch_is_read_back_as_it_was(tmp_path: Path) -> None:
    batch = staged(tmp_path, (products(ONE, TWO), [ONE, TWO, THREE]))
    assert StagedBatch.open(tmp_path / "batch") == batch


@pytest.mark.parametrize("content", [None, "", "{"], ids=["missing", "empty", "cut off"])
def test_a_directory_without_a_finished_batch_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "batch.json").write_text(content)
    with pytest.raises(StagingError, match="no finished batch here; run the pipeline again") as refusal:
        StagedBatch.open(tmp_path)
    assert str(tmp_path) in str(refusal.value)


def test_discarding_a_batch_leaves_other_batches_alone(tmp_path: Path) -> None:
    first, second = (staged(tmp_path, (products(ONE), [ONE]), batch_id=name) for name in ("a", "b"))
    first.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert StagedBatch.open(second.directory) == second


@pytest.mark.parametrize("trouble", [RuntimeError, KeyboardInterrupt])
def test_an_error_inside_the_block_removes_the_files(
    tmp_path: Path, every_frame_a_file: None, trouble: type[BaseException]
) -> None:
    with pytest.raises(trouble), BatchWriter("batch", tmp_path, origin="simulated") as writer:
        writer.write("products", products(ONE), [ONE])
        assert list(tmp_path.rglob("*.parquet"))
        raise trouble
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_entity_is_a_programming_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown entity 'refunds'"):
        BatchWriter("batch", tmp_path, origin="simulated").write("refunds", products(ONE), [ONE])


@pytest.mark.parametrize(
    ("rows", "days", "limit"), [(100_000, 0, 100_000), (10, 200, 5_000)], ids=["data", "index"]
)
def test_a_full_disk_is_reported_and_leaves_nothing_behind(
    tmp_path: Path, rows: int, days: int, limit: int
) -> None:
    # a limit on the size of files fails a write just as a full disk does
    command = [sys.executable, "-c", FILL_THE_DISK, str(tmp_path), str(rows), str(days), str(limit)]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr.startswith(f"cannot write {tmp_path}")
    assert "File too large" in ended.stderr
    assert "nothing was loaded. Free some space, or point ORDERS_DATA_DIR at" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_root_that_is_no_directory_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StagingError, match="Not a directory"):
        staged(tmp_path / "file", (products(ONE), [ONE]))


def test_what_was_set_aside_lies_beside_the_rows_stamped_with_the_batch(tmp_path: Path) -> None:
    with BatchWriter("batch", tmp_path, origin="files") as writer:
        writer.write("products", products(ONE, TWO), [ONE, TWO])
        writer.reject(rejects(ONE, TWO))
        writer.write("orders", products(ONE).clear(), [ONE])
        writer.reject(rejects(ONE, entity="orders"))
    (file,) = (tmp_path / "batch" / "rejected_rows" / "products").iterdir()
    assert re.fullmatch(r"products-batch-\d{4}-[0-9a-f]{16}\.parquet", file.name)
    found = pl.read_parquet(file)
    assert found.drop("_batch_id").equals(rejects(ONE, TWO))
    assert found["_batch_id"].to_list() == ["batch", "batch"]
    assert read_all(tmp_path / "batch" / "rejected_rows" / "orders")["entity"].to_list() == ["orders"]
    day = writer.batch.days["products"][ONE]
    assert (day.rows, day.rejected, day.ignored, day.read) == (2, 1, 0, 3)
    assert StagedBatch.open(tmp_path / "batch") == writer.batch


def test_a_day_of_which_everything_was_set_aside_is_a_day_of_the_batch(tmp_path: Path) -> None:
    with BatchWriter("batch", tmp_path, origin="files") as writer:
        writer.reject(rejects(TWO))
    day = writer.batch.days["products"][TWO]
    assert (day.rows, day.rejected, day.read) == (0, 1, 1)
    assert not (tmp_path / "batch" / "products").exists()


def with_rejects(root: Path, *set_aside: pl.DataFrame) -> str:
    """The hash of a day with these rejects."""
    with BatchWriter("batch", root, origin="files") as writer:
        writer.write("products", products(ONE), [ONE])
        for some in set_aside:
            writer.reject(some)
    return hashes(writer.batch)[ONE]


def test_the_hash_of_a_day_covers_what_was_set_aside_but_not_where_it_stood(tmp_path: Path) -> None:
    one, two = rejects(ONE), rejects(ONE, value="1,0")
    known = with_rejects(tmp_path / "1", one, two)
    moved = rejects(ONE, line=8).with_columns(file=pl.lit("other.csv"))
    assert with_rejects(tmp_path / "2", pl.concat([moved, two])) == known
    for number, column in enumerate(("column_name", "value", "reason", "source_row")):
        other = one.with_columns(pl.lit("other").alias(column))
        assert with_rejects(tmp_path / "3" / str(number), other, two) != known
    assert with_rejects(tmp_path / "4", one) != known
    assert with_rejects(tmp_path / "5") not in (known, with_rejects(tmp_path / "6", one))


def test_the_hash_of_a_day_does_not_depend_on_when_rows_were_set_aside(tmp_path: Path) -> None:
    table = pl.DataFrame(schema={**SCHEMAS["products"], "_batch_day": pl.Date})
    rows = pl.concat([table, products(ONE)], how="diagonal_relaxed")
    with BatchWriter("batch", tmp_path / "mixed", origin="files") as writer:
        writer.reject(rejects(ONE))
        writer.write("products", rows.head(1), [ONE])
        writer.reject(rejects(ONE, value="1,0"))
        writer.write("products", rows.tail(1), [ONE])
    with BatchWriter("other", tmp_path / "after", origin="files") as after:
        after.write("products", rows, [ONE])
        after.reject(pl.concat([rejects(ONE), rejects(ONE, value="1,0")]))
    assert writer.batch.days == after.batch.days


def test_long_records_that_were_set_aside_do_not_gather(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "REJECTS_BYTES", 1_000)
    with BatchWriter("batch", tmp_path, origin="files") as writer:
        for line in range(6):
            writer.reject(rejects(ONE, value="x" * 200, line=line))
        files = list((tmp_path / "batch" / "rejected_rows" / "products").iterdir())
        assert len(files) == 2
        assert writer.rejected() == tmp_path / "batch" / "rejected_rows"
    assert read_all(tmp_path / "batch" / "rejected_rows" / "products")["line"].to_list() == list(range(6))


def test_what_was_set_aside_can_be_looked_at_before_the_batch_is_finished(tmp_path: Path) -> None:
    with BatchWriter("batch", tmp_path, origin="files") as writer:
        writer.write("products", products(ONE), [ONE])
        writer.reject(rejects(ONE))
        assert read_all(writer.rejected() / "products").drop("_batch_id").equals(rejects(ONE))


def test_counts_that_agree_become_those_of_the_day(tmp_path: Path) -> None:
    with BatchWriter("batch", tmp_path, origin="files") as writer:
        writer.write("products", products(ONE, TWO), [ONE, TWO])
        writer.reject(rejects(TWO))
        writer.hand_in("products", {ONE: 2, TWO: 6}, {TWO: 3})
    found = {day: (one.rows, one.read, one.rejected, one.ignored) for day, one in product_days(writer)}
    assert found == {ONE: (2, 2, 0, 0), TWO: (2, 6, 1, 3)}


def product_days(writer: BatchWriter) -> list[tuple[date, StagedDay]]:
    return sorted(writer.batch.days["products"].items())


def test_a_day_that_was_only_counted_is_no_day_of_the_batch(tmp_path: Path) -> None:
    with BatchWriter("batch", tmp_path, origin="files") as writer:
        writer.write("products", products(ONE), [ONE])
        writer.hand_in("products", {ONE: 2, TWO: 3}, {TWO: 3})
    assert list(writer.batch.days["products"]) == [ONE]


@pytest.mark.parametrize(
    ("read", "ignored", "day"),
    [
        ({ONE: 3, TWO: 3}, {}, ONE),
        ({ONE: 2, TWO: 2}, {}, TWO),
        ({ONE: 2, TWO: 3}, {ONE: 1}, ONE),
        ({ONE: 2}, {}, TWO),
        ({ONE: 2, TWO: 3, THREE: 1}, {}, THREE),
    ],
    ids=["lost", "doubled", "ignored", "not counted", "day lost"],
)
def test_counts_that_differ_stop_the_batch(
    tmp_path: Path, read: dict[date, int], ignored: dict[date, int], day: date
) -> None:
    with (
        pytest.raises(ReconciliationError, match=rf"^products of {day}: .*; nothing was loaded$"),
        BatchWriter("batch", tmp_path, origin="files") as writer,
    ):
        writer.write("products", products(ONE, TWO), [ONE, TWO])
        writer.reject(rejects(TWO))
        writer.hand_in("products", read, ignored)
    assert list(tmp_path.iterdir()) == []


def test_the_complaint_names_all_the_numbers(tmp_path: Path) -> None:
    with (
        pytest.raises(
            ReconciliationError,
            match="1,000 rows were read, but 2 are to be loaded, 1 rejected and 4 ignored",
        ),
        BatchWriter("batch", tmp_path, origin="files") as writer,
    ):
        writer.write("products", products(ONE), [ONE])
        writer.reject(rejects(ONE))
        writer.hand_in("products", {ONE: 1_000}, {ONE: 4})


def test_counts_of_an_entity_that_begins_again_are_forgotten(tmp_path: Path) -> None:
    with BatchWriter("batch", tmp_path, origin="files") as writer:
        writer.write("products", products(ONE), [ONE])
        writer.hand_in("products", {ONE: 2}, {})
        writer.forget("products")
        writer.write("products", products(TWO), [TWO])
    assert writer.batch.days["products"][TWO].read == 2


def test_an_entity_can_begin_again(tmp_path: Path, every_frame_a_file: None) -> None:
    with BatchWriter("batch", tmp_path, origin="files") as writer:
        writer.write("customers", products(ONE), [ONE])
        writer.write("products", products(ONE, TWO), [ONE, TWO])
        writer.reject(rejects(TWO))
        before = {path.name for path in (tmp_path / "batch").rglob("*.parquet")}
        writer.hand_in("products", {ONE: 2, TWO: 3}, {})
        writer.forget("products")
        writer.write("products", products(TWO), [TWO])
        writer.hand_in("products", {TWO: 2}, {})
    assert writer.batch.days["products"] == staged(tmp_path / "2", (products(TWO), [TWO])).days["products"]
    assert writer.batch.rows() == {"customers": 2, "products": 2}
    assert read_all(tmp_path / "batch" / "products").drop("_batch_id").equals(products(TWO))
    after = {path.name for path in (tmp_path / "batch" / "products").iterdir()}
    assert not after & before
    assert not (tmp_path / "batch" / "rejected_rows" / "products").exists()


@pytest.fixture
def four_days(tmp_path: Path, every_frame_a_file: None) -> StagedBatch:
    """Rows of days one to three in two files, of which the second has rejects; nothing on day four."""
    with BatchWriter("batch", tmp_path, origin="files") as writer:
        writer.write("products", products(ONE, TWO), [ONE, TWO])
        writer.write("products", products(TWO, THREE, price="1.00"), [TWO, THREE, FOUR])
        writer.reject(rejects(TWO, THREE))
    return writer.batch


@pytest.mark.parametrize("days", [[ONE, TWO, THREE, FOUR], [ONE, TWO, THREE]], ids=["all", "all with rows"])
def test_all_days_of_an_entity_are_its_own_files(four_days: StagedBatch, days: list[date]) -> None:
    assert four_days.narrowed("products", days) == four_days.directory / "products"
    assert four_days.narrowed_rejects("products", days) == four_days.directory / "rejected_rows" / "products"


@pytest.mark.parametrize(
    ("days", "files"), [([TWO], 2), ([ONE], 1), ([THREE, ONE], 2), ([FOUR, THREE], 1), ([FOUR], 0)], ids=str
)
def test_some_days_are_files_with_names_of_their_own_that_hold_only_these(
    four_days: StagedBatch, days: list[date], files: int
) -> None:
    own = read_all(four_days.directory / "products")
    before = {path.name for path in four_days.directory.rglob("*.parquet")}
    narrowed = four_days.narrowed("products", days)
    names = [path.name for path in narrowed.iterdir()]
    assert len(names) == files
    assert all(re.fullmatch(r"products-batch-\d{4}-[0-9a-f]{16}\.parquet", name) for name in names)
    assert not before & set(names)
    if files:
        assert read_all(narrowed).equals(own.filter(pl.col("_batch_day").is_in(days)))
    assert four_days.narrowed("products", days) == narrowed
    assert [path.name for path in narrowed.iterdir()] == names
    assert read_all(four_days.directory / "products").equals(own)


def test_different_days_never_share_a_file_name(four_days: StagedBatch) -> None:
    narrowed = [four_days.narrowed("products", days) for days in ([ONE], [TWO], [ONE, TWO], [TWO, THREE])]
    names = [path.name for directory in narrowed for path in directory.iterdir()]
    assert len(set(names)) == len(names) == 7


def test_what_was_set_aside_is_narrowed_likewise(four_days: StagedBatch) -> None:
    narrowed = four_days.narrowed_rejects("products", [ONE, THREE])
    assert narrowed is not None
    assert read_all(narrowed).drop("_batch_id").equals(rejects(THREE))
    assert {path.name for path in narrowed.iterdir()}.isdisjoint(
        path.name for path in (four_days.directory / "rejected_rows" / "products").iterdir()
    )
    assert four_days.narrowed_rejects("products", [ONE, FOUR]) is None


def test_narrowing_begins_again_where_it_was_interrupted(four_days: StagedBatch) -> None:
    narrowed = four_days.narrowed("products", [ONE])
    left = narrowed.rename(narrowed.with_name(f"{narrowed.name}.partial"))
    (left / "leftover.parquet").touch()
    assert four_days.narrowed("products", [ONE]) == narrowed
    assert len(list(narrowed.iterdir())) == 1
    assert not left.exists()


def test_narrowing_needs_no_place_outside_the_batch(tmp_path: Path, four_days: StagedBatch) -> None:
    four_days.narrowed("products", [ONE])
    four_days.narrowed_rejects("products", [TWO])
    four_days.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_batch_says_whose_it_is_before_it_has_files(tmp_path: Path) -> None:
    with BatchWriter("batch", tmp_path, origin="files"):
        assert [path.name for path in (tmp_path / "batch").iterdir()] == ["owner.json"]
        assert not staging.is_abandoned(tmp_path / "batch")


def test_a_batch_that_somebody_stages_is_not_staged_a_second_time(tmp_path: Path) -> None:
    batch = staged(tmp_path, (products(ONE), [ONE]))
    with pytest.raises(StagingError, match="another run stages a batch of this name"):
        staged(tmp_path, (products(TWO), [TWO]))
    assert StagedBatch.open(batch.directory) == batch


def test_a_batch_that_a_killed_run_left_is_replaced(tmp_path: Path) -> None:
    left = staged(tmp_path, (products(ONE), [ONE]))
    owner = left.directory / "owner.json"
    owner.write_text(owner.read_text().replace('"started": ', '"started": 9'))
    batch = staged(tmp_path, (products(TWO), [TWO]))
    assert list(batch.days["products"]) == [TWO]
    assert read_all(batch.directory / "products")["_batch_day"].unique().to_list() == [TWO]
