"""The chart of a digest: open breaches over four weeks, by carrier. Drawn offline, always the same bytes."""

import re
import struct
import zlib
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from flows.alert.wording import one_line, short_day

if TYPE_CHECKING:
    import altair

DAYS = 28
WIDTH, HEIGHT = 440, 290
MOST_CARRIERS = 6
NOT_SHIPPED, OTHER = "not shipped yet", "other"

# Okabe and Ito, "Color Universal Design" (2008): told apart with any colour vision.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
_OTHER_COLOUR, _NOT_SHIPPED_COLOUR = "#B8BEC6", "#5C6670"
_INK, _PALE_INK, _GRID, _PAPER = "#1F2933", "#52606D", "#E4E7EB", "#FFFFFF"
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
_LABEL_CHARACTERS = 20
# A legend is cut by UTF-16 units, and half a character ends the drawing with an error; what XML has no way
# to say ends the whole process.
_UNDRAWABLE = re.compile("[\ufffe\uffff\U00010000-\U0010ffff]")


def draw(history: pl.DataFrame, as_of: date) -> bytes:
    """A PNG of `WIDTH` × `HEIGHT` points at twice that many pixels, from a frame of `HISTORY`.

    The largest `MOST_CARRIERS` carriers have a colour each, the others share one. It is opaque, so it reads
    the same on a dark page, and its letters are large enough for a phone that shows it at three quarters of
    its size.
    """
    import vl_convert

    image: bytes = vl_convert.vegalite_to_png(_chart(history, as_of).to_json(), scale=2, allowed_base_urls=[])
    return _packed(image)


def is_blank(history: pl.DataFrame, as_of: date) -> bool:
    """Whether no breach was open on any of the days, so that there is nothing to draw."""
    return not _counted(history, as_of)[0]


def describe(history: pl.DataFrame, as_of: date) -> str:
    """What the chart shows, in words."""
    names, counts = _counted(history, as_of)
    total = dict.fromkeys(_days(as_of), 0)
    today = dict.fromkeys(names, 0)
    for day, carrier, number in counts.iter_rows():
        total[day] += number
        if day == as_of:
            today[carrier] = number
    first, most = min(total), max(total, key=lambda day: (total[day], day))
    said = (
        f"Open breaches at the end of each day, by carrier: {total[first]:,} on {short_day(first)}, "
        f"{total[as_of]:,} on {short_day(as_of)}, at most {total[most]:,} on {short_day(most)}."
    )
    parts = [f"{name} {number:,}" for name, number in today.items() if number]
    return f"{said} On {short_day(as_of)}: {', '.join(parts)}." if parts else said


def _packed(image: bytes) -> bytes:
    """The same PNG, compressed as far as it goes: a third of what the converter makes of it."""
    head, pixels, at = image[:8], b"", 8
    while at < len(image):
        length, kind = struct.unpack_from(">I4s", image, at)
        if kind == b"IDAT":
            pixels += image[at + 8 : at + 8 + length]
        elif kind == b"IEND":
            head += _chunk(b"IDAT", zlib.compress(zlib.decompress(pixels), zlib.Z_BEST_COMPRESSION))
        if kind != b"IDAT":
            head += image[at : at + 12 + length]
        at += 12 + length
    return head


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _days(as_of: date) -> list[date]:
    return [as_of - timedelta(days=back) for back in reversed(range(DAYS))]


def _counted(history: pl.DataFrame, as_of: date) -> tuple[list[str], pl.DataFrame]:
    """The names of the legend, and `day, carrier, open` with these names for carriers."""
    recent = history.filter(
        pl.col("as_of").is_between(_days(as_of)[0], as_of) & (pl.col("open_breaches") > 0)
    )
    carriers = recent.group_by("carrier").agg(pl.col("open_breaches").sum().alias("weight"))
    ranked = carriers.drop_nulls("carrier").sort("weight", "carrier", descending=[True, False])
    # By name, so that a carrier keeps its colour from day to day.
    top = sorted(ranked["carrier"].head(MOST_CARRIERS))
    labels = _labels(top)
    names = [*labels, *([OTHER] if ranked.height > MOST_CARRIERS else [])]
    names += [NOT_SHIPPED] if carriers["carrier"].null_count() else []
    named = (
        pl.when(pl.col("carrier").is_null())
        .then(pl.lit(NOT_SHIPPED))
        .otherwise(pl.col("carrier").replace_strict(top, labels, default=OTHER, return_dtype=pl.String()))
    )
    counts = recent.select(pl.col("as_of").alias("day"), named.alias("carrier"), "open_breaches")
    return names, (
        counts.group_by("day", "carrier")
        .agg(pl.col("open_breaches").sum().alias("open"))
        .sort("day", "carrier")
    )


def _labels(carriers: Sequence[str]) -> list[str]:
    """Carriers as the legend names them: short, and each different."""
    labels: list[str] = []
    for carrier in carriers:
        name, number = _UNDRAWABLE.sub("\ufffd", carrier), 1
        label = one_line(name, _LABEL_CHARACTERS) or "no name"
        while label in (*labels, OTHER, NOT_SHIPPED):
            number += 1
            label = f"{one_line(name, _LABEL_CHARACTERS - 4) or 'no name'} ({number})"
        labels.append(label)
    return labels


def _chart(history: pl.DataFrame, as_of: date) -> "altair.Chart":
    import altair as alt

    names, counts = _counted(history, as_of)
    days = [short_day(day) for day in _days(as_of)]
    values = [
        {"day": short_day(day), "carrier": carrier, "open": number, "place": names.index(carrier)}
        for day, carrier, number in counts.iter_rows()
    ]
    return (
        alt.Chart(alt.Data(values=values))
        .mark_bar(stroke=_PAPER, strokeWidth=0.5)
        .encode(
            x=alt.X("day:O", title=None, axis=alt.Axis(values=days[::-7])).scale(domain=days, padding=0.15),
            y=alt.Y("open:Q", title=None, axis=alt.Axis(format=",d", tickCount=4, tickMinStep=1)),
            color=alt.Color("carrier:N", title=None).scale(domain=names, range=_colours(names)),
            order=alt.Order("place:Q"),
        )
        .properties(
            width=WIDTH,
            height=HEIGHT,
            autosize=alt.AutoSizeParams(type="fit", contains="padding"),
            padding=12,
            background=_PAPER,
            title="Open breaches at the end of each day, by carrier",
        )
        .configure(font=_FONT)
        .configure_title(anchor="start", fontSize=16, color=_INK, offset=14)
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=14, labelColor=_PALE_INK, gridColor=_GRID, domain=False, ticks=False)
        .configure_axisX(labelAngle=0, labelPadding=8, grid=False)
        .configure_axisY(labelPadding=8)
        .configure_legend(
            orient="bottom",
            columns=3,
            labelFontSize=14,
            labelColor=_INK,
            labelLimit=150,
            symbolType="square",
            symbolSize=140,
            symbolStrokeWidth=0,
            columnPadding=14,
            rowPadding=6,
            offset=16,
        )
    )


def _colours(names: Sequence[str]) -> list[str]:
    special = {OTHER: _OTHER_COLOUR, NOT_SHIPPED: _NOT_SHIPPED_COLOUR}
    return [special.get(name) or _COLOURS[at] for at, name in enumerate(names)]
