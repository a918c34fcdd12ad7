"""Values that spoil a row: one of each kind, by what is wrong with them."""

from tests.unit.flows.ingest.corpus import reasons
from tests.unit.flows.ingest.corpus.cases import Cell

REQUIRED = {
    "customers": ("customer_id",),
    "products": ("product_id",),
    "orders": ("order_id", "customer_id", "product_id", "order_date", "status"),
    "deliveries": ("delivery_id", "order_id"),
}
BLANKS = {"empty": "", "blank": " \t ", "blank in unicode": "\u2003\u00a0"}

MISSING = {
    f"{entity}.{column} {name}": Cell(column, value, reasons.MISSING, entity)
    for entity, columns in REQUIRED.items()
    for column in columns
    for name, value in BLANKS.items()
} | {
    "orders.order_id a word for nothing": Cell(
        "order_id", "NULL", reasons.MISSING, reading='null_values = ["NULL"]'
    ),
    "orders.status a word for nothing": Cell(
        "status", " n/a ", reasons.MISSING, reading='null_values = ["-", "n/a"]'
    ),
    "orders.order_date a word for nothing": Cell(
        "order_date", "-", reasons.MISSING, reading='null_values = ["-"]'
    ),
}

NO_DATES = {
    name: Cell("order_date", value, reasons.NO_DATE)
    for name, value in {
        "with dots": "31.10.2026",
        "with slashes": "10/31/2026",
        "without dashes": "20261001",
        "of two digits a year": "26-10-01",
        "of one digit a month": "2026-9-01",
        "of the year 26": "0026-10-01",
        "of five digits a year": "12026-10-01",
        "30 february": "2026-02-30",
        "29 february of no leap year": "2026-02-29",
        "29 february of 1900": "1900-02-29",
        "31 september": "2026-09-31",
        "month 13": "2026-13-01",
        "month 0": "2026-00-10",
        "day 0": "2026-10-00",
        "25 o'clock": "2026-10-01 25:00:00",
        "24 o'clock": "2026-10-01 24:00:00",
        "minute 60": "2026-10-01 12:60:00",
        "second 60": "2026-10-01 12:00:60",
        "p.m.": "2026-10-01 02:00:00 PM",
        "an offset of 25 hours": "2026-10-01T12:00:00+25:00",
        "a zone by name": "2026-10-01 12:00:00 UTC",
        "an offset without a time": "2026-10-01Z",
        "something behind": "2026-10-01 12:00:00 or so",
        "something in front": "on 2026-10-01",
        "a line end within": "2026-10-01\n12:00:00",
        "a decimal comma": "2026-10-01 12:00:00,5",
        "unix seconds": "1790000000",
        "unix milliseconds": "1790000000000",
        "a spreadsheet's number": "46296.5",
        "digits of another script": "２０２６-10-01",
        "a word": "yesterday",
        "a dash": "-",
        "zeros": "0000-00-00 00:00:00",
    }.items()
} | {
    "promised on 30 february": Cell("promised_date", "2026-02-30", reasons.NO_DATE),
    "delivered on a word": Cell("delivery_date", "soon", reasons.NO_DATE),
    "updated on a word": Cell("updated_at", "never", reasons.NO_DATE),
    "created on 31 june": Cell("created_at", "2025-06-31", reasons.NO_DATE, "customers"),
    "shipped on a word": Cell("shipped_at", "later", reasons.NO_DATE, "deliveries"),
    "promised at a word": Cell("promised_at", "?", reasons.NO_DATE, "deliveries"),
    "delivered at a word": Cell("delivered_at", "not yet", reasons.NO_DATE, "deliveries"),
}


