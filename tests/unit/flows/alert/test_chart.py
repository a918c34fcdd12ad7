import struct
import zlib
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.alert.chart import HEIGHT, WIDTH, describe, draw, is_blank
from flows.alert.digest import HISTORY
from tests.unit.flows.alert.mails import CARRIERS, history
from tests.unit.flows.alert.short_messages import DAY

MANY = ("NordPost", "Baltic Express", "Kurier 24", "Maison Colis", "Posti", "Bring", "DAO", "Omniva", None)
NASTY = (
    "a.b[c]", "datum.open", "{{x}}", "'\"\\", "", " ", "\x00\r\n", "other", "not shipped yet",
    "\u202eesrever", "Ω" * 500, "Ω" * 501, '{"signal": "alert(1)"}', "</script><script>", "2026-11-21", "7",
    "🫖", None,
)  # fmt: skip


def rows(*values: tuple[date, str | None, int]) -> pl.DataFrame:
    return pl.DataFrame(list(values), schema=HISTORY, orient="row")


def size(png: bytes) -> tuple[int, int]:
    """Width and height, after every chunk's checksum and the pixels' length have been checked."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, pixels = 8, b""
    width = height = 0
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        body = png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length) == (zlib.crc32(kind + body),)
        if kind == b"IHDR":
            width, height = struct.unpack_from(">II", body)
        if kind == b"IDAT":
            pixels += body
        at += 12 + length
    assert kind == b"IEND"
    assert len(zlib.decompress(pixels)) == height * (1 + 4 * width)
    return width, height


@pytest.mark.parametrize("carriers", [CARRIERS, MANY, NASTY, (None,), ("NordPost",)])
def test_a_chart_is_a_small_png_of_twice_the_pixels(carriers: tuple[str | None, ...]) -> None:
    png = draw(history(carriers), DAY)
    assert size(png) == (2 * WIDTH, 2 * HEIGHT)
    assert len(png) < 60_000


def test_the_same_history_is_drawn_as_the_same_bytes_whatever_its_order() -> None:
    frame = history(MANY)
    assert draw(frame, DAY) == draw(frame.reverse(), DAY) != draw(history(CARRIERS), DAY)


def test_a_missing_day_is_drawn_as_a_day_without_breaches() -> None:
    frame = history(CARRIERS)
    missing = frame.filter(pl.col("as_of") != DAY - timedelta(days=3))
    none = missing.vstack(rows((DAY - timedelta(days=3), "NordPost", 0)))
    assert draw(missing, DAY) == draw(none, DAY) != draw(frame, DAY)


def test_other_days_are_not_drawn() -> None:
    longer = history(CARRIERS, DAY, days=40).vstack(rows((DAY + timedelta(days=1), "Later", 9)))
    assert draw(longer, DAY) == draw(history(CARRIERS), DAY)
    assert describe(longer, DAY) == describe(history(CARRIERS), DAY)


@pytest.mark.parametrize(
    "frame",
    [rows(), rows((DAY, "NordPost", 0)), rows((DAY - timedelta(days=28), "NordPost", 5))],
)
def test_without_a_breach_there_is_nothing_to_draw(frame: pl.DataFrame) -> None:
    assert is_blank(frame, DAY)
    assert not is_blank(frame.vstack(rows((DAY - timedelta(days=27), None, 1))), DAY)


def test_the_words_say_what_the_chart_shows() -> None:
    first, peak = DAY - timedelta(days=27), DAY - timedelta(days=3)
    frame = rows(
        (first, "NordPost", 5), (first, "Bring", 7), (peak, "NordPost", 1_200), (DAY, "NordPost", 90),
        (DAY, None, 4),
    )  # fmt: skip
    assert describe(frame, DAY) == (
        "Open breaches at the end of each day, by carrier: 12 on 25 Oct, 94 on 21 Nov, at most 1,200 "
        "on 18 Nov. On 21 Nov: NordPost 90, not shipped yet 4."
    )


def test_the_six_largest_carriers_are_named_and_the_others_summed_up() -> None:
    frame = rows(*((DAY, f"Carrier {n}", 100 - n) for n in range(9)), (DAY, None, 3))
    named = ", ".join(f"Carrier {n} {100 - n}" for n in range(6))
    assert describe(frame, DAY).endswith(f"On 21 Nov: {named}, other {94 + 93 + 92}, not shipped yet 3.")


def test_names_that_look_alike_stay_apart() -> None:
    frame = rows((DAY, "Ω" * 500, 5), (DAY, "Ω" * 501, 4), (DAY, "other", 3), (DAY, "not shipped yet", 2))
    parts = describe(frame, DAY).partition("On 21 Nov: ")[2].split(", ")
    assert sorted(part[-2:].strip(" .") for part in parts) == ["2", "3", "4", "5"]
    assert len({part.rpartition(" ")[0] for part in parts}) == 4


@pytest.mark.parametrize(
    "name",
    [
        "¬00000000000000000\ufffe",
        "\uffff",
        "\x9fÌìÖ¬\x1fé\x13\x7f\U00037343U\U0006c372Í8PþuT¾A\U000a7e14\U001014de\U000f3253R",
    ]
    + ["W" * shift + "\U0001f680" * 15 for shift in range(5)],
)
def test_what_no_picture_can_show_is_drawn_as_a_replacement_character(name: str) -> None:
    frame = rows((DAY, name, 1))
    assert size(draw(frame, DAY)) == (2 * WIDTH, 2 * HEIGHT)
    assert "\ufffd" in describe(frame, DAY)


@settings(max_examples=15)
@given(st.lists(st.text(max_size=30) | st.none(), min_size=1, max_size=9))
def test_no_name_breaks_a_chart_or_its_words(names: list[str | None]) -> None:
    frame = rows(*((DAY, name, n + 1) for n, name in enumerate(names)))
    assert size(draw(frame, DAY)) == (2 * WIDTH, 2 * HEIGHT)
    assert "\n" not in describe(frame, DAY)
