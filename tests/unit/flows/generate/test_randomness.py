import zlib
from collections import Counter

import numpy as np
import pytest

from flows.generate.randomness import below, bits, bits_of, field, mix, shuffled, stream_key
from tests.unit.flows.generate.shops import fits

MASK = (1 << 64) - 1
COUNTERS = [0, 1, 2, 3, 255, 1 << 31, 1 << 32, (1 << 32) + 1, (1 << 63) - 1, 1 << 63, MASK - 1, MASK]
SEEDS = [0, 1, 7, 1 << 32, (1 << 63) - 1]
STREAMS = ["", "order.choice", "cohort.start", "ünïcode"]


def words(values: list[int] | range) -> np.ndarray:
    return np.array(values, dtype=np.uint64)


def split_mix(state: int, steps: int) -> int:
    """The `steps`-th output of SplitMix64 started at `state`, in integers without a limit."""
    z = (state + steps * 0x9E3779B97F4A7C15) & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def expected(seed: int, stream: str, counter: int) -> int:
    key = split_mix((seed * 0x9E3779B97F4A7C15 + zlib.crc32(stream.encode())) & MASK, 0)
    return split_mix(key, counter)


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
    values = [expected(seed, stream, counter) for counter in COUNTERS]
    assert bits(words(COUNTERS), seed, stream).tolist() == values
    assert [bits_of(counter, seed, stream) for counter in COUNTERS] == values


def test_drawing_leaves_the_counters_as_they_were() -> None:
    counters = words(COUNTERS)
    bits(counters, 7, "some.stream")
    below(counters, 7, "some.stream", 10)
    shuffled(counters[:4], 9, 3)
    assert counters.tolist() == COUNTERS


@pytest.mark.parametrize("upper", [1, 2, 3, 1_000, (1 << 20) + 7, 1 << 32])
def test_what_is_drawn_below_a_bound_is_the_high_half_of_the_bits_scaled_to_it(upper: int) -> None:
    found = below(words(COUNTERS), 7, "some.stream", upper).tolist()
    assert found == [(expected(7, "some.stream", counter) >> 32) * upper >> 32 for counter in COUNTERS]
    assert all(0 <= value < upper for value in found)


def test_draws_over_consecutive_counters_are_uniform() -> None:
    drawn = below(words(range(100_000)), 7, "uniform", 10)
    assert fits(np.bincount(drawn, minlength=10).tolist(), [1] * 10)
    assert not fits(np.bincount(drawn, minlength=10).tolist(), [1.1] + [1] * 9)


@pytest.mark.parametrize(("seed", "stream"), [(8, "uniform"), (7, "uniform.again")])
def test_another_seed_or_stream_draws_independently(seed: int, stream: str) -> None:
    counters = words(range(20_000))
    one, other = below(counters, 7, "uniform", 10), below(counters, seed, stream, 10)
    assert fits(np.bincount(one * 10 + other, minlength=100).tolist(), [1] * 100)
    assert not fits(np.bincount(one * 10 + one, minlength=100).tolist(), [1] * 100)


def test_a_field_is_the_integer_in_some_of_the_bits() -> None:
    values = [expected(7, "field", counter) for counter in COUNTERS]
    for low, width in ((0, 1), (0, 16), (12, 20), (48, 16), (63, 1), (32, 32)):
        found = field(words(values), low, width).tolist()
        assert found == [value >> low & (1 << width) - 1 for value in values]


@pytest.mark.parametrize("size", [*range(1, 40), 63, 64, 65, 127, 1_000, 1_023, 1_024, 1_025, 100_003])
def test_a_shuffle_is_one_to_one(size: int) -> None:
    for key in (0, 1, MASK, stream_key(7, "shuffle")):
        found = shuffled(words(range(size)), size, key)
        assert sorted(found.tolist()) == list(range(size))


def test_each_position_may_be_shuffled_alone() -> None:
    whole = shuffled(words(range(777)), 777, 42)
    some = words([776, 3, 500, 0])
    assert shuffled(some, 777, 42).tolist() == whole[some.astype(int)].tolist()


def test_shuffles_move_everything_everywhere() -> None:
    """Over many keys, first, middle and last position land in each tenth equally often."""
    for position in (0, 499, 999):
        counts = Counter(int(shuffled(words([position]), 1_000, mix(key))[0]) // 100 for key in range(4_000))
        assert fits([counts[tenth] for tenth in range(10)], [1] * 10), position


def test_neighbours_are_separated_by_a_shuffle() -> None:
    found = shuffled(words(range(100_000)), 100_000, mix(5)).astype(np.int64)
    steps = np.abs(np.diff(found))
    # the distance of two random places in [0, 1) is below a tenth with a chance of 19 %
    assert 0.1 < (steps < 10_000).mean() < 0.3
