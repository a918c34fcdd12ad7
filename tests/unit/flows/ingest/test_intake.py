from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.errors import ReconciliationError, RejectedError
from flows.generate import partitions as generated
from flows.generate import truth
from flows.generate.partitions import change_partitions
from flows.generate.shop import Shop
from flows.ingest.intake import REPEATED, SIMULATED, Intake, Piece, settle
from flows.ingest.keys import Keys
from flows.ingest.quarantine import Flaw, Origin
from flows.ingest.references import References
from flows.ingest.sink import DryRun, Sink
from flows.ingest.staging import BatchWriter, StagedBatch
from flows.ingest.tally import Count
from flows.tables import ENTITIES, SCHEMAS

AS_OF = date(2026, 3, 10)
BEFORE = AS_OF - timedelta(days=1)
NOON = datetime(2026, 3, 9, 12)
THEIRS = {"order_id": "Nr", "status": "Stand", "customer_id": "Kunde"}


def orders(*ids: str | None, **columns: Any) -> pl.DataFrame:
    """Good orders with these ids; `columns` say otherwise."""
    rows = {
        "order_id": list(ids),
        "customer_id": "c",
        "product_id": "p",
        "order_date": NOON,
        "status": "pending",
    }
    rows |= {"_batch_day": AS_OF} | columns
    frame = pl.DataFrame(rows, schema_overrides={"order_id": pl.String})
    return pl.concat(
        [pl.DataFrame(schema={**SCHEMAS["orders"], "_batch_day": pl.Date}), frame], how="diagonal_relaxed"
    ).match_to_schema({**SCHEMAS["orders"], "_batch_day": pl.Date()})


def mask(*values: int) -> pl.Series:
    return pl.Series(values).cast(pl.Boolean)


def piece(frame: pl.DataFrame, start: int = 2, **more: Any) -> Piece:
    """The frame as if it stood in a file from line `start` on, with three columns."""
    records = frame.select(pl.col(ours).alias(name) for ours, name in THEIRS.items())
    lines = pl.int_range(start, start + frame.height, eager=True)
    return Piece(frame, Origin("orders.csv", records, lines.gather), THEIRS, **more)


class Taken:
    """A finished batch: what was staged and what was set aside."""

    def __init__(
        self, root: Path, *pieces: Piece, days: Sequence[date] = (AS_OF,), versions: bool = False
    ) -> None:
        with BatchWriter("batch", root, origin="files") as writer, Keys() as keys:
            intake = Intake(writer, AS_OF)
            for some in pieces:
                intake.take("orders", some, days, keys.repeated, versions)
            intake.finish()
        self.reading = intake.reading
        self.days = {
            day: (staged.read, staged.rows, staged.rejected, staged.ignored)
            for day, staged in writer.batch.days.get("orders", {}).items()
        }
        self.rows = read_all(root / "batch" / "orders")
        self.rejects = read_all(root / "batch" / "rejected_rows" / "orders")

    def told(self) -> list[tuple[int, str, str | None, str]]:
        """What was set aside: line, column, value, reason."""
        columns = ("line", "column_name", "value", "reason")
        return self.rejects.select(columns).rows() if self.rejects.height else []

    def ids(self) -> list[str]:
        return self.rows["order_id"].to_list()


def read_all(directory: Path) -> pl.DataFrame:
    files = sorted(directory.glob("*.parquet"))
    return pl.concat([pl.read_parquet(file).drop("_batch_id") for file in files]) if files else pl.DataFrame()


def test_good_rows_are_staged_as_they_are(tmp_path: Path) -> None:
    good = orders("a", "b", "c", "d")
    taken = Taken(tmp_path, piece(good[:3]), piece(good[3:], start=5))
    assert taken.rows.equals(good)
    assert taken.rejects.is_empty()
    assert taken.days == {AS_OF: (4, 4, 0, 0)}
    assert taken.reading.of("orders").days == {AS_OF: Count(4, 0, 0)}


