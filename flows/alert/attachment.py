"""The whole list of a digest as CSV, as small as a mail server takes it.

A cell that a spreadsheet would run as a formula is neutralised with an apostrophe (OWASP, "CSV Injection",
https://owasp.org/www-community/attacks/CSV_Injection). Numbers and dates are left as they are.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
import polars.selectors as cs

from flows.alert.digest import ALERTS
from flows.alert.wording import plural

PLAIN_BYTES = 100_000
MOST_BYTES = 600_000
"""Beside a chart and a full body that makes a mail below 1,000,000 bytes: base64 takes a third more."""

WHERE_ALL_ARE = "ALERTS.SLA_ALERTS"

_SPELLED_OUT = ("rule_description", "customer_name", "product_name")
_LOOKED_UP = ("customer_id", "product_id", "order_date", "opened_on", "days_elapsed")
_ESSENTIAL = (
    "section", "state", "severity", "rule_id", "order_id", "carrier", "country", "breaks_on", "days_over",
    "resolution",
)  # fmt: skip
_LEVELS: tuple[tuple[str, ...], ...] = (
    tuple(ALERTS),
    tuple(name for name in ALERTS if name not in _SPELLED_OUT),
    tuple(name for name in ALERTS if name not in _SPELLED_OUT + _LOOKED_UP),
    tuple(name for name in ALERTS if name in _ESSENTIAL),
)
_FORMULA_STARTS = r"^[=+\-@\t\r\n]"
_ROWS_AT_ONCE = 2_000
_GZIP = 16 + zlib.MAX_WBITS
_HEADER_AND_TRAILER = 32


@dataclass(frozen=True)
class Attachment:
    """A file: its name, its bytes, and how much of the list it holds."""

    name: str
    content: bytes
    rows: int
    all_rows: int
    columns: tuple[str, ...] = tuple(ALERTS)

    @property
    def is_compressed(self) -> bool:
        """Whether `content` is gzip instead of text."""
        return self.name.endswith(".gz")

    @property
    def note(self) -> str:
        """What the file holds, and what it lacks, in whole sentences."""
        if self.rows < self.all_rows:
            held = (
                f"{self.name} holds the worst {self.rows:,} of {self.all_rows:,} alerts; "
                f"all are in {WHERE_ALL_ARE}."
            )
        else:
            held = f"{self.name} holds {plural(self.rows, 'alert')}: all that are counted here."
        left_out = [name for name in ALERTS if name not in self.columns]
        if not left_out:
            return held
        if len(left_out) <= len(self.columns):
            return f"{held} To keep it small it leaves out {_listed(left_out)}."
        return f"{held} To keep it small it has only {_listed(self.columns)}."


def attach(alerts: pl.DataFrame, as_of: date, most_bytes: int = MOST_BYTES) -> Attachment:
    """The alerts as RFC 4180 text in UTF-8, worst first, in at most `most_bytes`.

    Each step is taken only if the one before does not fit:

    1. plain text, up to `PLAIN_BYTES`;
    2. gzip at its highest level, with all columns;
    3. without the descriptions and names, which the ids beside them stand for;
    4. without what can be looked up by the order's id: its customer, product and dates;
    5. only which order breaks which rule since when, where, and what became of it;
    6. of these, the worst rows that fit, in steps of 2,000.

    Worst first is kept throughout: it is what a reader wants at the top and what step 6 needs. Sorting by id
    would be 1 to 15 % larger or smaller, depending on how ids look. Ids decide what fits: 100,000 rows whose
    ids are made of a date and a number fit at step 5 (about 560 kB); of those with ten random characters,
    6 bytes each however they are compressed, about 60,000 do.
    """
    name = f"sla-alerts-{as_of}.csv"
    cells = alerts.with_columns(_neutralised())
    if cells.estimated_size() <= 4 * PLAIN_BYTES and len(text := _csv(cells)) <= min(PLAIN_BYTES, most_bytes):
        return Attachment(name, text, cells.height, cells.height)
    for columns in _LEVELS:
        content, rows = _packed(cells.select(columns), most_bytes)
        if rows == cells.height:
            break
    cut = f"-worst-{rows}" if rows < cells.height else ""
    return Attachment(f"sla-alerts-{as_of}{cut}.csv.gz", content, rows, cells.height, columns)


def _neutralised() -> pl.Expr:
    text = cs.string()
    return pl.when(text.str.contains(_FORMULA_STARTS)).then("'" + text).otherwise(text).name.keep()


def _csv(frame: pl.DataFrame, header: bool = True) -> bytes:
    text: str = frame.write_csv(
        line_terminator="\r\n", datetime_format="%Y-%m-%d %H:%M:%S", include_header=header
    )
    return text.encode()


def _packed(frame: pl.DataFrame, most_bytes: int) -> tuple[bytes, int]:
    """Gzip of as many rows as fit, and how many; made piece by piece, so what does not fit costs little."""
    packer = zlib.compressobj(zlib.Z_BEST_COMPRESSION, zlib.DEFLATED, _GZIP)
    done: list[bytes] = []
    size = rows = 0
    for piece, height in _pieces(frame):
        before = packer.copy()
        packed = packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
        if size + len(packed) + _HEADER_AND_TRAILER > most_bytes:
            packer = before
            break
        done.append(packed)
        size += len(packed)
        rows += height
    return b"".join([*done, packer.flush()]), rows


def _pieces(frame: pl.DataFrame) -> Iterator[tuple[bytes, int]]:
    yield _csv(frame.clear()), 0
    for piece in frame.iter_slices(_ROWS_AT_ONCE):
        yield _csv(piece, header=False), piece.height


def _listed(names: Sequence[str]) -> str:
    words = [name.replace("_", " ") for name in names]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
