"""Text files of any size in blocks of whole lines: gunzipped, in UTF-8, never more than a block in memory."""

import codecs
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np

from flows.errors import SourceError
from flows.ingest.source.bits import bits, total
from flows.ingest.source.encoding import codec_named, reject_other_encoding, transcoded, undecodable

BLOCK_BYTES = 16 * 1024**2
# A block of more lines than this, which hold not even one character each, is no table.
MOST_SHORT_LINES = 100_000
LONGEST_LINE = 8 * 1024**2
# Orders deflate about 10 times, equal lines 100 times and more, and nothing beyond 1,032 times.
BOMB_RATIO = 200
BOMB_FREE_BYTES = 64 * 1024**2

_CHUNK_BYTES = 1024**2
_DEFLATED_BYTES = 64 * 1024
_HEAD_BYTES = 4096
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Block:
    """Whole lines of a file in what should be UTF-8: see `reject_undecodable`.

    `text` ends in a newline, also where the file does not; the first line of a file is 1.
    """

    text: bytes
    first_line: int
    newlines: int


def read_blocks(path: Path, encoding: str = "utf-8", block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """The lines of a text file, gzipped or not, in blocks of about `block_bytes`, without byte order mark.

    Let go of a block before asking for the next one: it is then read into the same memory, which is faster.

    Raises:
        SourceError: the file is empty, no text in that encoding, no sound gzip, or inflates beyond measure;
            holds a NUL character, a line above `LONGEST_LINE`, or lines that end in a lone CR.
    """
    codec = codec_named(path, encoding)
    line = 1
    complete = True
    try:
        with path.open("rb") as file:
            for text in _blocks(path, file, codec, block_bytes):
                if not complete:
                    raise SourceError(
                        f"{path}: was written to while it was read; run again when it is complete"
                    )
                complete = text.endswith(b"\n")
                block = _block(path, text if complete else text + b"\n", line)
                if block.newlines > max(MOST_SHORT_LINES, len(text) // 2):
                    raise SourceError(f"{path}: line {line}: nothing but blank lines follows, almost")
                line += block.newlines
                del text
                yield block
                del block
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from None
    if line == 1:
        raise empty(path)


def empty(path: Path) -> SourceError:
    """What to raise for a file without a line that is not blank."""
    return SourceError(f"{path}: is empty")


def reject_undecodable(path: Path, block: Block) -> None:
    """Raise a SourceError if the block is no UTF-8, naming the line."""
    try:
        block.text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = block.first_line + block.text.count(b"\n", 0, error.start)
        raise undecodable(path, line, error, "utf-8") from None


def blank_lines(text: bytes, blanks: bytes = b" \t\r") -> np.ndarray:
    """Where the lines begin that hold nothing but `blanks`, ascending."""
    blank = b"[" + re.escape(blanks) + b"]*+"
    first = [0] if re.match(blank + rb"\n", text) else []
    later = (found.start() + 1 for found in re.finditer(rb"\n" + blank + rb"(?=\n)", text))
    return np.fromiter(chain(first, later), np.int64)


def _block(path: Path, text: bytes, first_line: int) -> Block:
    block = Block(text, first_line, total(bits(text, b"\n")))
    if first_line == 1:
        first = text[: text.find(b"\n")].removesuffix(b"\r")
        lone = first.find(b"\r")
        if lone >= 0 and first.count(b'"', 0, lone) % 2 == 0:
            raise SourceError(
                f"{path}: its lines end in a lone CR, as on old Macs; save it with LF or CRLF line ends"
            )
    nul = text.find(b"\0")
    if nul >= 0:
        line = first_line + text.count(b"\n", 0, nul)
        raise SourceError(f"{path}: line {line}: holds a NUL character; the file is damaged, or no text")
    for place in range(LONGEST_LINE, len(text), LONGEST_LINE):  # a longer line reaches over one of these
        start = text.rfind(b"\n", 0, place) + 1
        if text.find(b"\n", place) - start > LONGEST_LINE:
            line = first_line + text.count(b"\n", 0, start)
            raise SourceError(
                f"{path}: line {line}: is longer than {LONGEST_LINE:,} bytes; is there one record a line?"
            )
    return block


def _blocks(path: Path, file: BinaryIO, codec: codecs.CodecInfo, block_bytes: int) -> Iterator[bytes]:
    gzipped = file.read(len(_GZIP)) == _GZIP or path.name.lower().endswith(".gz")
    file.seek(0)
    chunks = _inflated(path, file) if gzipped else iter(lambda: file.read(_CHUNK_BYTES), b"")
    head = b""
    while len(head) < _HEAD_BYTES and (chunk := next(chunks, b"")):
        head += chunk
    reject_other_encoding(path, head[:_HEAD_BYTES], codec.name)
    if not codec.name.startswith("utf-8"):
        return _gathered(transcoded(path, chain([head], chunks), codec), block_bytes)
    mark = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    if gzipped:
        return _gathered(chain([head[mark:]], chunks), block_bytes)
    file.seek(mark)
    return _from_file(file, block_bytes)


def _from_file(file: BinaryIO, block_bytes: int) -> Iterator[bytes]:
    """Blocks in one read each: to gather them from chunks would copy the whole file once more."""
    while (start := file.tell()) < os.fstat(file.fileno()).st_size:
        file.seek(start + block_bytes - 1)
        file.readline(LONGEST_LINE + 2)
        end = file.tell()
        file.seek(start)
        yield file.read(end - start)


def _gathered(chunks: Iterator[bytes], block_bytes: int) -> Iterator[bytes]:
    parts: list[bytes] = []
    size = unfinished = 0  # unfinished: since the last newline
    for chunk in (whole[i : i + block_bytes] for whole in chunks for i in range(0, len(whole), block_bytes)):
        cut = chunk.rfind(b"\n") + 1
        size += len(chunk)
        unfinished = len(chunk) - cut if cut else unfinished + len(chunk)
        if unfinished > LONGEST_LINE + 1:  # will be refused, and may have no end
            yield b"".join([*parts, chunk])
            return
        if cut and size >= block_bytes:
            parts.append(chunk[:cut])
            whole_lines = b"".join(parts)
            parts, size = [chunk[cut:]], unfinished
            yield whole_lines
        else:
            parts.append(chunk)
    if size:
        yield b"".join(parts)


def _inflated(path: Path, file: BinaryIO) -> Iterator[bytes]:
    """What gzip hides: one member or several on end, zeros between and behind them as `gunzip` allows."""
    made = members = 0
    data = b""
    while data := data or file.read(_DEFLATED_BYTES):
        if members and not (data := data.lstrip(b"\0")):
            continue
        if not _GZIP.startswith(data[: len(_GZIP)]):
            raise SourceError(
                f"{path}: has something behind its gzip data that is no gzip; copy the file again"
                if members
                else f"{path}: is named like a gzip file and is none; rename it, or compress it"
            )
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            try:
                chunk = member.decompress(data, _CHUNK_BYTES)
            except zlib.error as error:
                raise SourceError(f"{path}: is a corrupt gzip file ({error}); copy the file again") from None
            data = member.unconsumed_tail
            made += len(chunk)
            if made > BOMB_FREE_BYTES and made > BOMB_RATIO * (file.tell() - len(data)):
                raise SourceError(
                    f"{path}: inflates to more than {BOMB_RATIO} times its size; if it is what it should be, "
                    "unpack it first"
                )
            if chunk:
                yield chunk
            if not data and not member.eof and not (data := file.read(_DEFLATED_BYTES)) and not chunk:
                raise SourceError(f"{path}: is a gzip file that was cut off; copy the file again")
        data = member.unused_data
        members += 1