def test_a_row_is_set_aside_for_the_first_thing_that_is_wrong_with_it(tmp_path: Path) -> None:
    rows = orders(
        "a",
        "b",
        "b",
        "d",
        None,
        "f",
        "a",
        status=[None, "lost", "pending", None, "lost", "pending", "pending"],
    )
    unreadable = [Flaw(mask(1, 0, 0, 1, 0, 0, 0), "Stand", "is unreadable")]
    taken = Taken(tmp_path, piece(rows, unreadable=unreadable))
    (lost,) = {reason for _, _, value, reason in taken.told() if value == "lost"}
    assert taken.told() == [
        (2, "Stand", None, "is unreadable"),
        (3, "Stand", "lost", lost),
        (5, "Stand", None, "is unreadable"),
        (6, "Nr", None, "is missing"),
    ]
    assert taken.ids() == ["b", "f", "a"]
    assert taken.days == {AS_OF: (7, 3, 4, 0)}


def test_of_rows_with_one_key_the_first_that_can_be_used_stands(tmp_path: Path) -> None:
    first = orders("a", "b", "a", status=["pending", "lost", "shipped"])
    second = orders("b", "a", "b", "c", status=["shipped", "pending", "pending", "pending"])
    taken = Taken(tmp_path, piece(first), piece(second, start=5))
    assert taken.rows.select("order_id", "status").rows() == [
        ("a", "pending"),
        ("b", "shipped"),
        ("c", "pending"),
    ]
    assert [line for line, *_ in taken.told()] == [3, 4, 6, 7]
    assert [told[1:] for told in taken.told() if told[0] != 3] == [("Nr", key, REPEATED) for key in "aab"]


def test_the_same_key_on_another_day_is_another_row(tmp_path: Path) -> None:
    taken = Taken(tmp_path, piece(orders("a", "a", "a", _batch_day=[AS_OF, BEFORE, BEFORE])))
    assert [line for line, *_ in taken.told()] == [4]
    assert taken.days == {AS_OF: (1, 1, 0, 0), BEFORE: (2, 1, 1, 0)}


@pytest.mark.parametrize(("versions", "lines"), [(False, [3, 4]), (True, [4])])
def test_a_source_that_dates_its_changes_may_have_several_versions_a_day(
    tmp_path: Path, versions: bool, lines: list[int]
) -> None:
    later = NOON + timedelta(hours=1)
    taken = Taken(tmp_path, piece(orders("a", "a", "a", updated_at=[NOON, later, NOON])), versions=versions)
    assert [line for line, *_ in taken.told()] == lines


def test_of_ignored_rows_nothing_is_asked(tmp_path: Path) -> None:
    rows = orders("a", "a", None, "b", "b", status=["pending", "lost", None, "lost", "pending"])
    unreadable = [Flaw(mask(0, 1, 0, 1, 0), "Stand", "is unreadable")]
    taken = Taken(tmp_path, piece(rows, unreadable=unreadable, ignored=mask(0, 1, 1, 1, 0)))
    assert taken.told() == []
    assert taken.ids() == ["a", "b"]
    assert taken.days == {AS_OF: (5, 2, 0, 3)}
    assert taken.reading.of("orders").days == {AS_OF: Count(5, 0, 3)}


def test_a_snapshot_speaks_of_its_day_even_where_it_has_no_rows(tmp_path: Path) -> None:
    assert Taken(tmp_path / "1", piece(orders())).days == {AS_OF: (0, 0, 0, 0)}
    ignored = Taken(tmp_path / "2", piece(orders("a"), ignored=mask(1)))
    assert ignored.days == {AS_OF: (1, 0, 0, 1)}


