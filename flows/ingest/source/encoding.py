"""Which encoding a text file is in: what it was said to be, what it looks like, and UTF-8 made of it."""

import codecs
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from flows.errors import SourceError

_NO_TEXT = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"PAR1\x15": "a Parquet file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"\xfd7zXZ\x00": "compressed with xz",
}
_MARKS = {
    codecs.BOM_UTF8: ("utf-8", "utf-8-sig"),
    codecs.BOM_UTF32_LE: ("utf-32", "utf-32-le"),  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: ("utf-32", "utf-32-be"),
    codecs.BOM_UTF16_LE: ("utf-16", "utf-16-le"),
    codecs.BOM_UTF16_BE: ("utf-16", "utf-16-be"),
}
# text encodings of Python that no file is saved in
_NO_FILES = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
_STEP_BYTES = 4096


def codec_named(path: Path, encoding: str) -> codecs.CodecInfo:
    """Python's codec of that name.

    Raises:
        SourceError: there is none, or it does not make text of bytes.
    """
    try:
        codec = codecs.lookup(encoding)
        "a".encode(encoding)  # the public way to learn that a codec is one between text and bytes
    except (LookupError, ValueError):
        codec = None
    if codec is None or codec.name.replace("_", "-") in _NO_FILES or codec.incrementaldecoder is None:
        raise SourceError(
            f'{path}: encoding = "{encoding}" is not known; some that are: utf-8, cp1252, latin-1, utf-16'
        )
    return codec


def reject_other_encoding(path: Path, head: bytes, encoding: str) -> None:
    """Raise a SourceError where the first bytes of a file say that it is something else.

    `encoding` is the name of the codec; an empty `head` says nothing.
    """
    for magic, what in _NO_TEXT.items():
        if head.startswith(magic):
            raise SourceError(f"{path}: is {what}, not text; export it as CSV, NDJSON or Parquet")
    said = next((names for mark, names in _MARKS.items() if head.startswith(mark)), ()) or _unmarked_utf16(
        head
    )
    if said and encoding not in said:
        raise SourceError(f'{path}: is {said[0]} text, not {encoding}; set encoding = "{said[0]}"')
    if head and not said and encoding.startswith(("utf-16", "utf-32")) and b"\0" not in head:
        raise SourceError(
            f'{path}: is no {encoding} text; leave encoding out for UTF-8, or set it to "cp1252"'
        )


def transcoded(path: Path, chunks: Iterator[bytes], codec: codecs.CodecInfo) -> Iterator[bytes]:
    """The chunks in UTF-8, without byte order mark.

    Raises:
        SourceError: bytes that are no text in that encoding, naming the line.
    """
    decoder = codec.incrementaldecoder("strict")
    line = 1
    begun = False
    for chunk in chain(chunks, [b""]):
        before = decoder.getstate()
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            line += _newlines_before_error(decoder, before, chunk)
            raise undecodable(path, line, error, codec.name) from None
        except UnicodeError as error:  # UTF-32 without byte order mark
            raise SourceError(f"{path}: is no {codec.name} text: {error}") from None
        line += text.count("\n")
        yield (text if begun else text.removeprefix("\ufeff")).encode("utf-8")
        begun = begun or bool(text)


def undecodable(path: Path, line: int, error: UnicodeDecodeError, encoding: str) -> SourceError:
    """What to raise for bytes that are no text in that encoding."""
    where = f"{path}: line {line}: byte 0x{error.object[error.start]:02X} is no {encoding} text"
    if encoding.startswith("utf-8"):
        return SourceError(f'{where}; name the encoding of the file, such as encoding = "cp1252" (Windows)')
    return SourceError(f"{where}; name the encoding the file was saved in, or leave it out for UTF-8")


def _unmarked_utf16(head: bytes) -> tuple[str, ...]:
    """Commas and line ends of UTF-16 have a zero in every second byte, always on the same side."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if even + odd < max(len(head) / 32, 3) or max(even, odd) <= 3 * min(even, odd):
        return ()
    return ("utf-16-le",) if odd > even else ("utf-16-be",)


def _newlines_before_error(decoder: codecs.IncrementalDecoder, state: tuple, chunk: bytes) -> int:
    """Decode again in ever smaller steps: a decoder that keeps a state does not say how far it came."""
    found = at = 0
    for step in (_STEP_BYTES, 1):
        while at < len(chunk):
            decoder.setstate(state)
            try:
                text = decoder.decode(chunk[at : at + step])
            except UnicodeDecodeError:
                break
            state = decoder.getstate()
            found += text.count("\n")
            at += step
    return found
