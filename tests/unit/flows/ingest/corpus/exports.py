"""One day of a simulated shop as its own export would have it, in several dresses."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

import polars as pl

from flows.generate.partitions import change_partitions
from flows.generate.shop import Shop
from flows.tables import ENTITIES, SCHEMAS
from tests.unit.flows.ingest.corpus.shop import AS_OF, Row

Tables = Mapping[str, Sequence[Row]]

DIRT = {"duplicates": 0.05, "nulls": 0.05, "impossible_dates": 0.05, "unknown_statuses": 0.05}
# What nobody can read, in whatever dress.
UNREADABLE = {"order_date": "gestern", "quantity": "zwei", "unit_price": "teuer", "promised_date": "31.31.31"}
BERLIN = ZoneInfo("Europe/Berlin")


@cache
def frames(dirty: bool = False) -> dict[str, pl.DataFrame]:
    """All entities, typed, without texts that Windows' western encoding does not have."""
    shop = Shop(orders_per_day=60, dirt=DIRT if dirty else {})
    ((_, partitions),) = change_partitions(shop, [AS_OF])
    found = {}
    for entity, frame in partitions.items():
        texts = frame.select(pl.col(pl.String).exclude("_batch_day"))
        western = [all(_is_western(text) for text in row) for row in texts.iter_rows()]
        found[entity] = frame.drop("_batch_day").filter(pl.Series(western))
        assert found[entity].height > 50
    return found


def _is_western(text: str | None) -> bool:
    return (text or "").encode("cp1252", "replace").decode("cp1252") == (text or "")


def plain(dirty: bool = False) -> dict[str, list[Row]]:
    """Every value as text, ISO dates in UTC; some of a dirty export cannot be read."""
    tables = {
        entity: frame.select(pl.all().cast(pl.String).replace("", None)).to_dicts()
        for entity, frame in frames(dirty).items()
    }
    if dirty:
        for number, row in enumerate(tables["orders"][::11]):
            column = list(UNREADABLE)[number % len(UNREADABLE)]
            row[column] = UNREADABLE[column]
    return tables


NAMES = {
    "customers": ["Kundennr.", "Name", "E-Mail", "Ort", "Land", "Gruppe", "Angelegt"],
    "products": ["Artikelnr.", "Bezeichnung", "Warengruppe", "Preis", "Gewicht (kg)"],
    "orders": [
        "Bestellnr.",
        "Kundennr.",
        "Artikelnr.",
        "Bestellt am",
        "Zustand",
        "Zugestellt am",
        "Menge",
        "Preis",
        "Versandart",
        "Zugesagt für",
        "Geändert",
    ],
    "deliveries": [
        "Sendungsnr.",
        "Bestellnr.",
        "Spediteur",
        "Region",
        "Zustand",
        "Verschickt",
        "Zugesagt für",
        "Zugestellt",
    ],
}
WORDS = {
    "pending": "In Arbeit",
    "shipped": "Versendet",
    "delivered": "Zugestellt",
    "cancelled": "Storniert",
    "returned": "Zurückgeschickt",
    "in_transit": "Unterwegs",
    "failed": "Nicht zugestellt",
}
OF_DELIVERIES = ("in_transit", "delivered", "failed")


def theirs(entity: str) -> dict[str, str]:
    """Our column to the German one."""
    return dict(zip(SCHEMAS[entity].names(), NAMES[entity], strict=True))


def german(dirty: bool = False) -> dict[str, list[Row]]:
    """The same rows with German names and words, local times, and commas before the decimals."""
    return {
        entity: [
            {theirs(entity)[column]: _german(entity, column, value) for column, value in row.items()}
            for row in table
        ]
        for entity, table in plain(dirty).items()
    }


def _german(entity: str, column: str, value: str | None) -> str | None:
    if value is None or value in UNREADABLE.values():
        return value
    kind = SCHEMAS[entity][column]
    if column == "status":
        return WORDS.get(value, value)
    if isinstance(kind, pl.Decimal):
        return value.replace(".", ",")
    if kind == pl.Date:
        return datetime.fromisoformat(value).strftime("%d.%m.%Y")
    if isinstance(kind, pl.Datetime):
        moment = datetime.fromisoformat(value).replace(tzinfo=UTC).astimezone(BERLIN)
        return moment.strftime("%d.%m.%Y %H:%M:%S")
    return value


def german_description() -> str:
    lines = [
        'time_zone = "Europe/Berlin"',
        'date_formats = ["%d.%m.%Y %H:%M:%S", "%d.%m.%Y"]',
        'delimiter = ";"',
        'encoding = "cp1252"',
        "decimal_comma = true",
    ]
    for entity in ENTITIES:
        lines += [f"[{entity}]", f'path = "{entity}.csv"', f"[{entity}.columns]"]
        lines += [f'"{name}" = "{ours}"' for ours, name in theirs(entity).items()]
        if entity in ("orders", "deliveries"):
            lines.append(f"[{entity}.statuses]")
            lines += [
                f'"{word}" = "{ours}"'
                for ours, word in WORDS.items()
                if (ours in OF_DELIVERIES) == (entity == "deliveries") or ours == "delivered"
            ]
    return "\n".join(lines)