def test_rows_that_changed_after_the_as_of_day_say_nothing_about_it(tmp_path: Path) -> None:
    # they are counted under it, but what is loaded of that day must stay
    days = [BEFORE, AS_OF, BEFORE]
    later = piece(orders("a", "b", "c", _batch_day=days), ignored=mask(0, 1, 1))
    taken = Taken(tmp_path / "1", later, days=())
    assert taken.days == {BEFORE: (2, 1, 0, 1)}
    assert taken.reading.of("orders").days == {BEFORE: Count(2, 0, 1), AS_OF: Count(1, 0, 1)}
    taken = Taken(tmp_path / "2", later, piece(orders("d")), days=())
    assert taken.days == {BEFORE: (2, 1, 0, 1), AS_OF: (2, 1, 0, 1)}


def test_a_day_of_which_all_rows_are_rejected_or_ignored_is_a_day_of_the_batch(tmp_path: Path) -> None:
    rows = orders("a", "b", _batch_day=[BEFORE, BEFORE - timedelta(days=1)], status=["lost", "pending"])
    taken = Taken(tmp_path, piece(rows, ignored=mask(0, 1)), days=())
    assert taken.days == {BEFORE: (1, 0, 1, 0), BEFORE - timedelta(days=1): (1, 0, 0, 1)}


def test_a_row_of_an_impossible_day_is_rejected_under_the_as_of_day(tmp_path: Path) -> None:
    taken = Taken(tmp_path, piece(orders("a", "b", _batch_day=[date(1899, 12, 30), BEFORE])), days=())
    assert taken.days == {AS_OF: (1, 0, 1, 0), BEFORE: (1, 1, 0, 0)}
    assert taken.rejects["_batch_day"].to_list() == [AS_OF]


def test_rows_that_are_not_as_many_as_the_records_stop_the_batch() -> None:
    whole = piece(orders("a", "b"))
    cut = Piece(whole.frame[:1], whole.origin)
    with pytest.raises(
        ReconciliationError, match=r"2 records were read from orders\.csv, but 1 rows were made"
    ):
        Intake(DryRun(), AS_OF).take("orders", cut, [AS_OF], lambda hashes: pl.Series([False]))


@pytest.mark.parametrize("lost", ["write", "reject"])
@pytest.mark.parametrize("kind", [DryRun, BatchWriter])
def test_rows_that_get_lost_on_the_way_stop_the_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type, lost: str
) -> None:
    unbroken = getattr(kind, lost)
    monkeypatch.setattr(kind, lost, lambda *given: unbroken(*(cut(one) for one in given)))

    def cut(given: Any) -> Any:
        return given[:-1] if isinstance(given, pl.DataFrame) else given

    def run(sink: Sink) -> None:
        intake = Intake(sink, AS_OF)
        rows = orders("a", "b", "c", status=["pending", "lost", "lost"])
        intake.take("orders", piece(rows), [AS_OF], lambda hashes: pl.Series([False]))
        intake.finish()

    with pytest.raises(ReconciliationError, match="orders of 2026-03-10: 3 rows were read, but"):
        if kind is DryRun:
            run(DryRun())
        else:
            with BatchWriter("batch", tmp_path, origin="files") as writer:
                run(writer)


def test_a_dry_run_counts_what_a_batch_would_have(tmp_path: Path) -> None:
    rows = orders("a", "b", "a", "c", status=["pending", "lost", "pending", "pending"])
    some = piece(rows, ignored=mask(0, 0, 0, 1))
    intake = Intake(DryRun(), AS_OF)
    with Keys() as keys:
        intake.take("orders", some, [AS_OF], keys.repeated)
    intake.finish()
    assert intake.reading == Taken(tmp_path, some).reading
    assert intake.reading.of("orders").days == {AS_OF: Count(4, 2, 1)}


