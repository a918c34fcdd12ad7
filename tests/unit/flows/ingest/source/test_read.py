import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.errors import RejectedError, SourceError
from flows.ingest.intake import REPEATED
from flows.ingest.keys import Keys
from flows.ingest.source import read
from flows.ingest.source.description import Source, read_description
from flows.ingest.source.read import DryRun, read_source_files, reject_limit
from flows.ingest.source.records import Records, read_records
from flows.ingest.staging import BatchWriter, StagedBatch
from flows.ingest.tally import Count, Reading
from flows.paths import SAMPLE_SOURCE

AS_OF = date(2026, 3, 10)
HEADER = "order_id,customer_id,product_id,order_date,status,delivery_date"


def order(number: object, status: str = "pending", day: str = "2026-03-01", customer: str = "c1") -> str:
    return f"{number},{customer},p1,{day},{status},"


def lines(*rows: str, header: str = HEADER) -> str:
    return "".join(f"{row}\n" for row in (header, *rows))


@pytest.fixture
def shop(tmp_path: Path) -> Callable[..., Source]:
    """Writes files into a directory of their own and describes them; `description` is the TOML."""

    def write(description: str = '[orders]\npath = "orders*.csv"', **files: str) -> Source:
        directory = tmp_path / "shop"
        directory.mkdir(exist_ok=True)
        for name, text in files.items():
            (directory / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
        (directory / "source.toml").write_text(description, encoding="utf-8")
        return read_description(directory / "source.toml")

    return write


def staged(root: Path, source: Source) -> tuple[Reading, StagedBatch]:
    with BatchWriter("batch", root, origin="files") as writer:
        reading = read_source_files(source, AS_OF, writer, root)
    return reading, writer.batch


def rows(batch: StagedBatch, entity: str = "orders", below: str = ".") -> pl.DataFrame:
    files = sorted((batch.directory / below / entity).glob("*.parquet"))
    return pl.concat([pl.read_parquet(file) for file in files])


def rejects(batch: StagedBatch, entity: str = "orders") -> pl.DataFrame:
    return rows(batch, entity, "rejected_rows")


@pytest.fixture
def few_keys_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "Keys", partial(Keys, in_memory=2))


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The entities that are read, in the order in which that begins."""
    begun: list[str] = []

    def noted(described: Any) -> Iterator[Records]:
        begun.append(described.entity)
        yield from read_records(described)

    monkeypatch.setattr(read, "read_records", noted)
    return begun


def test_the_sample_can_be_used_wholly(tmp_path: Path) -> None:
    source = read_description(SAMPLE_SOURCE)
    with BatchWriter("batch", tmp_path, origin="files") as writer:
        reading = read_source_files(source, date(2026, 10, 31), writer, tmp_path)
    (day,) = writer.batch.days["orders"].values()
    file = pl.read_csv(SAMPLE_SOURCE.parent / "orders.csv")
    assert (day.rows, day.read, day.rejected, day.ignored) == (file.height, file.height, 0, 0)
    assert rows(writer.batch)["order_id"].to_list() == file["order_id"].to_list()
    assert reading.of("orders").files == ["orders.csv"]


def test_rejected_rows_name_file_line_and_their_own_names(
    shop: Callable[..., Source], tmp_path: Path
) -> None:
    description = """
        [orders]
        path = "orders*.csv"
        [orders.columns]
        "Order No." = "order_id"
        "Placed" = "order_date"
    """
    header = "Order No.,customer_id,product_id, placed ,status,delivery_date"
    source = shop(
        description,
        orders1=lines('"A\n1",c,p,2026-03-01,pending,', "", "A2,c,p,31.31.2026,pending,", header=header),
        orders2=lines(
            "A3,c,,2026-03-01,pending,",
            "A2,c,p,2026-03-01,lost,",
            "A3,c,p,2026-03-01,pending,",
            header=header,
        ),
    )
    _, batch = staged(tmp_path / "stage", source)
    names = ("Order No.", "customer_id", "product_id", "placed", "status", "delivery_date")

    def record(*values: str | None) -> dict[str, str | None]:
        return dict(zip(names, values, strict=True))

    found = rejects(batch)
    assert found.select("file", "line", "column_name", "value").rows() == [
        ("orders1.csv", 5, "placed", "31.31.2026"),
        ("orders2.csv", 2, "product_id", None),
        ("orders2.csv", 3, "status", "lost"),
    ]
    assert [json.loads(row) for row in found["source_row"]] == [
        record("A2", "c", "p", "31.31.2026", "pending", None),
        record("A3", "c", None, "2026-03-01", "pending", None),
        record("A2", "c", "p", "2026-03-01", "lost", None),
    ]
    assert rows(batch)["order_id"].to_list() == ["A\n1", "A3"]


def test_a_file_of_many_pieces_tells_the_lines_of_the_whole(
    shop: Callable[..., Source], tmp_path: Path
) -> None:
    good = [order(number, customer="x" * 2_000) for number in range(12_000)]
    source = shop(orders=lines(*good, order("odd", status="lost"), order(5), order(12_000)))
    assert len(list(read_records(source.entities["orders"]))) > 1
    reading, batch = staged(tmp_path / "stage", source)
    assert rejects(batch).select("line", "value").rows() == [(12_002, "lost"), (12_003, "5")]
    assert reading.total == Count(12_003, 2, 0)


def test_a_dry_run_finds_the_same_and_leaves_nothing(shop: Callable[..., Source], tmp_path: Path) -> None:
    source = shop(orders=lines(order(1), order(2, status="lost"), order(1), order(3)))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    dry = read_source_files(source, AS_OF, DryRun())
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    reading, _ = staged(tmp_path / "stage", source)
    assert dry == reading
    assert dry.total == Count(4, 2, 0)


def test_every_entity_is_told_about_when_it_was_read(shop: Callable[..., Source]) -> None:
    source = shop(
        '[orders]\npath = "orders*.csv"\n[customers]\npath = "people.csv"',
        orders1=lines(order(1)),
        orders2=lines(order(2), order(3)),
        people=lines("c1", header="customer_id"),
    )
    told: list[str] = []
    read_source_files(source, AS_OF, DryRun(), report=told.append)
    assert told == ["read 1 customers from people.csv", "read 3 orders from 2 files"]


def test_what_orders_and_deliveries_name_is_looked_for(shop: Callable[..., Source]) -> None:
    source = shop(
        """
        [orders]
        path = "orders.csv"
        [orders.statuses]
        draft = "ignore"
        [customers]
        path = "people.csv"
        [deliveries]
        path = "deliveries.csv"
        """,
        people=lines("c1", "c2", "c1", header="customer_id"),
        orders=lines(order(1), order(2, customer="c9"), order(3, status="lost"), order(4, status="draft")),
        deliveries=lines(*(f"d{number},{number}" for number in range(6)), header="delivery_id,order_id"),
    )
    reading = read_source_files(source, AS_OF, DryRun())
    assert [str(unknown) for unknown in reading.of("orders").unknown] == [
        "customer_id is not among the customers: 1 row, such as orders.csv:3 'c9'"
    ]
    # an order that is ignored is there all the same; one that cannot be used is not
    assert [str(unknown) for unknown in reading.of("deliveries").unknown] == [
        "order_id is not among the orders: 3 rows, "
        "such as deliveries.csv:2 '0', deliveries.csv:5 '3', deliveries.csv:7 '5'"
    ]


CHANGES = """
    [orders]
    path = "orders*.csv"
    change_day = "Changed"
    [orders.columns]
    Changed = "updated_at"
