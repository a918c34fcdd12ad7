import re
from datetime import date

import numpy as np
import polars as pl
import pytest

from flows.generate import ids
from flows.generate.days import day_of, number_of

RNG = np.random.default_rng(1)


@pytest.mark.parametrize("digits", range(1, 10))
def test_every_number_of_digits_is_written_as_python_writes_it(digits: int) -> None:
    numbers = np.concatenate([[0, 1, 9, 10**digits - 1], RNG.integers(0, 10**digits, 500)])
    assert ids.numbered("C-", numbers, digits).to_list() == [f"C-{number:0{digits}d}" for number in numbers]


@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint32, np.uint64])
def test_any_kind_of_integers_gives_the_same_ids(kind: type) -> None:
    assert ids.numbered("C-", np.array([42, 999_999_999], kind), 9).to_list() == [
        "C-000000042",
        "C-999999999",
    ]


def test_a_prefix_may_have_letters_of_two_bytes() -> None:
    assert ids.numbered("Å-", np.array([7, 8]), 3).to_list() == ["Å-007", "Å-008"]


@pytest.mark.parametrize(
    ("number", "digits"), [(-1, 4), (10_000, 4), (10**9, 9), (2**32 + 1, 9), (5, 0), (5, 10)]
)
def test_a_number_that_does_not_fit_is_refused(number: int, digits: int) -> None:
    with pytest.raises(ValueError, match=r"fit|digits"):
        ids.numbered("P-", np.array([1, number]), digits)


def test_each_row_has_its_own_day_number_and_attempt() -> None:
    days = RNG.integers(-3_000, 40_000, 300)
    numbers = RNG.integers(0, 10**8, 300)
    attempts = RNG.integers(1, 10, 300)
    stamps = [f"{day_of(int(day)):%Y%m%d}" for day in days]
    assert ids.dated("O-", ids.calendar(days), numbers).to_list() == [
        f"O-{stamp}-{number:08d}" for stamp, number in zip(stamps, numbers, strict=True)
    ]
    assert ids.dated("D-", ids.calendar(days), numbers, attempts).to_list() == [
        f"D-{stamp}-{number:08d}-{attempt}"
        for stamp, number, attempt in zip(stamps, numbers, attempts, strict=True)
    ]


def test_the_first_and_the_last_day_of_the_calendar_are_written_in_eight_digits() -> None:
    first, last = number_of(date.min), number_of(date.max)
    assert ids.dated("O-", ids.calendar(np.array([first])), np.array([1])).item() == "O-00010101-00000001"
    assert ids.dated("O-", ids.calendar(np.array([last])), np.array([1])).item() == "O-99991231-00000001"
    for outside in (first - 1, last + 1):
        with pytest.raises(ValueError, match="years 1 to 9999"):
            ids.calendar(np.array([outside]))


def test_an_attempt_of_two_digits_is_refused() -> None:
    with pytest.raises(ValueError, match="fit 1 digits"):
        ids.dated("D-", ids.calendar(np.array([0])), np.array([1]), np.array([10]))


def test_no_rows_give_an_empty_series_of_strings() -> None:
    nothing = np.empty(0, np.int64)
    for series in (
        ids.numbered("C-", nothing, 9),
        ids.dated("O-", ids.calendar(nothing), nothing),
        ids.dated("D-", ids.calendar(nothing), nothing, nothing),
        ids.trimmed([b"x" * 20], np.empty(0, np.uint32)),
    ):
        assert (series.dtype, series.len()) == (pl.String, 0)


def test_ids_can_be_read_from_strided_arrays() -> None:
    every_other = np.arange(20)[::2]
    assert ids.numbered("C-", every_other, 2).to_list() == [f"C-{number:02d}" for number in range(0, 20, 2)]


def test_trimmed_texts_lose_the_bytes_skipped_and_nothing_else() -> None:
    numbers = RNG.integers(0, 10**9, 500)
    skip = RNG.integers(0, 12, 500).astype(np.uint32)
    words = np.frombuffer(b"abcdefgh", np.uint64).repeat(500)
    texts = ids.trimmed([words, b"@", *ids.figures(numbers, 9), b".example"], skip)
    expected = [f"abcdefgh@{n:09d}.example"[s:] for n, s in zip(numbers, skip, strict=True)]
    assert texts.to_list() == expected
    # what only looks at the first bytes, and what looks at all of them
    assert texts.sort().to_list() == sorted(expected)
    assert texts.str.starts_with("abcdef").to_list() == [text.startswith("abcdef") for text in expected]
    assert texts.is_in(expected).all()


def test_a_text_that_arrow_would_keep_elsewhere_is_refused() -> None:
    assert ids.trimmed([b"0123456789abcdef"], np.array([3], np.uint32)).item() == "3456789abcdef"
    with pytest.raises(ValueError, match="too many to skip"):
        ids.trimmed([b"0123456789abcdef"], np.array([0, 4], np.uint32))


def test_ids_survive_parquet(tmp_path) -> None:  # type: ignore[no-untyped-def]
    days, numbers = RNG.integers(14_000, 21_000, 5_000), RNG.integers(0, 10**8, 5_000)
    frame = pl.DataFrame(
        {"id": ids.dated("O-", ids.calendar(days), numbers), "short": ids.numbered("C-", numbers, 9)}
    )
    frame.write_parquet(tmp_path / "ids.parquet")
    assert pl.read_parquet(tmp_path / "ids.parquet").equals(frame)
    assert all(re.fullmatch(r"O-\d{8}-\d{8}", text) for text in frame["id"])