def _format(column: str, value: str, *formats: str) -> Cell:
    """In a row that has other dates, all in ISO 8601, which is read too."""
    known = (*formats, "%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
    return Cell(column, value, reasons.no_date(*known), reading=f"date_formats = {list(known)}")


def _zone(value: str, zone: str, **others: str | None) -> Cell:
    return Cell("order_date", value, reasons.skipped(zone), reading=f'time_zone = "{zone}"', others=others)


OTHER_DATES = {
    "another format": _format("order_date", "10/01/2026", "%d.%m.%Y"),
    "30 february in another format": _format("order_date", "30.02.2026", "%d.%m.%Y"),
    "two digits a year where four are said": _format("order_date", "01.10.26", "%d.%m.%Y"),
    "four digits a year where two are said": _format("order_date", "01.10.2026", "%d.%m.%y"),
    "the year 26 in another format": _format("order_date", "01.10.0026", "%d.%m.%Y"),
    "something behind another format": _format("order_date", "01.10.2026 12:00", "%d.%m.%Y"),
    "no unix time": _format("order_date", "12.10.", "unix"),
    "unix milliseconds as seconds": _format("order_date", "1790000000000", "unix"),
    "an hour that berlin skipped": _zone("2026-03-29 02:30:00", "Europe/Berlin"),
    "the first moment that berlin skipped": _zone("2026-03-29 02:00:00", "Europe/Berlin"),
    "the last moment that berlin skipped": _zone("2026-03-29 02:59:59.999999", "Europe/Berlin"),
    "an hour that new york skipped": _zone("2026-03-08T02:30:00", "America/New_York"),
    "a day that samoa skipped": _zone("2011-12-30 12:00:00", "Pacific/Apia"),
    "half an hour that lord howe skipped": _zone(
        "2026-10-04 02:15:00", "Australia/Lord_Howe", delivery_date=None
    ),
}


def _reach(column: str, value: str, entity: str = "orders", **others: str | None) -> Cell:
    return Cell(column, value, reasons.OUT_OF_REACH, entity, others=others)


IMPOSSIBLE = {
    "a spreadsheet's day zero": _reach("order_date", "1899-12-30"),
    "1900": _reach("order_date", "1900-01-01 00:00:00"),
    "second zero": _reach("order_date", "1970-01-01T00:00:00Z"),
    "the last moment before 1971": _reach("order_date", "1970-12-31 23:59:59.999999"),
    "the far end of a date picker": _reach("order_date", "9999-12-31"),
    "the first moment too far ahead": _reach("order_date", "2027-11-02 00:00:00", delivery_date=None),
    "delivered in 9999": _reach("delivery_date", "9999-12-31 23:59:59"),
    "delivered in 1899": _reach("delivery_date", "1899-12-30"),
    "promised in 1970": _reach("promised_date", "1970-12-31"),
    "promised too far ahead": _reach("promised_date", "2027-11-02"),
    "updated in 1970": _reach("updated_at", "1970-01-01 01:00:00"),
    "created in 9999": _reach("created_at", "9999-12-31", "customers"),
    "shipped in 1899": _reach("shipped_at", "1899-12-30", "deliveries"),
    "a parcel promised in 9999": _reach("promised_at", "9999-12-31", "deliveries"),
    "a parcel delivered in 9999": _reach("delivered_at", "9999-12-31", "deliveries"),
    "delivered the day before the order": Cell(
        "delivery_date", "2026-09-30 23:59:59", reasons.BEFORE_ORDER, others={"order_date": "2026-10-01"}
    ),
    "delivered years before the order": Cell("delivery_date", "2020-01-01", reasons.BEFORE_ORDER),
    "delivered before it was shipped": Cell(
        "delivered_at", "2026-10-01 23:59:59", reasons.BEFORE_SHIPMENT, "deliveries"
    ),
}

STATUSES = {
    "misspelt": Cell("status", "shiped", reasons.NO_STATUS),
    "of another language": Cell("status", "livré", reasons.NO_STATUS),
    "a number": Cell("status", "7", reasons.NO_STATUS),
    "two words": Cell("status", "in transit", reasons.NO_STATUS),
    "a letter of another script": Cell("status", "deliv\u0435red", reasons.NO_STATUS),
    "an invisible character": Cell("status", "deliv\u200bered", reasons.NO_STATUS),
    "very long": Cell("status", "shipped " * 20_000, reasons.NO_STATUS),
    "with colours": Cell("status", "\x1b[31mdelivered\x1b[0m", reasons.NO_STATUS),
    "with a title for the terminal": Cell("status", "\x1b]0;owned\x07delivered", reasons.NO_STATUS),
    "with a bell and a backspace": Cell("status", "ship\x08\x07ped", reasons.NO_STATUS),
    "with one byte that begins a sequence": Cell("status", "\x9b31mdelivered", reasons.NO_STATUS),
    "with line ends": Cell("status", "delivered\nerror: all is lost\r\n.", reasons.NO_STATUS),
    "with text that runs backwards": Cell("status", "\u202ederevilled", reasons.NO_STATUS),
    "an emoji": Cell("status", "📦", reasons.NO_STATUS),
    "a formula": Cell("status", '=HYPERLINK("http://example.org")', reasons.NO_STATUS),
    "of an order at a delivery": Cell("status", "shipped", reasons.NO_DELIVERY_STATUS, "deliveries"),
    "of a delivery at an order": Cell("status", "in_transit", reasons.NO_STATUS),
}

COUNTS = {
    "one and a half": Cell("quantity", "1.5", reasons.NO_COUNT),
    "a little more than one": Cell("quantity", "1.0000001", reasons.NO_COUNT),
    "a word": Cell("quantity", "two", reasons.NO_COUNT),
    "an exponent": Cell("quantity", "1e3", reasons.NO_COUNT),
    "hexadecimal": Cell("quantity", "0x10", reasons.NO_COUNT),
    "NaN": Cell("quantity", "NaN", reasons.NO_COUNT),
    "infinite": Cell("quantity", "inf", reasons.NO_COUNT),
    "with a comma": Cell("quantity", "1,000", reasons.NO_COUNT + reasons.COMMA),
    "with a blank": Cell("quantity", "1 000", reasons.NO_COUNT),
    "with an underscore": Cell("quantity", "1_000", reasons.NO_COUNT),
    "digits of another script": Cell("quantity", "٣", reasons.NO_COUNT),
    "a formula": Cell("quantity", "=1+1", reasons.NO_COUNT),
    "two signs": Cell("quantity", "--1", reasons.NO_COUNT),
    "true": Cell("quantity", "true", reasons.NO_COUNT),
    "of eleven digits": Cell("quantity", "10000000000", reasons.LONG_COUNT),
    "of thirty digits": Cell("quantity", "9" * 30, reasons.LONG_COUNT),
    "negative": Cell("quantity", "-1", reasons.NEGATIVE),
}


def _money(value: str, reason: str, comma: bool = False, **others: str | None) -> Cell:
    reading = f"decimal_comma = {str(comma).lower()}"
    return Cell("unit_price", value, reason, reading=reading, others={"unit_price": "1", **others})


MONEY = {
    "with a comma": _money("12,50", reasons.NO_MONEY + reasons.COMMA),
    "with a comma for thousands": _money("1,234.50", reasons.NO_MONEY + reasons.COMMA),
    "with three decimals": _money("19.905", reasons.FINE_MONEY),
    "with a million decimals": _money("0." + "0" * 100_000 + "1", reasons.FINE_MONEY),
    "of eleven digits": _money("12345678901.00", reasons.LONG_MONEY),
    "of a thousand digits": _money("9" * 1_000, reasons.LONG_MONEY),
    "NaN": _money("NaN", reasons.NO_MONEY),
    "infinite": _money("inf", reasons.NO_MONEY),
    "less than infinite": _money("-Infinity", reasons.NO_MONEY),
    "an exponent": _money("1e2", reasons.NO_MONEY),
    "in euros": _money("€ 12.50", reasons.NO_MONEY),
    "in EUR": _money("12.50 EUR", reasons.NO_MONEY),
    "two points": _money("1.234.56", reasons.NO_MONEY),
    "a point only": _money(".", reasons.NO_MONEY),
    "a sign only": _money("-", reasons.NO_MONEY),
    "behind the minus": _money("12.50-", reasons.NO_MONEY),
    "in brackets": _money("(12.50)", reasons.NO_MONEY),
    "another minus": _money("\u221212.50", reasons.NO_MONEY),
    "negative": _money("-0.01", reasons.NEGATIVE),
    "decimal comma: a point": _money("12.50", reasons.NO_MONEY_WITH_COMMA, comma=True),
    "decimal comma: a comma for thousands": _money("1,234.56", reasons.NO_MONEY_WITH_COMMA, comma=True),
    "decimal comma: two commas": _money("1,234,56", reasons.NO_MONEY_WITH_COMMA, comma=True),
    "decimal comma: points at odd places": _money("12.34,56", reasons.NO_MONEY_WITH_COMMA, comma=True),
    "decimal comma: three decimals": _money("12,505", reasons.FINE_MONEY, comma=True),
    "decimal comma: negative": _money("-1.000,00", reasons.NEGATIVE, comma=True),
    "price of a product": Cell("unit_price", "1.001", reasons.FINE_MONEY, "products"),
    "price of a product negative": Cell("unit_price", "-1", reasons.NEGATIVE, "products"),
    "weight: four decimals": Cell("weight_kg", "1.2345", reasons.FINE_WEIGHT, "products"),
    "weight: seven digits": Cell("weight_kg", "1234567", reasons.LONG_WEIGHT, "products"),
    "weight: with its unit": Cell("weight_kg", "7 kg", reasons.NO_WEIGHT, "products"),
    "weight: negative": Cell("weight_kg", "-0.001", reasons.NEGATIVE, "products"),
}

# Of several faults of a row the first is told: what cannot be read, then what is missing, then other rules.
SEVERAL = {
    "unreadable before missing": Cell("quantity", "?", reasons.NO_COUNT, others={"order_id": None}),
    "unreadable before impossible": Cell(
        "quantity", "?", reasons.NO_COUNT, others={"order_date": "9999-12-31"}
    ),
    "missing before impossible": Cell(
        "product_id", None, reasons.MISSING, others={"order_date": "9999-12-31"}
    ),
    "missing before negative": Cell("customer_id", " ", reasons.MISSING, others={"quantity": "-1"}),
    "two missing": Cell("order_id", None, reasons.MISSING, others={"product_id": None, "status": ""}),
    "two unreadable": Cell("order_date", "?", reasons.NO_DATE, others={"status": "?", "quantity": "?"}),
    "two impossible": Cell("order_date", "9999-12-31", reasons.OUT_OF_REACH, others={"quantity": "-1"}),
    "out of reach before too early": Cell(
        "delivery_date", "1899-12-30", reasons.OUT_OF_REACH, others={"quantity": "-1"}
    ),
}

CELLS: dict[str, Cell] = {
    f"{kind}: {name}": cell
    for kind, cells in {
        "missing": MISSING,
        "no date": NO_DATES | OTHER_DATES,
        "impossible": IMPOSSIBLE,
        "status": STATUSES,
        "count": COUNTS,
        "money": MONEY,
        "several faults": SEVERAL,
    }.items()
    for name, cell in cells.items()
}
