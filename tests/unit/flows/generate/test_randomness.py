import zlib

import polars as pl
import pytest

from flows.generate.randomness import bits, draw, pick

MASK = (1 << 64) - 1
COUNTERS = [0, 1, 2, 3, 255, 1 << 31, 1 << 32, (1 << 32) + 1, (1 << 63) - 1, 1 << 63, MASK - 1, MASK]
SEEDS = [0, 1, 7, 1 << 32, (1 << 63) - 1]
STREAMS = ["", "order.hour", "customer.country", "ünïcode"]


def split_mix(state: int, steps: int) -> int:
    """The `steps`-th output of SplitMix64 started at `state`, in integers without a limit."""
    z = (state + steps * 0x9E3779B97F4A7C15) & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def expected(seed: int, stream: str, counter: int) -> int:
    key = split_mix((seed * 0x9E3779B97F4A7C15 + zlib.crc32(stream.encode())) & MASK, 0)
    return split_mix(key, counter)


def column(expression: pl.Expr, counters: list[int]) -> list[int]:
    return pl.DataFrame({"n": pl.Series(counters, dtype=pl.UInt64)}).select(expression).to_series().to_list()


def test_the_reference_computation_reproduces_the_published_splitmix64_sequence() -> None:
    assert [split_mix(1234567, step) for step in range(1, 6)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("seed", SEEDS)
def test_bits_are_splitmix64_of_seed_stream_and_counter(seed: int, stream: str) -> None:
    found = column(bits(pl.col("n"), seed, stream), COUNTERS)
    assert found == [expected(seed, stream, counter) for counter in COUNTERS]


@pytest.mark.parametrize("upper", [1, 2, 3, 1000, 1 << 20, (1 << 40) + 7])
def test_a_draw_is_the_remainder_of_the_bits_and_below_its_bound(upper: int) -> None:
    found = column(draw(pl.col("n"), 7, "some.stream", upper), COUNTERS)
    assert found == [expected(7, "some.stream", counter) % upper for counter in COUNTERS]
    assert all(0 <= value < upper for value in found)


def test_draws_over_consecutive_counters_are_uniform() -> None:
    counts = pl.Series(column(draw(pl.col("n"), 7, "uniform", 10), list(range(100_000)))).value_counts()
    assert counts.height == 10
    chi_square = sum((count - 10_000) ** 2 / 10_000 for count in counts["count"])
    assert chi_square < 27.9  # one in a thousand for 9 degrees of freedom


@pytest.mark.parametrize(("seed", "stream"), [(8, "uniform"), (7, "uniform.again")])
def test_another_seed_or_stream_draws_independently(seed: int, stream: str) -> None:
    counters = list(range(10_000))
    one = column(draw(pl.col("n"), 7, "uniform", 10), counters)
    other = column(draw(pl.col("n"), seed, stream, 10), counters)
    same = sum(a == b for a, b in zip(one, other, strict=True))
    assert 850 < same < 1150  # five standard deviations around one in ten


def test_pick_takes_repeated_values_as_often_as_they_are_listed() -> None:
    picked = column(pick(pl.col("n"), 7, "pick", pl.Series([5, 5, 5, 9])), list(range(10_000)))
    assert set(picked) == {5, 9}
    assert 7_250 < picked.count(5) < 7_750
