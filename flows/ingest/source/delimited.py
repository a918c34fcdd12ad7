"""CSV in pieces of bounded size: what RFC 4180 says and nothing else, parsed by Polars, line numbers exact.

Polars fills up a line of too few fields with nulls, lets stray quotes pass or not as its threads happen to
cut the text, and knows no line numbers. So every block is checked by counting, which is cheap, and taken
apart record by record only where the counts do not agree.
"""

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from flows.errors import SourceError
from flows.ingest.source.bits import Bits, at, before, behind, between, bits, places, total
from flows.ingest.source.text import BLOCK_BYTES, Block, blank_lines, empty, read_blocks, reject_undecodable

LONGEST_RECORD = 8 * 1024**2

# Polars takes text that begins so for zlib, and drops a byte order mark
_SNIFFED = (b"x\x01", b"x^", codecs.BOM_UTF8)


@dataclass(frozen=True)
class _Piece(Block):
    """Whole records, with the quotes in them and what is inside of quotes; None without any."""

    quotes: Bits | None
    inside: Bits | None

    @classmethod
    def of(cls, text: bytes, first_line: int, newlines: int) -> "_Piece":
        quotes = bits(text, b'"') if b'"' in text else None
        return cls(text, first_line, newlines, quotes, None if quotes is None else between(quotes))

    def part(self, begin: int, end: int) -> "_Piece":
        """From the start of one record to the end of another."""
        return _Piece.of(self.text[begin:end], self.line_of(begin), self.text.count(b"\n", begin, end))

    def outside(self, byte: str) -> Bits:
        """Where this character stands outside quotes."""
        found = bits(self.text, byte.encode())
        return found if self.inside is None else found & ~self.inside

    def records(self) -> tuple[np.ndarray, np.ndarray]:
        """Where each record ends, behind its newline, and the line of the file in which it starts."""
        ends = places(self.outside("\n")) + 1
        lines = np.arange(self.first_line, self.first_line + ends.size)
        if self.inside is not None:
            within = places(bits(self.text, b"\n") & self.inside)
            lines[1:] += np.searchsorted(within, ends[:-1])
        return ends, lines

    def line_of(self, place: int) -> int:
        """The line of the file in which this place of the text is."""
        return self.first_line + self.text.count(b"\n", 0, place)


def read_delimited(
    path: Path, delimiter: str = ",", encoding: str = "utf-8", block_bytes: int = BLOCK_BYTES
) -> Iterator[tuple[pl.DataFrame, pl.Series]]:
    """The records of a CSV file with a header, and the line in which each of them starts.

    The columns are String under their trimmed names; an empty field is null, quoted or not. The lines are
    Int64, the first of a file is 1. Blank lines are skipped. There is at least one frame, of height 0 where
    the file holds only a header.

    Raises:
        SourceError: what `read_blocks` raises; a header with a repeated or blank name; a line with more or
            fewer fields than the header; a quote where RFC 4180 has none; a record above `LONGEST_RECORD`.
    """
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0':
        raise SourceError(f"{path}: delimiter = {delimiter!r} must be one ASCII character, such as , or ;")
    names: list[str] = []
    heights = 0
    for piece in _pieces(path, delimiter, encoding, block_bytes):
        header = None if names else _header(piece, delimiter)
        if header is not None:
            names = _names(path, header, delimiter)
        if names:
            frame, lines = _fast(piece, names, delimiter) or _careful(path, piece, names, delimiter)
            if header is not None:
                frame, lines = frame[1:], lines[1:]
            heights += frame.height
            if frame.height:
                yield frame, lines
        del piece  # so that the next one takes its memory
    if not names:
        raise empty(path)
    if not heights:
        yield pl.DataFrame(schema=dict.fromkeys(names, pl.String)), pl.Series("line", [], pl.Int64)


def _pieces(path: Path, delimiter: str, encoding: str, block_bytes: int) -> Iterator[_Piece]:
    """The file in blocks that end where a record does, quotes checked."""
    rest = b""
    for block in read_blocks(path, encoding, block_bytes):
        newlines = rest.count(b"\n")
        piece = _Piece.of(rest + block.text, block.first_line - newlines, block.newlines + newlines)
        rest = b""
        del block
        if piece.quotes is not None and total(piece.quotes) % 2:  # it ends inside quotes
            ends, _ = piece.records()
            end = int(ends[-1]) if ends.size else 0
            unfinished = piece.part(end, len(piece.text))
            piece, rest = piece.part(0, end), unfinished.text
        _reject_stray_quotes(path, piece, delimiter)
        if len(rest) > LONGEST_RECORD:
            break
        if piece.text:
            yield piece
        del piece
    if rest:
        _reject_stray_quotes(path, unfinished, delimiter)
        line = unfinished.line_of(_opening(unfinished, len(rest)))
        raise SourceError(f"{path}: line {line}: the quote that opens a value here is never closed")


def _reject_stray_quotes(path: Path, piece: _Piece, delimiter: str) -> None:
    """A quote opens behind a delimiter or a line's end, and closes before one; inside, it is doubled."""
    if piece.quotes is None or piece.inside is None:
        return
    newlines = bits(piece.text, b"\n")
    ends = piece.quotes | bits(piece.text, delimiter.encode()) | newlines
    begins = behind(ends)
    begins[0] |= np.uint64(1)
    if b"\r" in piece.text:
        ends |= bits(piece.text, b"\r") & before(newlines)
    stray = piece.quotes & piece.inside & ~begins
    early = piece.quotes & ~piece.inside & ~before(ends)
    if not (stray | early).any():
        return
    place = int(places(stray | early)[0])
    line = piece.line_of(place)
    if at(stray, place):
        raise SourceError(
            f"{path}: line {line}: a quote stands in the middle of a value; "
            "put the whole value in quotes and double the ones inside"
        )
    opened = piece.line_of(_opening(piece, place))
    raise SourceError(
        f"{path}: line {opened}: the value that opens with a quote here goes on behind the next one"
        f"{'' if line == opened else f', on line {line}'}; close it, and double the quotes inside"
    )


