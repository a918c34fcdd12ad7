"""Values that look odd and are good, at the edges of what the contract allows, and what they are read as."""

from datetime import date, datetime
from decimal import Decimal

from tests.unit.flows.ingest.corpus.cases import Reads

OPEN = {"delivery_date": None}  # an order that nobody has got


def _time(value: str, read: datetime, reading: str = "") -> Reads:
    return Reads("order_date", value, read, reading=reading, others=OPEN)


def _local(value: str, read: datetime, zone: str = "Europe/Berlin") -> Reads:
    return _time(value, read, f'time_zone = "{zone}"')


def _format(value: str, read: datetime, *formats: str) -> Reads:
    known = (*formats, "%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
    return _time(value, read, f"date_formats = {list(known)}")


NOON = datetime(2026, 10, 1, 12)

DATES = {
    "a day": _time("2026-10-01", datetime(2026, 10, 1)),
    "an hour": _time("2026-10-01 12", NOON),
    "minutes": _time("2026-10-01T12:00", NOON),
    "nanoseconds": _time("2026-10-01 12:00:00.123456789", NOON.replace(microsecond=123_456)),
    "Z": _time("2026-10-01T12:00:00Z", NOON),
    "an offset": _time("2026-10-01T14:00:00+02:00", NOON),
    "an offset behind a blank": _time("2026-10-01 14:00:00 +0200", NOON),
    "an offset of hours": _time("2026-10-01 02:00:00.5-10", NOON.replace(microsecond=500_000)),
    "an offset that changes the day": _time("2026-10-01T00:30:00+05:30", datetime(2026, 9, 30, 19)),
    "29 february": _time("2024-02-29", datetime(2024, 2, 29)),
    "29 february of 2000": _time("2000-02-29", datetime(2000, 2, 29)),
    "blanks around": _time(" \t2026-10-01\u00a0", datetime(2026, 10, 1)),
    "the first day": _time("1971-01-01", datetime(1971, 1, 1)),
    "the last moment": _time("2027-11-01 23:59:59.999999", datetime(2027, 11, 1, 23, 59, 59, 999_999)),
    "summer in berlin": _local("2026-08-01 12:00:00", datetime(2026, 8, 1, 10)),
    "winter in berlin": _local("2026-01-01 00:30:00", datetime(2025, 12, 31, 23, 30)),
    "a day in berlin": _local("2026-08-01", datetime(2026, 8, 1)),
    "a day that berlin skips an hour of": _local("2026-03-29", datetime(2026, 3, 29)),
    "an hour that berlin has twice": _local("2026-10-25 02:30:00", datetime(2026, 10, 25, 0, 30)),
    "an hour before the skipped one": _local("2026-03-29 01:59:59", datetime(2026, 3, 29, 0, 59, 59)),
    "an hour behind the skipped one": _local("2026-03-29 03:00:00", datetime(2026, 3, 29, 1)),
    "an offset in berlin": _local("2026-08-01 12:00:00Z", datetime(2026, 8, 1, 12)),
    "kathmandu": _local("2026-10-01 12:00:00", datetime(2026, 10, 1, 6, 15), "Asia/Kathmandu"),
    "a day that samoa skipped": _local("2011-12-30", datetime(2011, 12, 30), "Pacific/Apia"),
    "dots": _format("01.10.2026 12:00", NOON, "%d.%m.%Y %H:%M"),
    "dots and one digit": _format("1.9.2026", datetime(2026, 9, 1), "%d.%m.%Y"),
    "two digits a year": _format("01.10.26", datetime(2026, 10, 1), "%d.%m.%y"),
    "the second of two formats": _format("10/01/2026", datetime(2026, 10, 1), "%d.%m.%Y", "%m/%d/%Y"),
    "a month's name": _format("1 Oct 2026 12:00 PM", NOON, "%d %b %Y %I:%M %p"),
    "unix seconds": _format("1790856000", NOON, "unix"),
    "unix seconds with decimals": _format("1790856000.25", NOON.replace(microsecond=250_000), "unix"),
    "unix milliseconds": _format("1790856000500", NOON.replace(microsecond=500_000), "unix_ms"),
    "promised on the last day": Reads("promised_date", "2027-11-01", date(2027, 11, 1)),
    "promised at an hour": Reads("promised_date", "2026-10-06 23:30:00", date(2026, 10, 6)),
    "promised at an hour in berlin": Reads(
        "promised_date", "2026-10-06T23:30:00Z", date(2026, 10, 7), reading='time_zone = "Europe/Berlin"'
    ),
    "delivered earlier on the day of the order": Reads(
        "delivery_date", "2026-10-01", datetime(2026, 10, 1), others={"order_date": "2026-10-01 23:59:59"}
    ),
    "never delivered": Reads("delivery_date", " ", None),
    "delivered earlier on the day it was shipped": Reads(
        "delivered_at", "2026-10-02 10:59:59", datetime(2026, 10, 2, 10, 59, 59), "deliveries"
    ),
    "delivered and never shipped": Reads(
        "delivered_at", "2026-10-02", datetime(2026, 10, 2), "deliveries", others={"shipped_at": None}
    ),
}

NUMBERS = {
    "nothing": Reads("quantity", " ", None),
    "zero": Reads("quantity", "0", 0),
    "less than zero is zero": Reads("quantity", "-0", 0),
    "a plus": Reads("quantity", "+2", 2),
    "zeros before": Reads("quantity", "0002", 2),
    "zeros behind": Reads("quantity", "2.00", 2),
    "blanks around": Reads("quantity", "\u20022 ", 2),
    "ten digits": Reads("quantity", "9999999999", 9_999_999_999),
    "money without decimals": Reads("unit_price", "19", Decimal("19.00")),
    "money with one decimal": Reads("unit_price", "19.9", Decimal("19.90")),
    "money with zeros behind": Reads("unit_price", "19.9000", Decimal("19.90")),
    "money without a whole": Reads("unit_price", ".5", Decimal("0.50")),
    "money that ends in a point": Reads("unit_price", "19.", Decimal("19.00")),
    "the most money": Reads("unit_price", "9999999999.99", Decimal("9999999999.99")),
    "no money": Reads("unit_price", "-0.00", Decimal("0.00")),
    "the most weight": Reads("weight_kg", "999999.999", Decimal("999999.999"), "products"),
} | {
    f"decimal comma: {value}": Reads(
        "unit_price", value, Decimal(plain), reading="decimal_comma = true", others={"unit_price": "1"}
    )
    for value, plain in {
        "12,50": "12.50",
        "12,5": "12.50",
        "1.234,56": "1234.56",
        "1.234.567,00": "1234567.00",
        "1.234": "1234.00",
        "1234,56": "1234.56",
        ",5": "0.50",
        "12": "12.00",
    }.items()
}

LONG = "x" * 1_000_000

TEXTS = {
    name: Reads("shipping_tier", value, value)
    for name, value in {
        "an emoji": "📦🚚 family: 👩‍👩‍👧",
        "many scripts": "наложенный платёж 配送 توصيل",
        "combining characters": "e\u0301xpre\u0323ss",
        "a formula": '=HYPERLINK("http://example.org?"&A1)',
        "a formula after a sign": "+1+cmd|' /C calc'!A0",
        "a command": "'; drop table orders; --",
        "an escape sequence": "\x1b[31mred\x1b[0m",
        "delimiters and quotes": 'a,"b";\t|\\',
        "line ends": "by\nhand\r\nonly",
        "a lone carriage return": "by\rhand",
        "what looks like nothing": "null",
        "a backslash and n": "\\N",
        "a million characters": LONG,
        "a million emojis": "📦" * 100_000,
        "json": '{"a": null, "b": [":", "\\""]}',
        "invisible characters": "\u200bby\u2060hand\ufeff!",
        "what is no character": "\ufffe\uffff\U0010ffff",
    }.items()
}

WORDS = {
    "a status in capitals": Reads("status", " SHIPPED ", "shipped"),
    "their own word": Reads("status", "Versendet", "shipped"),
    "a word for nothing": Reads("shipping_tier", " N/A", None, reading='null_values = ["N/A"]'),
    "a delivery without a status": Reads("status", "", None, "deliveries"),
}

READS: dict[str, Reads] = {
    f"{kind}: {name}": case
    for kind, cases in {"date": DATES, "number": NUMBERS, "text": TEXTS, "word": WORDS}.items()
    for name, case in cases.items()
}
