import csv
import json
from collections.abc import Mapping
from datetime import date
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from prefect.logging import disable_run_logger

from flows.errors import RejectedError
from flows.ingest.__main__ import main
from flows.ingest.source.flow import read_source
from flows.ingest.staging import StagedBatch
from flows.ingest.tally import Count, Reading, Tally
from flows.paths import rejects_dir, staging_dir
from tests.unit.flows.ingest.corpus import reasons
from tests.unit.flows.ingest.corpus.shop import AS_OF, ORDERS, Content, Row, delimited, lay_out, orders, rows

LOST = {"status": "lost"}
CUSTOMERS = '[customers]\npath = "customers.csv"\n'


def spoiled(good: int, *bad: Mapping[str, str | None]) -> list[Row]:
    """So many good orders behind the bad ones."""
    return orders(*bad, *[{}] * good)


def step(described_in: Path, asked_for: float | None = None) -> StagedBatch:
    """What the `read-source` step stages."""
    with disable_run_logger():
        read_source.fn(AS_OF, str(described_in), "batch", asked_for)
    return StagedBatch.open(staging_dir() / "batch")


def stopped(described_in: Path, asked_for: float | None = None) -> str:
    with pytest.raises(RejectedError) as error:
        step(described_in, asked_for)
    assert list(staging_dir().iterdir()) == []
    return str(error.value)


def published(entity: str = "orders") -> pl.DataFrame:
    return pl.read_parquet(rejects_dir() / str(AS_OF) / f"{entity}.parquet")


@pytest.mark.parametrize(
    ("read", "most", "described", "asked_for"),
    [
        (40, 2, None, None),
        (40, 4, 0.1, None),
        (100, 29, 0.29, None),  # 0.29 * 100 is less than 29
        (100, 7, None, 0.07),  # 0.07 * 100 is more than 7
        (40, 20, 0.0, 0.5),
        (40, 0, 0.5, 0.0),
        (40, 0, 0, None),
    ],
    ids=[
        "default",
        "described",
        "inexact",
        "inexact too",
        "asked for",
        "asked for none",
        "described as none",
    ],
)
def test_a_batch_at_its_limit_loads_and_one_row_more_stops_it(
    tmp_path: Path, data_dir: Path, read: int, most: int, described: float | None, asked_for: float | None
) -> None:
    top = "" if described is None else f"max_reject_rate = {described}\n"
    for bad in (most, most + 1):
        table = spoiled(read - bad, *[LOST] * bad)
        described_in = lay_out(tmp_path, top + ORDERS, {"orders.csv": delimited(table)})
        check = ["check", str(described_in), "--as-of", str(AS_OF)]
        if asked_for is not None:
            check += ["--max-reject-rate", str(asked_for)]
        if bad == most:
            batch = step(described_in, asked_for)
            assert batch.rows() == {"orders": read - bad}
            assert batch.days["orders"][AS_OF].rejected == bad
            assert (rejects_dir() / str(AS_OF)).exists() == bool(bad)
            batch.discard()
            assert main(check) == 0
        else:
            assert stopped(described_in, asked_for).startswith(f"{bad} of {read} rows rejected (")
            assert published().height == bad
            assert main(check) == 2


def test_every_share_is_met_exactly() -> None:
    for whole in (100, 1_000):
        for bad in range(whole):
            limit = float(f"{bad / whole:.3f}")
            Reading({"orders": Tally(days={AS_OF: Count(whole, bad, 0)})}).check(limit)
            with pytest.raises(RejectedError):
                Reading({"orders": Tally(days={AS_OF: Count(whole, bad + 1, 0)})}).check(limit)


