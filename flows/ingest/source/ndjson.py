"""NDJSON, one JSON object a line, in pieces of bounded size: parsed by Polars, every value as text.

Polars reads the keys it is told and drops others without a word, so all of them have to be known. Those of
the first records are; that there are no more is proved by counting, block by block, and where the count does
not come out every record of the block is looked at. So the columns grow: a piece has those of all records up
to its end, and what first appears in a later piece is null in this one.
"""

import io
import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import polars as pl

from flows.errors import SourceError
from flows.ingest.source.bits import before, behind, bits, places, total
from flows.ingest.source.text import BLOCK_BYTES, Block, blank_lines, empty, read_blocks, reject_undecodable

MOST_KEYS = 1_000
_LOOKED_AT_FIRST = 100
_BLANKS = b" \t\r\n"
# Half of a pair of escapes that stand for one character; or what looks like it behind an escaped backslash.
_HALF = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


class _Object(list[tuple[str, Any]]):
    """A JSON object with all that it says, twice or not."""


def read_ndjson(
    path: Path, encoding: str = "utf-8", block_bytes: int = BLOCK_BYTES
) -> Iterator[tuple[pl.DataFrame, pl.Series]]:
    """The records of an NDJSON file, and the line in which each of them is.

    The columns are String under the trimmed keys, in the order in which these first appear; a piece has at
    least those of the pieces before it. A key that a record lacks is null. Whole numbers of any size are
    exact; others, and what is nested, are written as Polars does (1.10 is 1.1). The lines are Int64, the
    first of a file is 1. Blank lines are skipped.

    Raises:
        SourceError: what `read_blocks` raises; a line that is no JSON object, or has a key twice, or a blank
            one; keys that are the same once trimmed; records without any key before the first that has one.
    """
    names: dict[str, str] = {}  # as written -> trimmed
    records = 0
    for block in read_blocks(path, encoding, block_bytes):
        if not names:
            _learn(path, block, names, _LOOKED_AT_FIRST)
        if not names:
            _learn(path, block, names)
        if not names:
            _reject_records(path, block)
            continue
        frame = _parsed(path, block, names)
        if not _complete(block.text, frame):
            known = len(names)
            _learn(path, block, names)
            frame = _parsed(path, block, names) if len(names) > known else frame
        lines = _lines(block, frame.height)
        del block  # so that the next one takes its memory
        records += frame.height
        if frame.height:
            yield frame.rename(names), lines
    if not records:
        raise empty(path)


def _learn(path: Path, block: Block, names: dict[str, str], limit: int | None = None) -> None:
    """Add the keys of the records in a block, or in its first lines, to `names`."""
    for line, text in enumerate(islice(io.BytesIO(block.text), limit), start=block.first_line):
        if not text.strip(_BLANKS):
            continue
        keys = [key for key, _ in _record(path, block, line, text)]
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise SourceError(f"{path}: line {line}: key {twice!r} stands more than once in the record")
        for key in keys:
            if key not in names:
                if not key.strip():
                    raise SourceError(f"{path}: line {line}: a key of the record is blank")
                for other in names:
                    if names[other] == key.strip():
                        raise SourceError(
                            f"{path}: line {line}: keys {other!r} and {key!r} differ by blanks only"
                        )
                names[key] = key.strip()
                if len(names) > MOST_KEYS:
                    raise SourceError(
                        f"{path}: line {line}: by here there are more than {MOST_KEYS:,} different keys; "
                        "names of columns are meant, and not ids"
                    )


