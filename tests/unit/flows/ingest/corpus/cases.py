"""What a case of the corpus says: files, their description, and what must become of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from tests.unit.flows.ingest.corpus.shop import ORDERS, Content


@dataclass(frozen=True)
class Unreadable:
    """Files that stop the batch.

    `says` is a regular expression for what the message says behind the name of `file` and, where one is
    given, the line.
    """

    files: Mapping[str, Content]
    says: str
    line: int | None = None
    file: str = "orders.csv"
    description: str = ORDERS


@dataclass(frozen=True)
class Loaded:
    """Files that look odd and hold nothing wrong: the keys that load, and what the first of them says."""

    files: Mapping[str, Content]
    keys: list[str]
    description: str = ORDERS
    holds: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """One value that spoils a row: what is said of it."""

    column: str
    value: str | None
    reason: str
    entity: str = "orders"
    reading: str = ""  # lines on top of the description
    others: Mapping[str, str | None] = field(default_factory=dict)  # what else is said in that row


@dataclass(frozen=True)
class Reads:
    """One value that looks odd, and what it is read as."""

    column: str
    value: str | None
    loaded: object
    entity: str = "orders"
    reading: str = ""  # lines on top of the description
    others: Mapping[str, str | None] = field(default_factory=dict)  # what else is said in that row


@dataclass(frozen=True)
class Native:
    """A column of Parquet in a type of its own: for each value why its row is set aside, if it is."""

    column: str
    values: pl.Series
    told: tuple[str | None, ...]


@dataclass(frozen=True)
class Rejected:
    """Files of which some rows are set aside: `(file, line, column, value, reason)` each, in their order."""

    files: Mapping[str, Content]
    rejects: list[tuple[str, int, str, str | None, str]]
    keys: list[str]
    ignored: int = 0
    description: str = ORDERS
    entity: str = "orders"