def _opening(piece: _Piece, place: int) -> int:
    """Where the value opened that is open before this place."""
    assert piece.quotes is not None and piece.inside is not None
    opening = places(piece.quotes & piece.inside & ~behind(piece.quotes))  # a doubled quote opens nothing
    return int(opening[opening < place][-1])


def _header(piece: _Piece, delimiter: str) -> _Piece | None:
    """The first record that is not blank."""
    blank = b"[" + re.escape(_blanks(delimiter)) + b"]*+\n"
    found = re.match(b"(?:" + blank + b")*+", piece.text)
    begin = end = found.end() if found else 0
    while end < len(piece.text):
        end = piece.text.index(b"\n", end) + 1
        if piece.inside is None or not at(piece.inside, end - 1):
            return piece.part(begin, end)
    return None


def _names(path: Path, header: _Piece, delimiter: str) -> list[str]:
    reject_undecodable(path, header)
    columns = [str(column) for column in range(1 + total(header.outside(delimiter)))]
    names = [(name or "").strip() for name in _parsed(header.text, columns, delimiter).row(0)]
    for column, name in enumerate(names, start=1):
        if not name:
            raise SourceError(f"{path}: line {header.first_line}: column {column} of the header has no name")
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        raise SourceError(
            f"{path}: line {header.first_line}: column {repeated[0]!r} stands more than once in the header"
        )
    return names


def _fast(piece: _Piece, names: list[str], delimiter: str) -> tuple[pl.DataFrame, pl.Series] | None:
    """What Polars reads, if counting proves it right; None if it does not."""
    if len(names) == 1:  # no delimiters to count, and a blank line looks like a value
        return None
    try:
        frame = _parsed(piece.text, names, delimiter)
    except pl.exceptions.PolarsError:
        return None
    if frame.height == piece.newlines:
        lines = pl.int_range(piece.first_line, piece.first_line + frame.height, eager=True).alias("line")
    else:  # newlines inside quotes
        ends, starting_lines = piece.records()
        if ends.size != frame.height or np.diff(ends, prepend=0).max() > LONGEST_RECORD:
            return None
        lines = pl.Series("line", starting_lines)
    # A line of too many fields is an error of Polars, and one of too few ends in null: without a null there,
    # or with as many delimiters as there should be, every line has its fields, and none is blank.
    complete = (
        not frame[:, -1].null_count() or total(piece.outside(delimiter)) == (frame.width - 1) * frame.height
    )
    return (frame, lines) if complete else None


def _careful(path: Path, piece: _Piece, names: list[str], delimiter: str) -> tuple[pl.DataFrame, pl.Series]:
    """The same, record by record: without blank lines, or naming the line that is wrong."""
    ends, lines = piece.records()
    starts = np.append(0, ends[:-1])
    fields = np.diff(np.searchsorted(places(piece.outside(delimiter)), ends), prepend=0) + 1
    filled = np.isin(starts, blank_lines(piece.text, _blanks(delimiter)), assume_unique=True, invert=True)
    for record in np.flatnonzero(filled & ((fields != len(names)) | (ends - starts > LONGEST_RECORD)))[:1]:
        where = f"{path}: line {lines[record]}: "
        if ends[record] - starts[record] > LONGEST_RECORD:
            raise SourceError(
                f"{where}the record that starts here is longer than {LONGEST_RECORD:,} bytes; "
                "is a closing quote missing?"
            )
        raise SourceError(where + _ragged(int(fields[record]), names, delimiter))
    text, lines = piece.text, lines[filled]
    if not filled.all():
        text = np.frombuffer(text, np.uint8)[np.repeat(filled, ends - starts)].tobytes()
    try:
        frame = _parsed(text, names, delimiter)
    except pl.exceptions.PolarsError as error:
        reject_undecodable(path, piece)
        reason = str(error).splitlines()[0]
        raise SourceError(
            f"{path}: lines {lines[0]} to {lines[-1]}: cannot be read as CSV: {reason}"
        ) from None
    return frame, pl.Series("line", lines)


def _ragged(found: int, names: list[str], delimiter: str) -> str:
    """What to say of a line with so many fields."""
    trouble = f"{found} field{'s' if found > 1 else ''} where the header has {len(names)}"
    if len(names) == 1:
        likely = [other for other in ",;\t|" if other in names[0] and other != delimiter]
        return trouble + (f'; is delimiter = "{likely[0]}" meant?' if likely else "")
    return trouble + ("; put a value that holds the delimiter in quotes" if found > len(names) else "")


def _parsed(text: bytes, names: list[str], delimiter: str) -> pl.DataFrame:
    guard = delimiter.encode() * (len(names) - 1) + b"\n" if text.startswith(_SNIFFED) else b""
    frame = pl.read_csv(
        guard + text,
        has_header=False,
        schema=dict.fromkeys(names, pl.String),
        separator=delimiter,
        null_values=[""],  # Polars would take a quoted empty field for a text
    )
    return frame[1:] if guard else frame


def _blanks(delimiter: str) -> bytes:
    return b" \t\r".replace(delimiter.encode(), b"")
