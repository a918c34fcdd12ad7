"""Words of messages: data made fit for one line, counts and days as people write them."""

import re
from datetime import date

MOST_CHARACTERS = 60

# What ends a line, is invisible, or turns the direction of the text around it.
_UNPRINTABLE = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+"
)


def one_line(text: object, most: int = MOST_CHARACTERS) -> str:
    """Text from data or people on one line, at most `most` characters; what is cut off is shown by …"""
    line = _UNPRINTABLE.sub(" ", str(text)).strip()
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def plural(count: int, one: str, several: str | None = None) -> str:
    """`1 day`, `1,200 days`."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def short_day(day: date) -> str:
    """`21 Nov`, for what is read in the days that follow."""
    return f"{day.day} {day:%b}"


def long_day(day: date) -> str:
    """`Saturday 21 Nov 2026`."""
    return f"{day:%A} {short_day(day)} {day.year}"