def test_a_stopped_batch_names_its_most_frequent_reasons_with_three_examples_each(
    tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = spoiled(
        10,
        *[{"order_date": f"soon-{number}"} for number in range(5)],
        *[LOST] * 7,
        *[{"quantity": "?"}] * 4,
        *[{"customer_id": None}] * 3,
        *[{"unit_price": "-1"}] * 2,
        {"promised_date": "?"},
        {"order_id": "A-22", "updated_at": "x"},
    )
    described_in = lay_out(tmp_path, ORDERS, {"orders.csv": delimited(table)})
    first, *told = stopped(described_in).split("\n  ")
    assert first == (
        "23 of 33 rows rejected (69.7 %, at most 5 %); nothing was loaded; "
        f"see {rejects_dir() / str(AS_OF) / 'orders.parquet'}"
    )
    assert told == [
        f"orders: status {reasons.NO_STATUS}: 7 rows, such as "
        "orders.csv:7 'lost', orders.csv:8 'lost', orders.csv:9 'lost'",
        f"orders: order_date {reasons.NO_DATE}: 5 rows, such as "
        "orders.csv:2 'soon-0', orders.csv:3 'soon-1', orders.csv:4 'soon-2'",
        f"orders: quantity {reasons.NO_COUNT}: 4 rows, such as "
        "orders.csv:14 '?', orders.csv:15 '?', orders.csv:16 '?'",
        "orders: customer_id is missing: 3 rows, such as orders.csv:18, orders.csv:19, orders.csv:20",
        "orders: unit_price is negative: 2 rows, such as orders.csv:21 '-1', orders.csv:22 '-1'",
        "and 2 more reasons",
    ]
    assert main(["check", str(described_in), "--as-of", str(AS_OF)]) == 2
    assert "23 of 33 rows rejected (69.7 %, at most 5 %); nothing was loaded\n  " in capsys.readouterr().err


def test_a_stopped_batch_leaves_all_its_rejected_rows_whole_to_be_looked_at(
    tmp_path: Path, data_dir: Path
) -> None:
    good = 2
    changes: list[Mapping[str, str | None]] = [
        LOST,
        {"quantity": "x", "shipping_tier": 'by\nhand, "only"'},
        {},
        {"order_id": " A-1 ", "unit_price": "119.999"},
        {"order_id": "A-3", "customer_id": "\x1b[31mC-1", "promised_date": None},
        {"order_id": None, "product_id": "📦" * 300},
    ]
    text = delimited(orders(*(changes * 50)), lineterminator="\r\n")
    described_in = lay_out(tmp_path, ORDERS, {"orders.csv": text})
    stopped(described_in)

    found = {row["line"]: row for row in published().iter_rows(named=True)}
    assert published()["line"].is_sorted()
    assert set(published()["file"]) == {"orders.csv"}
    reader = csv.DictReader(StringIO(text.decode(), newline=""))
    wrong, line = 0, 2
    for number, row in enumerate(reader):
        bad = number % len(changes) != good
        assert (line in found) == bad
        if bad:
            wrong += 1
            record = json.loads(found[line]["source_row"])
            assert record == {name: value or None for name, value in row.items()}
            assert found[line]["value"] == record[found[line]["column_name"]]
        line = reader.line_num + 1
    assert wrong == len(found)


def test_orders_above_the_limit_stop_a_batch_that_is_below_it(tmp_path: Path, data_dir: Path) -> None:
    files: dict[str, Content] = {
        "customers.csv": delimited(rows("customers", *[{}] * 200)),
        "orders.csv": delimited(spoiled(18, LOST, LOST)),
    }
    described_in = lay_out(tmp_path, ORDERS + CUSTOMERS, files)
    assert stopped(described_in).startswith(
        "2 of 20 orders rejected (10 %, at most 5 %); nothing was loaded; "
    )
    files["orders.csv"] = delimited(spoiled(19, LOST))
    assert step(lay_out(tmp_path, ORDERS + CUSTOMERS, files)).rows() == {"customers": 200, "orders": 19}


def test_another_entity_above_the_limit_stops_no_batch_that_is_below_it(
    tmp_path: Path, data_dir: Path
) -> None:
    files: dict[str, Content] = {
        "customers.csv": delimited(rows("customers", *[{"created_at": "?"}] * 5, *[{}] * 5)),
        "orders.csv": delimited(spoiled(90)),
    }
    batch = step(lay_out(tmp_path, ORDERS + CUSTOMERS, files))
    assert batch.rows() == {"customers": 5, "orders": 90}
    batch.discard()
    assert published("customers")["line"].to_list() == [2, 3, 4, 5, 6]
    files["customers.csv"] = delimited(rows("customers", *[{"created_at": "?"}] * 6, *[{}] * 4))
    assert stopped(lay_out(tmp_path, ORDERS + CUSTOMERS, files)).startswith("6 of 100 rows rejected (6 %, ")


def test_rows_that_nobody_wants_count_as_read(tmp_path: Path, data_dir: Path) -> None:
    description = ORDERS + '[orders.statuses]\ntest = "ignore"\n'
    table = orders(LOST, *[{"status": "test"}] * 10, *[{}] * 9)
    day = step(lay_out(tmp_path, description, {"orders.csv": delimited(table)})).days["orders"][AS_OF]
    assert (day.read, day.rows, day.rejected, day.ignored) == (20, 9, 1, 10)


def test_what_an_earlier_run_of_the_day_set_aside_is_replaced_and_removed(
    tmp_path: Path, data_dir: Path
) -> None:
    for bad in (5, 2):
        stopped(lay_out(tmp_path, ORDERS, {"orders.csv": delimited(spoiled(10, *[LOST] * bad))}))
        assert published().height == bad
    step(lay_out(tmp_path, ORDERS, {"orders.csv": delimited(spoiled(10))}))
    assert not (rejects_dir() / str(AS_OF)).exists()


def test_the_rejected_rows_of_other_days_stay(tmp_path: Path, data_dir: Path) -> None:
    stopped(lay_out(tmp_path, ORDERS, {"orders.csv": delimited(spoiled(1, LOST))}))
    with disable_run_logger():
        read_source.fn(
            date(2026, 11, 1),
            str(lay_out(tmp_path, ORDERS, {"orders.csv": delimited(spoiled(1))})),
            "another",
        )
    assert published().height == 1
