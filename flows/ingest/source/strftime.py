"""Dates in a format of the shop's own, read exactly: a text that is not wholly written so stays null."""

import re

import polars as pl

from flows.ingest.source.clock import Clock

# What a directive stands for. Names of months and days are English.
_SHAPES = {
    "Y": "[0-9]{4}",
    **dict.fromkeys("ymdHI", "[0-9]{2}"),
    **dict.fromkeys("MS", "[0-5][0-9]"),
    **dict.fromkeys("ekl", " ?[0-9]{1,2}"),
    "j": "[0-9]{3}",
    **dict.fromkeys("bh", "[A-Za-z]{3}"),
    "B": "[A-Za-z]{3,9}",
    "a": "[A-Za-z]{3}",
    "A": "[A-Za-z]{6,9}",
    **dict.fromkeys("pP", "[AaPp][Mm]"),
    ".f": r"(?:\.[0-9]{1,9})?",
    **{f"{digits}f": f"[0-9]{{{digits}}}" for digits in "369"},
    **{f".{digits}f": rf"\.[0-9]{{{digits}}}" for digits in "369"},
    "z": "(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)",
    "%": "%",
}
_SHORTHANDS = {"F": "%Y-%m-%d", "D": "%m/%d/%y", "T": "%H:%M:%S", "X": "%H:%M:%S", "R": "%H:%M"}
_TIMES_OF_DAY = frozenset("HIkl")
# 1.2.2026, where no other digits are beside them
_MAYBE_ONE_DIGIT = frozenset("mdHI")
_DIGITS_BESIDE = re.compile(r"[0-9]|%[^%.zbBhaApP]")


class Strftime:
    """A strftime format. `.%f` is a fraction of up to nine digits, or none; `%z` takes any offset and `Z`.

    Raises:
        ValueError: it has a directive that is not understood.
    """

    def __init__(self, text: str) -> None:
        parts = _parts(text)
        for part in parts:
            if part[0] == "%" and part[1:] not in _SHAPES:
                known = " ".join(f"%{name}" for name in (*_SHAPES, *_SHORTHANDS))
                raise ValueError(f"{text!r} has {part}, which is not understood; understood: {known}")
        self._format = "".join(parts).replace("%z", "%#z")
        self._timed = any(part[0] == "%" and part[1:] in _TIMES_OF_DAY for part in parts)
        self._zoned = "%z" in parts
        beside = zip(["", *parts], [*parts[1:], ""], strict=False)
        shapes = [_shape(part, before + after) for part, (before, after) in zip(parts, beside, strict=True)]
        self._whole = f"^{''.join(shapes)}$"

    def read(self, text: pl.Series, clock: Clock) -> pl.Series:
        """What the clock says of these texts; null where one is not wholly written this way."""
        # the parser takes blanks and signs, and digits too few; and it takes long for what it does not take
        exact = text.str.contains(self._whole)
        if not exact.all():
            text = text.set(~exact, None)
        moments = text.str.to_datetime(
            self._format, time_unit="us", time_zone="UTC" if self._zoned else None, strict=False, cache=False
        )
        if self._zoned:
            return clock.instants(moments.dt.replace_time_zone(None))
        return clock.local(moments) if self._timed else clock.midnights(moments)


def _parts(text: str) -> list[str]:
    """Directives as `%x`, other characters one by one."""
    plain = re.sub("%[-_0](?=[A-Za-z])", "%", text).replace(".%f", "%.f")
    parts: list[str] = []
    for part in re.findall(r"%(?:\.?[369]?f|[:#]*z|.?)|[^%]", plain, flags=re.DOTALL):
        if part[0] != "%":
            parts.append(part)
        elif part[1:] in _SHORTHANDS:
            parts += _parts(_SHORTHANDS[part[1:]])
        else:
            parts.append("%z" if part.endswith("z") else part)
    return parts


def _shape(part: str, beside: str) -> str:
    if part[0] != "%":
        return re.escape(part)
    if part[1:] in _MAYBE_ONE_DIGIT and not _DIGITS_BESIDE.search(beside):
        return "[0-9]{1,2}"
    return _SHAPES[part[1:]]
