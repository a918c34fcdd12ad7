"""The contract once more, from the documents alone: row by row, slow and simple, sharing no code with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.unit.flows.ingest.corpus.shop import Row

UTC = ZoneInfo("UTC")
# What Unicode calls white space; Python's own `strip` takes some control characters too.
BLANKS = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
KINDS = {
    "customers": dict.fromkeys(["customer_id", "name", "email", "city", "country", "segment"], "text")
    | {"created_at": "time"},
    "products": {
        "product_id": "text",
        "name": "text",
        "category": "text",
        "unit_price": "decimal 10.2",
        "weight_kg": "decimal 6.3",
    },
    "orders": {
        "order_id": "text",
        "customer_id": "text",
        "product_id": "text",
        "order_date": "time",
        "status": "status",
        "delivery_date": "time",
        "quantity": "count",
        "unit_price": "decimal 10.2",
        "shipping_tier": "text",
        "promised_date": "day",
        "updated_at": "time",
    },
    "deliveries": {
        "delivery_id": "text",
        "order_id": "text",
        "carrier": "text",
        "region": "text",
        "status": "status",
        "shipped_at": "time",
        "promised_at": "time",
        "delivered_at": "time",
    },
}
REQUIRED = {
    "customers": ["customer_id"],
    "products": ["product_id"],
    "orders": ["order_id", "customer_id", "product_id", "order_date", "status"],
    "deliveries": ["delivery_id", "order_id"],
}
STATUSES = {
    "orders": ["pending", "shipped", "delivered", "cancelled", "returned"],
    "deliveries": ["in_transit", "delivered", "failed"],
}
NOT_BEFORE = {"delivery_date": "order_date", "delivered_at": "shipped_at"}
FIRST_DAY = date(1971, 1, 1)


@dataclass(frozen=True)
class Dress:
    """How a shop writes: what its `source.toml` says."""

    zone: str = "UTC"
    german_dates: bool = False
    decimal_comma: bool = False
    null_values: Sequence[str] = ()
    statuses: Mapping[str, str] = field(default_factory=dict)
    change_day: str | None = None  # one of our columns


@dataclass(frozen=True)
class Verdict:
    """What must become of a row: `loaded`, `ignored`, or `rejected` for a column; and under which day."""

    fate: str
    day: date
    column: str | None = None
    values: tuple[Any, ...] = ()


class Unreadable(Exception):
    """There is a value, and it is not what it should be."""


def verdicts(entity: str, table: Sequence[Row], as_of: date, dress: Dress) -> list[Verdict]:
    """What must become of each row; their order tells which of several with one key stands."""
    seen: set[tuple[Any, ...]] = set()
    return [_verdict(entity, row, as_of, dress, seen) for row in table]


def _verdict(entity: str, row: Row, as_of: date, dress: Dress, seen: set[tuple[Any, ...]]) -> Verdict:
    values: dict[str, Any] = {}
    unreadable = []
    for column, kind in KINDS[entity].items():
        try:
            values[column] = _read(row.get(column), kind, entity, dress)
        except Unreadable:
            values[column] = None
            unreadable.append(column)
    day = as_of
    if dress.change_day:
        changed = values[dress.change_day]
        if changed is None:
            unreadable.append(dress.change_day)
        elif changed.date() > as_of:
            return Verdict("ignored", as_of)
        else:
            day = changed.date()
    if values.get("status") == "ignore":
        return Verdict("ignored", day if day >= FIRST_DAY else as_of)
    wrong = unreadable[:1] or _broken(entity, values, day)
    if wrong:
        named = dress.change_day if wrong[0] == "day of change" else wrong[0]
        return Verdict("rejected", day if day >= FIRST_DAY else as_of, named)
    key = next(iter(KINDS[entity]))
    version = values["updated_at"] if entity == "orders" and dress.change_day else None
    if (values[key], day, version) in seen:
        return Verdict("rejected", day, key)
    seen.add((values[key], day, version))
    return Verdict("loaded", day, values=(*values.values(), day))


def _broken(entity: str, values: dict[str, Any], day: date) -> list[str]:
    """The columns that break a rule, the one to be named first."""
    broken = [column for column in REQUIRED[entity] if values[column] is None]
    if day < FIRST_DAY:
        broken.append("day of change")
    for column, kind in KINDS[entity].items():
        value = values[column]
        if value is None:
            continue
        if kind in ("time", "day"):
            when = value.date() if kind == "time" else value
            start = values.get(NOT_BEFORE.get(column, ""))
            if not FIRST_DAY <= when <= day + timedelta(days=366) or (start and when < start.date()):
                broken.append(column)
        elif kind.startswith(("decimal", "count")) and value < 0:
            broken.append(column)
    return broken


def _read(raw: str | None, kind: str, entity: str, dress: Dress) -> Any:
    text = (raw or "").strip(BLANKS)
    if not text or text in dress.null_values:
        return None
    if kind == "text":
        return text
    if kind == "status":
        return _status(text, entity, dress)
    if kind == "count":
        return _count(text, dress)
    if kind.startswith("decimal"):
        return _decimal(text, kind.removeprefix("decimal "), dress)
    return _when(text, kind, dress)


def _status(text: str, entity: str, dress: Dress) -> str:
    word = text.lower()
    if word in dress.statuses:
        return dress.statuses[word]
    if word in STATUSES[entity]:
        return word
    raise Unreadable


def _plain(text: str, dress: Dress) -> str:
    """The number with a point before its decimals and no other marks."""
    if not dress.decimal_comma:
        return text
    if not re.fullmatch(r"[+-]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]*)(,[0-9]*)?", text):
        raise Unreadable
    return text.replace(".", "").replace(",", ".")


def _count(text: str, dress: Dress) -> int:
    plain = _plain(text, dress)
    if not re.fullmatch(r"[+-]?[0-9]+(\.0*)?", plain) or abs(int(plain.split(".")[0])) >= 10**10:
        raise Unreadable
    return int(plain.split(".")[0])


def _decimal(text: str, digits: str, dress: Dress) -> Decimal:
    before, decimals = (int(number) for number in digits.split("."))
    plain = _plain(text, dress)
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", plain):
        raise Unreadable
    whole, _, fraction = plain.partition(".")
    if len(fraction.rstrip("0")) > decimals or len(whole.lstrip("+-").lstrip("0")) > before:
        raise Unreadable
    return Decimal(plain)


ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?)?"
    r"(?: ?(Z|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
GERMAN = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})(?: ([0-9]{1,2}):([0-9]{2}):([0-9]{2}))?")


def _when(text: str, kind: str, dress: Dress) -> datetime | date:
    """A moment in UTC without a zone, or a day on the shop's calendar."""
    try:
        moment, offset, timed = _parts(text, dress)
    except (ValueError, OverflowError):
        raise Unreadable from None
    if moment.year < 1000:
        raise Unreadable
    zone = ZoneInfo(dress.zone)
    if offset is not None:
        try:
            utc = moment - offset
            shown = utc.replace(tzinfo=UTC).astimezone(zone)
        except OverflowError:
            raise Unreadable from None
        return shown.date() if kind == "day" else utc
    if kind == "day":
        return moment.date()
    if not timed:
        return moment
    try:
        utc = moment.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
        if utc.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None, fold=0) != moment:
            raise Unreadable
    except OverflowError:
        raise Unreadable from None
    return utc


def _parts(text: str, dress: Dress) -> tuple[datetime, timedelta | None, bool]:
    """What is written: the moment on some clock, that clock's distance from UTC, and if there is a time."""
    found = (GERMAN if dress.german_dates else ISO).fullmatch(text)
    if not found:
        raise ValueError(text)
    if dress.german_dates:
        day, month, year, hour, minute, second = found.groups()
        fraction = offset = None
    else:
        year, month, day, hour, minute, second, fraction, offset = found.groups()
    microsecond = int(((fraction or "") + "000000")[:6])
    clock = int(hour or 0), int(minute or 0), int(second or 0), microsecond
    moment = datetime(int(year), int(month), int(day), *clock)
    if offset is None:
        return moment, None, hour is not None
    if offset == "Z":
        return moment, timedelta(), True
    hours, minutes = int(offset[1:3]), int(offset[3:].removeprefix(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    distance = timedelta(hours=hours, minutes=minutes)
    return moment, -distance if offset[0] == "-" else distance, True