def _record(path: Path, block: Block, line: int, text: bytes) -> _Object:
    """What Python reads in this line; it explains better than Polars what is wrong with it."""
    try:
        record = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_Object,
            parse_int=str,
            parse_float=str,
            parse_constant=_reject_constant,
        )
    except UnicodeDecodeError:
        reject_undecodable(path, block)
        raise
    except json.JSONDecodeError as error:
        if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated"):
            reason = "the record is cut off; it has to be complete, and on one line"
        else:
            reason = f"is no JSON object: {error.msg} at character {error.colno}"
    except ValueError as error:
        reason = f"is no JSON object: {error}"
    except RecursionError:
        reason = "is nested too deep"
    else:
        if isinstance(record, _Object):
            return record
        kind = "an array" if isinstance(record, list) else "a value"
        reason = f"is {kind} and no JSON object"
    if text.lstrip(_BLANKS).startswith(b"["):
        reason = "begins an array; write one JSON object a line, without brackets and commas around them"
    raise SourceError(f"{path}: line {line}: {reason}")


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _reject_records(path: Path, block: Block) -> None:
    blank = np.isin(np.arange(block.newlines), _blank(block))
    if not blank.all():
        line = block.first_line + int(np.argmin(blank))
        raise SourceError(f"{path}: line {line}: the record has no keys, nor has any before or near it")


def _has_half(value: Any) -> bool:
    if isinstance(value, str):
        return any("\ud800" <= one <= "\udfff" for one in value)
    return isinstance(value, list | tuple) and any(map(_has_half, value))


def _reject_half_characters(path: Path, block: Block) -> None:
    """Of half a pair of surrogates Polars makes something else without a word."""
    for found in _HALF.finditer(block.text):
        start = block.text.rfind(b"\n", 0, found.start()) + 1
        line = block.first_line + block.text.count(b"\n", 0, start)
        text = block.text[start:].split(b"\n", 1)[0]
        if _has_half(_record(path, block, line, text)):
            raise SourceError(f"{path}: line {line}: half a surrogate pair ({found[0].decode()}) is no text")


def _parsed(path: Path, block: Block, names: dict[str, str]) -> pl.DataFrame:
    schema = dict.fromkeys(names, pl.String)
    _reject_half_characters(path, block)
    try:
        return pl.read_ndjson(block.text, schema=schema)
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
    lines = block.text.split(b"\n")
    first, last = 0, len(lines)  # the first broken line is one of these
    while last - first > 1:
        middle = (first + last) // 2
        try:
            pl.read_ndjson(b"\n".join(lines[first:middle]), schema=schema)
            first = middle
        except pl.exceptions.PolarsError:
            last = middle
    _record(path, block, block.first_line + first, lines[first])
    raise SourceError(f"{path}: line {block.first_line + first}: cannot be read as JSON: {reason}")


def _complete(text: bytes, frame: pl.DataFrame) -> bool:
    """Whether the frame certainly holds every value of the text.

    Behind each key is a quote with a colon. Each value in the frame accounts for one, so does each null in
    the text, and so does each key, or what looks like one, inside of a value: no two of them for the same. If
    none remains, there is no value under a key that is not in the frame, nor a second one under one that is.
    """
    quotes, colons = bits(text, b'"'), bits(text, b":")
    spaces = bits(text, b" ")
    apart = colons & behind(spaces)
    for blank in (b"\t", b"\r"):
        if blank in text:
            apart |= colons & behind(bits(text, blank))
    if apart.any() and re.search(rb'"[ \t\r]++:', text):
        return False
    colons &= behind(quotes)
    null = before(bits(text, b"n"))
    null = colons & (null | (before(spaces) & before(null)))
    values = frame.height * frame.width - sum(frame.null_count().row(0))
    missing = total(colons) - total(null) - values
    if missing and not re.search(rb"\\u00(?:22|3[aA])", text):  # a quote or a colon in disguise
        inside = frame.select(
            (pl.all().str.count_matches('":', literal=True) - pl.all().str.count_matches('": ?n')).sum()
        )
        missing -= sum(inside.row(0))
    return missing == 0


def _lines(block: Block, records: int) -> pl.Series:
    lines = np.arange(block.first_line, block.first_line + block.newlines)
    if records < block.newlines:
        lines = np.delete(lines, _blank(block))
    return pl.Series("line", lines)


def _blank(block: Block) -> np.ndarray:
    """Which lines of the block are blank, from 0."""
    return np.searchsorted(places(bits(block.text, b"\n")), blank_lines(block.text))