"""


def changes(*rows: tuple[object, str]) -> str:
    """Orders and when they changed."""
    return lines(*(f"{order(number)},{at}" for number, at in rows), header=f"{HEADER},Changed")


def test_a_source_that_dates_its_changes_is_staged_by_day(
    shop: Callable[..., Source], tmp_path: Path
) -> None:
    source = shop(
        CHANGES,
        orders1=changes((1, "2026-03-08 10:00"), (1, "2026-03-08 11:00"), (1, "2026-03-08 10:00")),
        orders2=changes((1, "2026-03-09"), (2, "1899-12-30"), (3, "2026-03-11"), (4, "")),
    )
    reading, batch = staged(tmp_path / "stage", source)
    days = {
        day.day: (one.read, one.rows, one.rejected, one.ignored) for day, one in batch.days["orders"].items()
    }
    assert days == {8: (3, 2, 1, 0), 9: (1, 1, 0, 0), 10: (3, 0, 2, 1)}
    assert rejects(batch).select("file", "line", "column_name", "value").rows() == [
        ("orders1.csv", 4, "order_id", "1"),
        ("orders2.csv", 3, "Changed", "1899-12-30"),
        ("orders2.csv", 5, "Changed", None),
    ]
    assert reading.total == Count(7, 3, 1)


def test_what_changed_after_the_as_of_day_leaves_that_day_alone(
    shop: Callable[..., Source], tmp_path: Path
) -> None:
    source = shop(CHANGES, orders=changes((1, "2026-03-08"), (1, "2026-03-11"), (2, "2026-03-12")))
    reading, batch = staged(tmp_path / "stage", source)
    assert [day.day for day in batch.days["orders"]] == [8]
    assert reading.total == Count(3, 0, 2)


@pytest.mark.parametrize(
    ("description", "text", "complaint"),
    [
        ('[orders]\npath = "orders.csv"', lines(), "shop/orders.csv: holds no orders"),
        (CHANGES, changes((1, "2026-03-11")), "of 1 orders none is left: all have statuses that"),
        (
            '[orders]\npath = "orders.csv"\n[orders.statuses]\ndraft = "ignore"',
            lines(order(1, status="draft"), order(2, status="Draft")),
            "shop/orders.csv: of 2 orders none is left: all have statuses that",
        ),
    ],
    ids=["none", "later", "ignored"],
)
def test_a_shop_without_any_order_is_refused(
    shop: Callable[..., Source], tmp_path: Path, description: str, text: str, complaint: str
) -> None:
    source = shop(description, orders=text)
    with pytest.raises(SourceError, match=complaint) as refusal:
        staged(tmp_path / "stage", source)
    assert "\n" not in str(refusal.value)
    assert list((tmp_path / "stage").iterdir()) == []


def test_files_without_any_record_are_named_together(shop: Callable[..., Source]) -> None:
    with pytest.raises(SourceError, match=r"shop/orders\*\.csv: holds no orders"):
        read_source_files(shop(orders1=lines(), orders2=lines()), AS_OF, DryRun())


def test_other_entities_may_be_empty(shop: Callable[..., Source], tmp_path: Path) -> None:
    source = shop(
        '[orders]\npath = "orders.csv"\n[customers]\npath = "people.csv"',
        orders=lines(order(1)),
        people=lines(header="customer_id"),
    )
    reading, batch = staged(tmp_path / "stage", source)
    assert batch.days["customers"][AS_OF].read == 0
    assert "1 row" in str(reading.of("orders").unknown[0])


def test_a_file_that_cannot_be_read_leaves_nothing_staged(
    shop: Callable[..., Source], tmp_path: Path
) -> None:
    source = shop(orders1=lines(order(1)), orders2=lines(order(2), "too,few"))
    with pytest.raises(SourceError, match=r"orders2\.csv: line 3"):
        staged(tmp_path / "stage", source)
    assert list((tmp_path / "stage").iterdir()) == []


def repeated(count: int) -> str:
    return lines(*map(order, [*range(count), *range(count)]))


def test_keys_too_many_for_memory_are_read_a_second_time(
    shop: Callable[..., Source], tmp_path: Path, few_keys_in_memory: None, readings: list[str]
) -> None:
    source = shop(
        '[orders]\npath = "orders*.csv"\n[customers]\npath = "people.csv"',
        orders1=lines(*map(order, range(8))),
        orders2=lines(*map(order, range(12))),
        people=lines("c1", "c2", "c3", header="customer_id"),
    )
    reading, batch = staged(tmp_path / "stage", source)
    assert readings == ["customers", "orders", "orders"]
    assert [(line, reason) for line, reason in rejects(batch).select("line", "reason").rows()] == [
        (line, REPEATED) for line in range(2, 10)
    ]
    assert rows(batch)["order_id"].to_list() == [str(number) for number in range(12)]
    assert reading.total == Count(23, 8, 0)
    assert reading.of("orders").files == ["orders1.csv", "orders2.csv"]
    assert reading == read_source_files(source, AS_OF, DryRun())


def test_what_is_seen_at_once_is_read_once(
    shop: Callable[..., Source], few_keys_in_memory: None, readings: list[str]
) -> None:
    source = shop(orders1=lines(order(1), order(2)), orders2=lines(order(1), *map(order, range(3, 9))))
    assert read_source_files(source, AS_OF, DryRun()).total == Count(9, 1, 0)
    assert readings == ["orders"]


def test_references_are_counted_once_however_often_their_entity_is_read(
    shop: Callable[..., Source], few_keys_in_memory: None
) -> None:
    source = shop(
        '[orders]\npath = "orders*.csv"\n[customers]\npath = "people*.csv"',
        people1=lines(*map(str, range(5)), header="customer_id"),
        people2=lines(*map(str, range(5)), header="customer_id"),
        orders1=lines(*(order(number, customer=str(number)) for number in range(8))),
        orders2=lines(order(7)),
    )
    (unknown,) = read_source_files(source, AS_OF, DryRun()).of("orders").unknown
    assert unknown.rows == 3


def test_a_file_that_grows_between_two_readings_is_refused(
    shop: Callable[..., Source], few_keys_in_memory: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = shop(orders1=lines(*map(order, range(6))), orders2=lines(*map(order, range(6))))

    def growing(described: Any) -> Iterator[Records]:
        yield from read_records(described)
        with (described.directory / "orders2.csv").open("a") as file:
            file.write(order(99) + "\n")

    monkeypatch.setattr(read, "read_records", growing)
    with pytest.raises(SourceError, match="was changed while it was read; run again when it is complete"):
        read_source_files(source, AS_OF, DryRun())


def test_a_compressed_export_is_as_good_as_any(shop: Callable[..., Source], tmp_path: Path) -> None:
    source = shop('[orders]\npath = "orders.csv.gz"', orders=lines(order(1), order(2)))
    plain = tmp_path / "shop" / "orders.csv"
    (tmp_path / "shop" / "orders.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert read_source_files(source, AS_OF, DryRun()).total == Count(2, 0, 0)


@pytest.mark.parametrize(
    ("asked_for", "described", "limit"),
    [(None, "", 0.05), (None, "max_reject_rate = 0.2\n", 0.2), (0.0, "max_reject_rate = 0.2\n", 0.0)],
    ids=["default", "described", "asked for"],
)
def test_the_limit_is_what_was_asked_for_or_described_or_the_default(
    shop: Callable[..., Source], asked_for: float | None, described: str, limit: float
) -> None:
    source = shop(described + '[orders]\npath = "orders.csv"')
    assert reject_limit(asked_for, source) == limit


def test_a_source_with_too_many_bad_rows_is_refused_with_the_reasons(shop: Callable[..., Source]) -> None:
    bad = [order(number, day="31.31.2026") for number in range(2)]
    source = shop(orders=lines(*bad, *map(order, range(10, 28))))
    reading = read_source_files(source, AS_OF, DryRun())
    with pytest.raises(RejectedError) as refusal:
        reading.check(reject_limit(None, source))
    first, reason = str(refusal.value).splitlines()
    assert first == "2 of 20 rows rejected (10 %, at most 5 %); nothing was loaded"
    assert reason.startswith("  orders: order_date is not a date ")
    assert reason.endswith("2 rows, such as orders.csv:2 '31.31.2026', orders.csv:3 '31.31.2026'")


# What may stand in a column, and whether a row can be used then.
IDS = st.sampled_from(["", " ", "1", "2", "3", "4", "5", "6", "x y", "ü"])
DATES = {"2026-03-01": True, "2026-03-01T10:00:00Z": True, "1.3.2026": False, "": False, "1969-12-31": False}
STATES = {"pending": True, " Shipped ": True, "lost": False, "": False, "draft": None}
DELIVERED = {"": True, "2026-03-02": True, "2026-02-28": False, "soon": False}
CHANGED = {"2026-03-08": date(2026, 3, 8), "2026-03-10": AS_OF, "2026-03-11": None, "": AS_OF}
ROWS = st.lists(
    st.tuples(IDS, *map(st.sampled_from, map(list, (DATES, STATES, DELIVERED, CHANGED)))), max_size=25
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, st.integers(1, 4), st.booleans(), st.booleans())
def test_every_row_of_any_export_is_loaded_rejected_or_ignored(
    tmp_path_factory: pytest.TempPathFactory,
    export: list[tuple[str, str, str, str, str]],
    files: int,
    dated: bool,
    small: bool,
) -> None:
    expected: dict[date, Counter[str]] = defaultdict(Counter)
    seen = set()
    for key, placed, status, delivered, changed in export:
        day = CHANGED[changed] if dated else AS_OF
        if STATES[status] is None or day is None:
            expected[day or AS_OF]["ignored"] += 1
            continue
        usable = (
            key.strip()
            and DATES[placed]
            and STATES[status]
            and DELIVERED[delivered]
            and (changed or not dated)
        )
        again = (key.strip(), day) in seen
        expected[day]["loaded" if usable and not again else "rejected"] += 1
        if usable:
            seen.add((key.strip(), day))

    directory = tmp_path_factory.mktemp("shop")
    head = ["order_id", "customer_id", "product_id", "order_date", "status", "delivery_date", "changed"]
    text = [
        f'"{key}",c,p,{placed},{status},{delivered},{changed}\n'
        for key, placed, status, delivered, changed in export
    ]
    cuts = [round(number * len(text) / files) for number in range(files + 1)]
    for number in range(files):
        some = text[cuts[number] : cuts[number + 1]]
        (directory / f"{number}.csv").write_text(",".join(head) + "\n" + "".join(some), encoding="utf-8")
    change_day = 'change_day = "changed"' if dated else ""
    description = f'[orders]\npath = "*.csv"\n{change_day}\n[orders.statuses]\ndraft = "ignore"\n'
    (directory / "source.toml").write_text(description)
    source = read_description(directory / "source.toml")

    with pytest.MonkeyPatch.context() as patch:
        if small:
            patch.setattr(read, "Keys", partial(Keys, in_memory=1))
        if sum(count["loaded"] + count["rejected"] for count in expected.values()) == 0:
            with pytest.raises(SourceError, match=r"holds no orders|none is left"):
                staged(directory / "stage", source)
            return
        reading, batch = staged(directory / "stage", source)
        assert read_source_files(source, AS_OF, DryRun()) == reading
    days = reading.of("orders").days
    assert {day: (days[day].loaded, days[day].rejected, days[day].ignored) for day in days} == {
        day: (count["loaded"], count["rejected"], count["ignored"]) for day, count in expected.items()
    }
    for day, found in batch.days["orders"].items():
        assert (found.read, found.rejected, found.ignored) == (
            days[day].read,
            days[day].rejected,
            days[day].ignored,
        )
        assert found.rows == days[day].loaded
    assert sum(found.rows for found in batch.days["orders"].values()) == sum(c.loaded for c in days.values())
    assert sum(reason.rows for reason in reading.of("orders").reasons) == reading.total.rejected
