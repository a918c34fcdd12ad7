"""The first guesses at undescribed files, judged by what reading with them gives."""

import csv
import gzip
import tomllib
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from flows.ingest.source.description import read_description
from flows.ingest.source.draft import draft
from flows.ingest.source.read import DryRun, read_source_files
from flows.ingest.tally import Count

AS_OF = date(2026, 11, 5)


def write(
    path: Path, rows: Sequence[Sequence[object]], delimiter: str = ",", encoding: str = "utf-8"
) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)


def drafted(directory: Path) -> dict[str, dict[str, object]]:
    """What `init` would write for the directory, written."""
    text, _ = draft(directory)
    (directory / "source.toml").write_text(text, encoding="utf-8")
    return tomllib.loads(text)


def counts(directory: Path) -> dict[str, Count]:
    reading = read_source_files(read_description(directory / "source.toml"), AS_OF, DryRun())
    return {entity: tally.total for entity, tally in reading.entities.items()}


def test_a_german_export_is_read_with_what_was_guessed(tmp_path: Path) -> None:
    header = ["Bestell-Nr.", "Kunden-Nr.", "Artikelnummer", "Bestelldatum", "Status", "Lieferdatum", "Preis"]
    rows = [
        [f"B-{n}", f"K{n % 7}", "Ä1", f"{n % 28 + 1:02}.10.2026 14:30", word, "", f"1.{n:03},50"]
        for n, word in enumerate(["Offen", "Versendet", "Zugestellt", "Storniert", "Entwurf"] * 20)
    ]
    write(tmp_path / "bestellungen.csv", [header, *rows], ";", "cp1252")
    write(
        tmp_path / "kunden.csv", [["Kundennummer", "Name", "Stadt"], ["K0", "Jürgen", "Köln"]], ";", "cp1252"
    )
    said = drafted(tmp_path)
    orders = said["orders"]
    assert (orders["encoding"], orders["delimiter"], orders["decimal_comma"]) == ("cp1252", ";", True)
    assert orders["date_formats"] == ["%d.%m.%Y %H:%M"]
    assert said["customers"]["path"] == "kunden.csv"
    assert counts(tmp_path) == {"customers": Count(1), "orders": Count(100, ignored=20)}


def test_files_that_differ_in_numbers_are_one_glob(tmp_path: Path) -> None:
    header = ["order_id", "customer_id", "product_id", "order_date", "status", "delivery_date"]
    for month in ("2026-09", "2026-10"):
        rows = [[f"{month}-{n}", "C", "P", f"{month}-03", "shipped", ""] for n in range(5)]
        write(tmp_path / f"orders_{month}.csv", [header, *rows])
    assert drafted(tmp_path)["orders"]["path"] == "orders_*.csv"
    assert counts(tmp_path)["orders"] == Count(10)


@pytest.mark.parametrize("kind", ["parquet", "ndjson", "csv.gz"])
def test_every_kind_of_file_is_looked_at(tmp_path: Path, kind: str) -> None:
    frame = pl.DataFrame(
        {
            "Order ID": ["1", "2"],
            "Buyer ID": ["7", "8"],
            "SKU": ["a", "b"],
            "Created at": [datetime(2026, 10, 1, 9), datetime(2026, 10, 2, 9)],
            "Order Status": ["complete", "on hold"],
            "Delivered at": [datetime(2026, 10, 4, 9), None],
        }
    )
    target = tmp_path / f"export.{kind}"
    if kind == "parquet":
        frame.write_parquet(target)
    elif kind == "ndjson":
        frame.write_ndjson(target)
    else:
        target.write_bytes(gzip.compress(frame.write_csv().encode()))
    said = drafted(tmp_path)["orders"]
    assert said["statuses"] == {"complete": "delivered", "on hold": "pending"}
    assert counts(tmp_path)["orders"] == Count(2)


def test_day_and_month_that_could_be_either_are_said_so(tmp_path: Path) -> None:
    header = ["order_id", "customer_id", "product_id", "order_date", "status", "delivery_date"]
    write(tmp_path / "orders.csv", [header, *([n, 1, 1, "03/04/2026", "shipped", ""] for n in range(9))])
    text, _ = draft(tmp_path)
    assert tomllib.loads(text)["orders"]["date_formats"] == ["%d/%m/%Y"]
    assert "could as well be %m/%d/%Y" in text
    write(tmp_path / "orders.csv", [header, *([n, 1, 1, "04/23/2026", "shipped", ""] for n in range(9))])
    text, _ = draft(tmp_path)
    assert tomllib.loads(text)["orders"]["date_formats"] == ["%m/%d/%Y"]
    assert "could as well" not in text


def test_a_word_nobody_knows_is_left_for_the_shop_to_say(tmp_path: Path) -> None:
    header = ["order_id", "customer_id", "product_id", "order_date", "status", "delivery_date"]
    write(tmp_path / "orders.csv", [header, [1, 1, 1, "2026-10-01", "Quarantäne", ""]])
    text, _ = draft(tmp_path)
    assert "statuses" not in tomllib.loads(text)["orders"] or not tomllib.loads(text)["orders"]["statuses"]
    assert '# "Quarantäne" = "ignore"' in text


def test_required_columns_that_were_not_found_and_files_not_used_are_named(tmp_path: Path) -> None:
    write(tmp_path / "orders.csv", [["Order No", "Status", "Weird"], [1, "open", "x"]])
    write(tmp_path / "stock.csv", [["shelf", "count"], ["a", 1]])
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no more")
    text, found = draft(tmp_path)
    assert "required, and not found: customer_id, product_id, order_date, delivery_date" in text
    assert "not used: Weird" in text
    assert "not used: stock.csv (shelf, count)" in text
    assert "not looked at: broken.parquet" in text
    assert [guess.entity for guess in found] == ["orders"]


def test_names_that_toml_would_stumble_over_survive(tmp_path: Path) -> None:
    header = [
        'Order "No"',
        "customer_id",
        "product_id",
        "order_date",
        "status",
        "delivery_date",
        "a\\b\x07=#",
    ]
    write(tmp_path / "orders.csv", [header, [1, 1, 1, 1, "2026-10-01", 'sh"ipp#ed', ""]])
    assert tomllib.loads(draft(tmp_path)[0])["orders"]["path"] == "orders.csv"
