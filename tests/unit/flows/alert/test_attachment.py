import csv
import gzip
import io
import random
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.alert.attachment import MOST_BYTES, PLAIN_BYTES, Attachment, attach
from flows.alert.digest import ALERTS
from tests.unit.flows.alert.short_messages import ALERT, DAY, SOME, digest

TEXT_COLUMNS = [name for name, kind in ALERTS.items() if kind == pl.String()]
NAMES = list(ALERTS)


def attached(*rows: dict[str, Any], most_bytes: int = MOST_BYTES) -> Attachment:
    return attach(pl.DataFrame([ALERT | row for row in rows], schema=ALERTS), DAY, most_bytes)


def text(attachment: Attachment) -> str:
    content = gzip.decompress(attachment.content) if attachment.is_compressed else attachment.content
    return content.decode("utf-8")


def parsed(attachment: Attachment) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text(attachment), newline=""), strict=True))


@pytest.fixture(scope="module")
def list_of() -> Callable[[int], pl.DataFrame]:
    """Lists of so many alerts that no compression can foresee, worst first."""
    draw = random.Random(7)
    rows = [
        ALERT
        | {
            "order_id": f"{draw.getrandbits(50):x}",
            "customer_id": f"{draw.getrandbits(30):x}",
            "customer_name": f"{draw.getrandbits(60):x}",
            "product_name": f"{draw.getrandbits(60):x}",
            "days_over": 400 - number // 100,
            "amount_at_stake": Decimal(draw.randrange(10**5)) / 100,
        }
        for number in range(40_000)
    ]
    frame = pl.DataFrame(rows, schema=ALERTS)
    return frame.head


def test_a_short_list_is_plain_text_with_every_alert_and_column_in_order() -> None:
    alerts = digest(SOME).alerts
    attachment = attach(alerts, DAY)
    assert attachment.name == "sla-alerts-2026-11-21.csv"
    assert attachment.columns == tuple(NAMES)
    rows = parsed(attachment)
    assert list(rows[0]) == NAMES
    assert [row["order_id"] for row in rows] == alerts["order_id"].to_list()
    assert (
        attachment.note == f"sla-alerts-2026-11-21.csv holds {len(rows)} alerts: all that are counted here."
    )


def test_every_line_ends_with_crlf() -> None:
    lines = text(attached({"order_id": "A-1"}, {"order_id": "A-2"})).split("\r\n")
    assert lines[0] == ",".join(NAMES)
    assert [line.split(",")[NAMES.index("order_id")] for line in lines[1:3]] == ["A-1", "A-2"]
    assert lines[3:] == [""]


@pytest.mark.parametrize(
    "value",
    [
        'say "hi"', "a,b", "two\nlines", "two\r\nlines", "two\rlines", '"', '",\r\n"', "ünïcødé 東京 🫖",
        " padded ", "semi;colon", "nul\x00", "\u2028",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["order_id", "customer_name", "carrier"])
def test_the_csv_reads_back_what_was_written(name: str, value: str) -> None:
    plain, (row,) = parsed(attached({}))[0], parsed(attached({name: value}))
    assert row == plain | {name: value}


@given(st.lists(st.text(max_size=20), min_size=2, max_size=2))
def test_any_text_reads_back_with_at_most_an_apostrophe_before_it(values: list[str]) -> None:
    (row,) = parsed(attached({"order_id": values[0], "carrier": values[1]}))
    for name, value in zip(("order_id", "carrier"), values, strict=True):
        assert row[name] == (f"'{value}" if value[:1] and value[0] in "=+-@\t\r\n" else value)


@pytest.mark.parametrize("name", TEXT_COLUMNS)
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_a_spreadsheet_would_run_is_neutralised(name: str, start: str) -> None:
    (row,) = parsed(attached({name: f"{start}HYPERLINK(1)"}))
    assert row[name] == f"'{start}HYPERLINK(1)"


def test_a_formula_is_neutralised_in_a_compressed_list_too(list_of: Callable[[int], pl.DataFrame]) -> None:
    alerts = list_of(5_000).with_columns(order_id=pl.lit("=1+1"))
    attachment = attach(alerts, DAY)
    assert attachment.is_compressed
    assert {row["order_id"] for row in parsed(attachment)} == {"'=1+1"}


def test_numbers_and_dates_are_plain_and_what_is_unknown_is_empty() -> None:
    (row,) = parsed(attached({"amount_at_stake": Decimal("-1234.50"), "days_over": -2, "carrier": None}))
    assert row["order_date"] == "2026-11-01 10:30:00"
    assert row["breaks_on"] == "2026-11-09"
    assert row["amount_at_stake"] == "-1234.50"
    assert (row["days_elapsed"], row["days_over"], row["days_left"], row["carrier"]) == ("20", "-2", "", "")


def test_a_long_list_is_compressed_and_reads_back_whole(list_of: Callable[[int], pl.DataFrame]) -> None:
    alerts = list_of(2_000)
    attachment = attach(alerts, DAY)
    assert attachment.name == "sla-alerts-2026-11-21.csv.gz"
    assert attachment.columns == tuple(NAMES)
    assert len(text(attachment)) > PLAIN_BYTES
    rows = parsed(attachment)
    assert [row["order_id"] for row in rows] == alerts["order_id"].to_list()
    assert [row["customer_name"] for row in rows] == alerts["customer_name"].to_list()


@pytest.mark.parametrize(
    ("most_bytes", "columns", "says"),
    [
        (900_000, 23, " To keep it small it leaves out rule description, customer name and product name."),
        (500_000, 18, "leaves out rule description, .* order date, opened on and days elapsed."),
        (
            300_000,
            10,
            " To keep it small it has only section, state, rule id, severity, order id, carrier, country, "
            "breaks on, days over and resolution.",
        ),
    ],
)
def test_a_longer_list_has_fewer_columns_and_says_so(
    list_of: Callable[[int], pl.DataFrame], most_bytes: int, columns: int, says: str
) -> None:
    attachment = attach(list_of(30_000), DAY, most_bytes)
    assert len(attachment.content) <= most_bytes
    assert (attachment.rows, len(attachment.columns)) == (30_000, columns)
    assert re.search(says, attachment.note)
    assert list(parsed(attachment)[0]) == list(attachment.columns)


@pytest.mark.parametrize("most_bytes", [30_000, 100_000, 200_000])
def test_what_still_does_not_fit_is_cut_to_the_worst_and_says_so(
    list_of: Callable[[int], pl.DataFrame], most_bytes: int
) -> None:
    alerts = list_of(40_000)
    attachment = attach(alerts, DAY, most_bytes)
    assert 0.5 * most_bytes < len(attachment.content) <= most_bytes
    assert attachment.name == f"sla-alerts-2026-11-21-worst-{attachment.rows}.csv.gz"
    assert attachment.note.startswith(
        f"{attachment.name} holds the worst {attachment.rows:,} of 40,000 alerts; "
        "all are in ALERTS.SLA_ALERTS."
    )
    order_ids = [row["order_id"] for row in parsed(attachment)]
    assert order_ids == alerts["order_id"].head(attachment.rows).to_list()


def test_the_same_list_is_the_same_bytes(list_of: Callable[[int], pl.DataFrame]) -> None:
    alerts = list_of(40_000)
    assert attach(alerts, DAY, 200_000) == attach(alerts.clone(), DAY, 200_000)
    assert attach(alerts, date(2026, 11, 22), 200_000).name.startswith("sla-alerts-2026-11-22")


def test_an_empty_list_has_its_header() -> None:
    attachment = attached()
    assert text(attachment) == ",".join(NAMES) + "\r\n"
    assert attachment.rows == 0