@pytest.mark.parametrize("kind", ["dry", "staged"])
def test_an_entity_that_begins_again_is_as_if_it_had_not_come(tmp_path: Path, kind: str) -> None:
    def run(sink: Sink) -> Intake:
        intake = Intake(sink, AS_OF, References(["orders", "deliveries"]))
        for some in (orders("a", "b", status=["pending", "lost"]), orders("c")):
            intake.forget("orders")
            with Keys() as keys:
                intake.take("orders", piece(some), [AS_OF], keys.repeated)
        intake.finish()
        return intake

    if kind == "dry":
        reading = run(DryRun()).reading
    else:
        with BatchWriter("batch", tmp_path, origin="files") as writer:
            reading = run(writer).reading
        assert read_all(tmp_path / "batch" / "orders")["order_id"].to_list() == ["c"]
        assert not (tmp_path / "batch" / "rejected_rows" / "orders").exists()
    assert reading.total == Count(1, 0, 0)
    assert reading.reasons() == []


def named(*customers: str) -> pl.DataFrame:
    frame = pl.DataFrame(schema={**SCHEMAS["customers"], "_batch_day": pl.Date()})
    rows = pl.DataFrame({"customer_id": customers, "_batch_day": [AS_OF] * len(customers)})
    return pl.concat([frame, rows], how="diagonal")


def test_rows_that_name_what_is_not_there_are_kept_and_counted_with_examples(tmp_path: Path) -> None:
    with BatchWriter("batch", tmp_path, origin="files") as writer, References(ENTITIES) as references:
        intake = Intake(writer, AS_OF, references)
        customers = named("c", "d", "e")
        origin = Origin("customers.csv", customers, lambda rows: rows)
        with Keys() as keys:
            intake.take("customers", Piece(customers, origin, ignored=mask(0, 0, 1)), [AS_OF], keys.repeated)
        rows = orders(*"stuvwxyz", status=["pending", "lost", *["pending"] * 6], customer_id=list("cxxedyyx"))
        with Keys() as keys:
            intake.take("orders", piece(rows), [AS_OF], keys.repeated)
        intake.finish()
    assert writer.batch.rows()["orders"] == 7
    by_column = {unknown.column: str(unknown) for unknown in intake.reading.of("orders").unknown}
    assert by_column["Kunde"] == (
        "Kunde is not among the customers: 4 rows, "
        "such as orders.csv:4 'x', orders.csv:7 'y', orders.csv:8 'y'"
    )
    assert by_column["product_id"].startswith(
        "product_id is not among the products: 7 rows, such as orders.csv:2 'p'"
    )
    assert by_column.keys() == {"Kunde", "product_id"}


def simulated(root: Path, shop: Shop, days: list[date]) -> tuple[Intake, StagedBatch]:
    with BatchWriter("batch", root, origin=shop.origin) as writer:
        intake = Intake(writer, days[-1])
        for run, partitions in change_partitions(shop, days):
            for entity, frame in partitions.items():
                intake.take_simulated(entity, frame, run)
        intake.finish()
    return intake, writer.batch


DAYS = [date(2026, 3, 2) + timedelta(days=number) for number in range(3)]
DIRT = {"duplicates": 0.04, "nulls": 0.04, "impossible_dates": 0.04, "unknown_statuses": 0.04}


def test_a_clean_simulated_shop_is_staged_as_it_is(tmp_path: Path) -> None:
    shop = Shop(orders_per_day=100)
    intake, batch = simulated(tmp_path / "taken in", shop, DAYS)
    with BatchWriter("batch", tmp_path / "written", origin=shop.origin) as plain:
        for run, partitions in change_partitions(shop, DAYS):
            for entity, frame in partitions.items():
                plain.write(entity, frame, run)
    assert batch.days == plain.batch.days
    assert intake.reading.total.rejected == 0
    assert not (batch.directory / "rejected_rows").exists()


