"""A shop's own orders: `source.toml` and the CSV or Parquet file it names.

The file is a snapshot: the state of every order at the end of the as-of day.
"""

import tomllib
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from flows.errors import SourceError
from flows.ingest.parse import (
    parse_dates,
    parse_decimals,
    parse_integers,
    parse_statuses,
    parse_text,
    reject_nulls,
)
from flows.tables import REQUIRED_ORDER_COLUMNS, SCHEMAS

_READERS = {".csv": "csv", ".parquet": "parquet"}


@dataclass(frozen=True)
class Source:
    """Where the orders are."""

    description: Path
    orders: Path


def read_description(path: Path) -> Source:
    """Read a `source.toml`.

    Its one table is `[orders]` with `path`, relative to the file itself.

    Raises:
        SourceError: it is missing, is no TOML, lacks `path`, or names something unknown.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except FileNotFoundError:
        raise SourceError(f"{path}: no such file; data/sample/source.toml is an example") from None
    except IsADirectoryError:
        raise SourceError(f"{path}: is a directory; name the TOML file inside it") from None
    except UnicodeDecodeError:
        raise SourceError(f"{path}: is not UTF-8 text; data/sample/source.toml is an example") from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"{path}: is not valid TOML: {error}") from None
    unknown = sorted(set(content) - {"orders"})
    if unknown:
        raise SourceError(f"{path}: unknown table or key {', '.join(unknown)}; known: [orders]")
    orders = content.get("orders")
    if not isinstance(orders, dict) or not isinstance(orders.get("path"), str) or not orders["path"]:
        raise SourceError(f'{path}: needs a table [orders] with path = "FILE.csv" (or .parquet)')
    unknown = sorted(set(orders) - {"path"})
    if unknown:
        raise SourceError(f"{path}: [orders] has unknown key {', '.join(unknown)}; known: path")
    return Source(path, (path.parent / orders["path"]).resolve())


def read_orders(source: Source, as_of: date) -> pl.DataFrame:
    """The snapshot as rows of `RAW.ORDERS` plus `_batch_day`, which is `as_of`.

    Raises:
        SourceError: naming the file and, for a value, its row (the first after the header is
            row 1), its column and the value.
    """
    path = source.orders
    frame = _read_file(path, source.description)
    frame = _with_plain_names(frame, path)
    missing = [name for name in REQUIRED_ORDER_COLUMNS if name not in frame.columns]
    if missing:
        raise SourceError(
            f"{path}: missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"the file has {', '.join(frame.columns)}"
        )
    if frame.is_empty():
        raise SourceError(f"{path}: has a header but no orders")
    typed = _typed(frame, path)
    _reject_duplicates(typed, path)
    _reject_delivery_before_order(typed, path)
    return typed.with_columns(_batch_day=pl.lit(as_of)).sort("order_id")


def _read_file(path: Path, described_in: Path) -> pl.DataFrame:
    if not path.exists():
        raise SourceError(f"{path}: no such file, named by {described_in}")
    if not path.is_file():
        raise SourceError(f"{path}: is not a file, named by {described_in}")
    kind = _READERS.get(path.suffix.lower())
    if kind is None:
        raise SourceError(f"{path}: unknown kind of file {path.suffix!r}; known: {', '.join(_READERS)}")
    try:
        if kind == "csv":
            # everything as text first, so that an error can name the value as it stands in the file
            return pl.read_csv(path, infer_schema=False, null_values=[""])
        return pl.read_parquet(path)
    except pl.exceptions.NoDataError:
        raise SourceError(f"{path}: is empty") from None
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise SourceError(f"{path}: cannot be read as {kind}: {reason}") from None


def _with_plain_names(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Column names in lower case, without blanks around them."""
    plain = {name: name.strip().lower() for name in frame.columns}
    repeated = [name for name, count in Counter(plain.values()).items() if count > 1]
    if repeated:
        raise SourceError(f"{path}: column {', '.join(repeated)} stands more than once")
    return frame.rename(plain)


def _typed(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Columns of `RAW.ORDERS`, cast; optional ones that the file lacks are null."""
    columns: dict[str, Any] = {}
    for name in ("order_id", "customer_id", "product_id"):
        columns[name] = reject_nulls(parse_text(frame[name], path), path)
    columns["order_date"] = reject_nulls(parse_dates(frame["order_date"], path), path)
    columns["status"] = parse_statuses(frame["status"], path)
    columns["delivery_date"] = parse_dates(frame["delivery_date"], path)
    if "quantity" in frame.columns:
        columns["quantity"] = parse_integers(frame["quantity"], path)
    if "unit_price" in frame.columns:
        columns["unit_price"] = parse_decimals(frame["unit_price"], path)
    if "shipping_tier" in frame.columns:
        columns["shipping_tier"] = parse_text(frame["shipping_tier"], path)
    for name in ("promised_date", "updated_at"):
        if name in frame.columns:
            columns[name] = parse_dates(frame[name], path)
    return pl.DataFrame(columns).select(
        (pl.col(name) if name in columns else pl.lit(None).alias(name)).cast(kind)
        for name, kind in SCHEMAS["orders"].items()
    )


def _reject_duplicates(orders: pl.DataFrame, path: Path) -> None:
    repeated = orders.with_row_index("row", offset=1).filter(pl.col("order_id").is_duplicated())
    if repeated.is_empty():
        return
    first = repeated["order_id"][0]
    where = repeated.filter(pl.col("order_id") == first)["row"].to_list()
    raise SourceError(
        f"{path}: order_id {first!r} stands in rows {', '.join(map(str, where[:5]))}; "
        f"a snapshot holds an order once ({repeated['order_id'].n_unique():,} order(s) repeated)"
    )


def _reject_delivery_before_order(orders: pl.DataFrame, path: Path) -> None:
    wrong = orders.with_row_index("row", offset=1).filter(
        pl.col("delivery_date").dt.date() < pl.col("order_date").dt.date()
    )
    if not wrong.is_empty():
        row = wrong.row(0, named=True)
        raise SourceError(
            f"{path}: row {row['row']}: delivery_date {row['delivery_date']} lies before order_date "
            f"{row['order_date']} ({wrong.height:,} such row(s))"
        )
