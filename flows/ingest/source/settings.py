"""What one key of a `source.toml` may say: zones, encodings, delimiters and formats of dates.

Every check takes what is written and gives what is used. The value is put behind its error.
"""

from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import polars as pl

from flows.errors import SourceError
from flows.ingest.source.clock import Clock
from flows.ingest.source.encoding import codec_named
from flows.ingest.source.strftime import Strftime

UNIX_FORMATS = ("unix", "unix_ms")

_PROBES = (datetime(2026, 11, 21, 14, 35, 7), datetime(2031, 2, 3, 4, 5, 6))


def suggestion(word: str, known: Iterable[str]) -> str:
    """A question to put behind a complaint: whether the nearest known word was meant. Or nothing."""
    plain = {name.lower(): name for name in known}
    found = get_close_matches(word.strip().lower(), plain, n=1)
    return f" (did you mean {plain[found[0]]}?)" if found else ""


def among(words: Iterable[str], known: Iterable[str]) -> str:
    """Unknown words, each with its nearest known one, and all that are known."""
    known = tuple(known)
    return f"{', '.join(word + suggestion(word, known) for word in words)}; known: {', '.join(known)}"


def time_zone(name: str) -> str:
    """An IANA zone that both Python and Polars know."""
    name = name.strip()
    try:
        ZoneInfo(name)
        pl.Series(_PROBES).dt.replace_time_zone(name)
    except (KeyError, ValueError, OSError, pl.exceptions.PolarsError):
        zones = sorted(available_timezones())
        cities = {zone.rpartition("/")[2].lower(): zone for zone in zones}
        city = cities.get(name.lower().replace(" ", "_"))
        meant = f" (did you mean {city}?)" if city else suggestion(name, zones)
        raise ValueError(f"should be an IANA time zone such as Europe/Berlin or UTC{meant}") from None
    return name


def encoding(name: str) -> str:
    """Python's own name of a text encoding."""
    try:
        return codec_named(Path(), name).name  # no file is at fault
    except SourceError:
        raise ValueError("should be an encoding of text such as utf-8, cp1252, latin-1 or utf-16") from None


def delimiter(text: str) -> str:
    """One character of ASCII that can stand between two fields."""
    if text == r"\t":
        raise ValueError('should be one character; a tab is "\\t" in double quotes')
    if len(text) != 1 or not text.isascii() or text.isalnum() or text in "\"'\r\n\0":
        raise ValueError(
            'should be one character such as , ; | or "\\t", and no quote, line end, letter or digit'
        )
    return text


def date_formats(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Formats that a date survives being written and read with."""
    plain = tuple(text.lower() if text.lower() in UNIX_FORMATS else text for text in texts)
    for text in plain:
        if text not in UNIX_FORMATS and not _tells_a_date(text):
            raise ValueError(
                f"{text!r} does not tell a date: it needs a year (%Y or %y), a month (%m, %b or %B) and a "
                "day (%d); unix and unix_ms are seconds and milliseconds since 1970"
            )
    return plain


def _tells_a_date(text: str) -> bool:
    if "%" not in text:
        return False
    written_as = text.replace("%#z", "%z")  # the one is only read, never written
    moments = pl.Series(_PROBES).dt.replace_time_zone("UTC" if "z" in written_as else None)
    try:
        read = Strftime(text).read(moments.dt.to_string(written_as), Clock("UTC", days=True))
    except pl.exceptions.PolarsError as error:
        _, _, reason = str(error).partition("Invalid format string: ")
        why = f": {reason.splitlines()[0].rstrip('.')}" if reason else ""
        raise ValueError(f"{text!r} is no format of a date{why}") from None
    return read.to_list() == [moment.date() for moment in _PROBES]
