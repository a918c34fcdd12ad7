import csv
import io
import re
from dataclasses import fields, replace
from datetime import date, datetime
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from flows.alert.digest import WORST, Digest, render, to_csv
from flows.alert.ledger import Breach, Findings

BREACH = Breach(
    rule_id="delivery_7d",
    severity="warning",
    owner="team",
    order_id="A-1",
    customer_id="C-1",
    customer_name="Åsa Öberg",
    product_id="P-1",
    product_name="Teapot",
    carrier="NordPost",
    country="FI",
    shipping_tier="express",
    order_date=datetime(2026, 1, 1, 10, 30),
    status="shipped",
    breached_on=date(2026, 1, 9),
    days_elapsed=30,
    days_over=23,
    amount_at_stake=Decimal("19.90"),
    is_new=True,
)
NAMES = [field.name for field in fields(Breach)]
TEXT_FIELDS = [
    "order_id", "customer_id", "customer_name", "product_id", "product_name", "carrier", "country",
    "shipping_tier", "status", "rule_id", "severity", "owner",
]  # fmt: skip


def breaches(count: int) -> list[Breach]:
    """Worst first, as the ledger hands them over; every third is new."""
    return [
        replace(
            BREACH,
            order_id=f"A-{number:05d}",
            days_over=count - number,
            days_elapsed=count - number + 7,
            is_new=number % 3 == 0,
            carrier=["NordPost", "Kurier 24", None][number % 3],
        )
        for number in range(count)
    ]


def digest(found: list[Breach], at_risk: int = 0, resolved: int = 0) -> Digest:
    return render(Findings(date(2026, 1, 31), found, at_risk, resolved))


class Text(HTMLParser):
    """What a reader sees of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def parsed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize(
    ("found", "at_risk", "resolved", "subject"),
    [
        (breaches(1), 0, 0, "[SLA] 1 open · 1 new, 31 Jan 2026"),
        (breaches(9), 0, 0, "[SLA] 9 open · 3 new, 31 Jan 2026"),
        (breaches(1_200), 34, 0, "[SLA] 1,200 open · 400 new · 34 at risk, 31 Jan 2026"),
        (breaches(9), 0, 2, "[SLA] 9 open · 3 new · 2 resolved, 31 Jan 2026"),
        (breaches(9), 1_000, 2_000, "[SLA] 9 open · 3 new · 1,000 at risk · 2,000 resolved, 31 Jan 2026"),
    ],
)
def test_the_subject_counts_what_there_is(
    found: list[Breach], at_risk: int, resolved: int, subject: str
) -> None:
    assert digest(found, at_risk, resolved).subject == subject


def test_the_body_shows_the_worst_and_the_attachment_all_of_them() -> None:
    found = breaches(WORST + 30)
    message = digest(found)
    for body in (message.text, message.html):
        assert re.findall(r"A-\d{5}", body) == [breach.order_id for breach in found[:WORST]]
    assert [row["order_id"] for row in parsed(message.attachment_csv)] == [b.order_id for b in found]


def test_fewer_than_the_worst_are_shown_as_many_as_they_are() -> None:
    message = digest(breaches(3))
    assert "The worst 3:" in message.text
    assert "The worst 3<" in message.html


def test_new_breaches_are_marked_and_old_ones_are_not() -> None:
    message = digest(breaches(6))
    marked = [line.split()[0] for line in message.text.splitlines() if line.endswith("NEW")]
    assert marked == ["A-00000", "A-00003"]
    assert message.html.count(">new<") == 2


def test_the_plain_text_has_every_number_of_the_html() -> None:
    message = digest(
        [replace(breach, amount_at_stake=Decimal("1234.56")) for breach in breaches(1_200)], 34, 56
    )
    numbers = [re.findall(r"[\d,.]*\d", body) for body in (" ".join(Text(message.html).words), message.text)]
    assert sorted(set(numbers[0])) == sorted(set(numbers[1]))
    for number in ("1,200", "400", "34", "56", "1,481,472.00", "2026"):
        assert number in numbers[1]


def test_what_is_at_stake_is_added_up_to_the_cent() -> None:
    cents = [replace(breach, amount_at_stake=Decimal("0.10")) for breach in breaches(3)]
    assert "At stake: 0.30\n" in digest([*cents, replace(BREACH, amount_at_stake=None)]).text


def test_breaches_without_a_known_amount_or_names_are_told_without_them() -> None:
    bare = replace(
        BREACH, customer_name=None, product_name=None, carrier=None, country=None, shipping_tier=None,
        amount_at_stake=None,
    )  # fmt: skip
    message = digest([bare])
    for body in (message.text, message.html):
        assert "None" not in body
        assert "not shipped yet 1" in body
    assert "At stake: 0.00" in message.text
    (row,) = parsed(message.attachment_csv)
    assert (row["customer_name"], row["carrier"], row["amount_at_stake"]) == ("", "", "")


def test_carriers_are_listed_by_how_many_orders_they_owe() -> None:
    found = [replace(BREACH, carrier=carrier) for carrier in ("B", "A", "A", None, "A", "B")]
    assert "By carrier: A 3, B 2, not shipped yet 1\n" in digest(found).text


@pytest.mark.parametrize("name", ["order_id", "customer_id", "customer_name", "carrier", "status"])
def test_data_cannot_become_html(name: str) -> None:
    message = digest([replace(BREACH, **{name: '<script>alert("&")</script>'})])
    assert "script" not in Text(message.html).tags
    assert "&lt;script&gt;" in message.html
    assert '<script>alert("&")</script>' in message.text


def test_the_html_loads_nothing_from_elsewhere() -> None:
    page = digest(breaches(3)).html
    assert not re.search(r"https?:|src=|url\(|@import|<link|<script", page)


def test_the_attachment_is_named_after_the_day() -> None:
    assert digest([BREACH]).attachment_name == "sla-breaches-2026-01-31.csv"


@pytest.mark.parametrize(
    "value",
    [
        'say "hi"',
        "a,b",
        "two\nlines",
        "two\r\nlines",
        '"',
        '",\r\n"',
        "ünïcødé 東京 🫖",
        " padded ",
        "semi;colon",
    ],
)
@pytest.mark.parametrize("name", ["order_id", "customer_name"])
def test_the_csv_reads_back_what_was_written(name: str, value: str) -> None:
    (row,) = parsed(to_csv([replace(BREACH, **{name: value})]))
    assert row == {**{field: str(getattr(BREACH, field)) for field in NAMES}, name: value}


def test_the_csv_ends_every_line_with_crlf_and_begins_with_the_names() -> None:
    lines = to_csv(breaches(2)).split("\r\n")
    assert lines[0] == ",".join(NAMES)
    assert [line.split(",")[3] for line in lines[1:3]] == ["A-00000", "A-00001"]
    assert lines[3:] == [""]


@pytest.mark.parametrize("name", TEXT_FIELDS)
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_a_spreadsheet_would_run_is_neutralised(name: str, start: str) -> None:
    (row,) = parsed(to_csv([replace(BREACH, **{name: f"{start}HYPERLINK(1)"})]))
    assert row[name] == f"'{start}HYPERLINK(1)"


def test_numbers_and_dates_of_the_csv_are_plain() -> None:
    (row,) = parsed(to_csv([replace(BREACH, amount_at_stake=Decimal("-1234.50"))]))
    assert row["order_date"] == "2026-01-01 10:30:00"
    assert row["breached_on"] == "2026-01-09"
    assert row["amount_at_stake"] == "-1234.50"
    assert (row["days_elapsed"], row["is_new"]) == ("30", "True")