@pytest.mark.parametrize("part_rows", [100, 80_000], ids=["parts", "whole"])
def test_whatever_dirt_spoiled_is_set_aside_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part_rows: int
) -> None:
    monkeypatch.setattr(generated, "PART_ROWS", part_rows)
    shop = Shop(orders_per_day=200, dirt=DIRT)
    intake, batch = simulated(tmp_path, shop, DAYS)
    damage = truth.damage(shop, DAYS)
    for entity in ENTITIES:
        rejects = read_all(batch.directory / "rejected_rows" / entity)
        found = damage.filter(pl.col("entity") == entity)
        twice = rejects.filter(pl.col("reason") == REPEATED)
        spoiled = found.filter(pl.col("kind") != "duplicate").unique(["key", "day"])
        copies = found.filter(pl.col("kind") == "duplicate").join(spoiled, ["key", "day"], how="semi")
        # the copy of a spoiled row is as spoiled
        assert rejects.height - twice.height == spoiled.height + copies.height
        assert twice.height + copies.height == (found["kind"] == "duplicate").sum()
        staged = read_all(batch.directory / entity)
        assert staged.join(
            spoiled, left_on=[staged.columns[0], "_batch_day"], right_on=["key", "day"], how="semi"
        ).is_empty()
        for day, counts in intake.reading.of(entity).days.items():
            assert counts.rejected == (rejects["_batch_day"] == day).sum()
            assert counts.loaded == batch.days[entity][day].rows
    assert intake.reading.of("orders").total.rejected > 50


def test_a_rejected_row_of_a_simulated_shop_names_its_place_in_its_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(orders_per_day=100, dirt={"duplicates": 0.1})
    days = pl.concat([partitions["orders"] for _, partitions in change_partitions(shop, DAYS)])
    expected = (
        days.with_columns(line=pl.int_range(1, pl.len() + 1).over("_batch_day"))
        .filter(~pl.struct("order_id", "_batch_day").is_first_distinct())
        .select("line", "order_id", "_batch_day")
    )
    monkeypatch.setattr(generated, "PART_ROWS", 70)
    _, batch = simulated(tmp_path, shop, DAYS)
    rejects = read_all(batch.directory / "rejected_rows" / "orders")
    assert rejects.select("line", pl.col("value").alias("order_id"), "_batch_day").rows() == expected.rows()
    assert rejects["file"].unique().to_list() == [SIMULATED]
    assert rejects["line"].max() > 70


@pytest.fixture
def half_rejected(tmp_path: Path) -> Taken:
    return Taken(tmp_path, piece(orders("a", "b", status=["pending", "lost"])))


def test_what_was_set_aside_is_published_and_warned_about(
    half_rejected: Taken, tmp_path: Path, data_dir: Path
) -> None:
    warnings: list[str] = []
    half_rejected.reading.of("orders").names_unknown("Kunde", "customers", 1, ["orders.csv:2 'c'"])
    settle(half_rejected.reading, tmp_path / "batch" / "rejected_rows", AS_OF, 0.5, warnings.append)
    published = data_dir / "rejects" / "2026-03-10" / "orders.parquet"
    assert pl.read_parquet(published)["line"].to_list() == [3]
    assert warnings[0].startswith(f"1 of 2 orders set aside in {published}: Stand is not one of ")
    assert warnings[0].endswith("1 row, such as orders.csv:3 'lost'")
    assert warnings[1:] == ["orders: Kunde is not among the customers: 1 row, such as orders.csv:2 'c'; kept"]


def test_a_batch_of_which_too_much_was_set_aside_stops_when_that_is_published(
    half_rejected: Taken, tmp_path: Path, data_dir: Path
) -> None:
    warnings: list[str] = []
    published = data_dir / "rejects" / "2026-03-10" / "orders.parquet"
    with pytest.raises(
        RejectedError, match=rf"1 of 2 rows rejected .*; nothing was loaded; see {published}\n"
    ):
        settle(half_rejected.reading, tmp_path / "batch" / "rejected_rows", AS_OF, 0.49, warnings.append)
    assert pl.read_parquet(published).height == 1
    assert warnings == []


def test_a_batch_of_which_nothing_was_set_aside_is_not_warned_about(tmp_path: Path, data_dir: Path) -> None:
    warnings: list[str] = []
    good = Taken(tmp_path, piece(orders("a")))
    settle(good.reading, tmp_path / "batch" / "rejected_rows", AS_OF, 0.0, warnings.append)
    assert warnings == []
    assert not data_dir.exists()
