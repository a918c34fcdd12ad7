from datetime import date
from pathlib import Path

import pytest

from flows.errors import SourceError
from flows.ingest.source import Source, read_description, read_orders
from flows.paths import SAMPLE_SOURCE

SAMPLE_DAY = date(2026, 10, 31)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"[orders\n", "is not valid TOML: "),
        (b"", 'needs a table [orders] with path = "FILE.csv" (or .parquet)'),
        (b"[orders]\n", 'needs a table [orders] with path = "FILE.csv"'),
        (b'[orders]\npath = ""\n', "needs a table [orders] with path"),
        (b"[orders]\npath = 7\n", "needs a table [orders] with path"),
        (b'orders = "orders.csv"\n', "needs a table [orders] with path"),
        (b'[orders]\npath = "o.csv"\nsep = ";"\n', "[orders] has unknown key sep; known: path"),
        (b'[order]\npath = "o.csv"\n', "unknown table or key order; known: [orders]"),
        (
            b'colour = 1\n[orders]\npath = "o.csv"\n[refunds]\n',
            "unknown table or key colour, refunds; known: [orders]",
        ),
        (b'[orders]\npath = "\xff"\n', "is not UTF-8 text; data/sample/source.toml is an example"),
    ],
)
def test_a_description_that_cannot_be_used_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    description = tmp_path / "source.toml"
    description.write_bytes(content)
    with pytest.raises(SourceError) as refusal:
        read_description(description)
    assert str(refusal.value).startswith(f"{description}: ")
    assert complaint in str(refusal.value)
    assert refusal.value.exit_status == 2


def test_a_missing_description_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no such file; data/sample/source\.toml is an example"):
        read_description(tmp_path / "source.toml")


def test_a_directory_as_description_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a directory; name the TOML file inside it"):
        read_description(tmp_path)


def test_a_description_below_a_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match="cannot be read: Not a directory"):
        read_description(tmp_path / "file" / "source.toml")


def test_the_path_of_the_orders_is_relative_to_the_description(tmp_path: Path) -> None:
    description = tmp_path / "shop" / "source.toml"
    description.parent.mkdir()
    description.write_text('[orders]\npath = "../exports/orders.csv"\n')
    assert read_description(description) == Source(description, tmp_path / "exports" / "orders.csv")


def test_an_absolute_path_of_the_orders_stays_as_it_is(tmp_path: Path) -> None:
    description = tmp_path / "source.toml"
    description.write_text('[orders]\npath = "/exports/orders.parquet"\n')
    assert read_description(description).orders == Path("/exports/orders.parquet")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("missing.csv", "missing.csv: no such file, named by "),
        ("folder.csv", "folder.csv: is not a file, named by "),
        ("orders.xlsx", "orders.xlsx: unknown kind of file '.xlsx'; known: .csv, .parquet"),
        ("orders", "orders: unknown kind of file ''; known: .csv, .parquet"),
    ],
)
def test_a_file_that_is_not_there_or_of_another_kind_is_refused(
    tmp_path: Path, name: str, complaint: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    for other in ("orders.xlsx", "orders"):
        (tmp_path / other).touch()
    description = tmp_path / "source.toml"
    description.write_text(f'[orders]\npath = "{name}"\n')
    with pytest.raises(SourceError) as refusal:
        read_orders(read_description(description), SAMPLE_DAY)
    assert complaint in str(refusal.value)
    assert str(tmp_path) in str(refusal.value)


def test_the_sample_has_a_thousand_orders_of_every_status() -> None:
    orders = read_orders(read_description(SAMPLE_SOURCE), SAMPLE_DAY)
    assert orders.height == 1_000
    assert orders["order_id"].n_unique() == 1_000
    assert set(orders["status"]) == {"pending", "shipped", "delivered", "cancelled", "returned"}
    assert orders["_batch_day"].unique().to_list() == [SAMPLE_DAY]
    assert orders["order_date"].max().date() <= SAMPLE_DAY
