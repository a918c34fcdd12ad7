"""What becomes of rows that cannot be used in the two steps that take rows in."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from flows.errors import RejectedError
from flows.generate.flow import generate_orders
from flows.ingest.source.flow import read_source
from flows.ingest.staging import StagedBatch

DAY = date(2026, 3, 10)


def source(directory: Path, good: int, bad: int, limit: str = "") -> str:
    """A shop's files with so many orders, and customers of whom one is missing."""
    rows = [f"{number},c{number % 3},p,2026-03-01,pending," for number in range(good)]
    rows += [f"{number},c1,p,31.31.2026,pending," for number in range(bad)]
    header = "order_id,customer_id,product_id,order_date,status,delivery_date"
    (directory / "orders.csv").write_text("\n".join([header, *rows, ""]))
    (directory / "customers.csv").write_text("customer_id\nc0\nc1\n")
    description = f'{limit}\n[orders]\npath = "orders.csv"\n[customers]\npath = "customers.csv"\n'
    (directory / "source.toml").write_text(description)
    return str(directory / "source.toml")


@pytest.fixture
def published(data_dir: Path) -> Path:
    return data_dir / "rejects" / "2026-03-10" / "orders.parquet"


def test_a_few_bad_rows_are_published_and_the_others_staged(
    prefect_api: None, tmp_path: Path, data_dir: Path, published: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = read_source(DAY, source(tmp_path, good=99, bad=1), "batch")
    assert found == {"customers": 2, "orders": 99}
    batch = StagedBatch.open(data_dir / "stage" / "batch")
    assert batch.origin == "files"
    assert batch.days["orders"][DAY].rejected == 1
    assert pl.read_parquet(published).select("file", "line", "value").rows() == [
        ("orders.csv", 101, "31.31.2026")
    ]
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert any("1 of 100 orders set aside" in warning for warning in warnings)
    assert any("customer_id is not among the customers: 33 rows" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("limit", "asked_for"),
    [("", None), ("max_reject_rate = 0.5", 0.09), ("max_reject_rate = 0.09", None)],
    ids=["default", "asked for", "described"],
)
def test_too_many_bad_rows_stop_the_batch_but_are_published(
    prefect_api: None, tmp_path: Path, data_dir: Path, published: Path, limit: str, asked_for: float | None
) -> None:
    described = source(tmp_path, good=90, bad=10, limit=limit)
    with pytest.raises(RejectedError, match=r"10 of 102 rows rejected \(9\.8 %") as refusal:
        read_source(DAY, described, "batch", asked_for)
    assert str(published) in str(refusal.value)
    assert pl.read_parquet(published).height == 10
    assert list((data_dir / "stage").iterdir()) == []


def test_as_many_bad_rows_as_asked_for_stop_nothing(
    prefect_api: None, tmp_path: Path, published: Path
) -> None:
    described = source(tmp_path, good=90, bad=10, limit="max_reject_rate = 0.01")
    assert read_source(DAY, described, "batch", 0.1)["orders"] == 90
    assert read_source(DAY, source(tmp_path, good=90, bad=0), "next", 0.0)["orders"] == 90
    assert not published.parent.exists()


def test_a_simulated_shop_with_dirt_stops_likewise(
    prefect_api: None, tmp_path: Path, data_dir: Path, published: Path
) -> None:
    shop = tmp_path / "shop.toml"
    shop.write_text("orders_per_day = 200\n[dirt]\nduplicates = 0.02\nunknown_statuses = 0.01\n")
    found = generate_orders(DAY, [DAY], "batch", shop=str(shop))
    batch = StagedBatch.open(data_dir / "stage" / "batch")
    assert batch.rows() == found
    rejected = batch.days["orders"][DAY].rejected
    assert pl.read_parquet(published).height == rejected > 0
    with pytest.raises(RejectedError, match="at most 0 %") as refusal:
        generate_orders(DAY, [DAY], "next", shop=str(shop), max_reject_rate=0.0)
    assert "orders: order_id stands more than once: " in str(refusal.value)
    assert pl.read_parquet(published).height == rejected
    assert [path.name for path in (data_dir / "stage").iterdir()] == ["batch"]
