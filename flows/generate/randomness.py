"""Random numbers that depend on nothing but (seed, stream, counter).

A counter-based generator: the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable
pseudorandom number generators", OOPSLA 2014) applied to a counter, in wrapping UInt64 arithmetic.
It is the same in every version of NumPy and Polars, and any row can be drawn alone.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

_GAMMA = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_MASK = 0xFFFFFFFFFFFFFFFF


def stream_key(seed: int, stream: str) -> int:
    """A 64-bit key for one named stream of draws under one seed."""
    return mix((seed * _GAMMA + zlib.crc32(stream.encode())) & _MASK)


def bits(counter: Words, seed: int, stream: str) -> Words:
    """64 uniform random bits per element of `counter`."""
    z = counter * np.uint64(_GAMMA)
    z += np.uint64(stream_key(seed, stream))
    z ^= z >> np.uint64(30)
    z *= np.uint64(_MIX_1)
    z ^= z >> np.uint64(27)
    z *= np.uint64(_MIX_2)
    z ^= z >> np.uint64(31)
    return z


def bits_of(counter: int, seed: int, stream: str) -> int:
    """64 uniform random bits of one counter, the same as `bits` gives."""
    return mix((counter * _GAMMA + stream_key(seed, stream)) & _MASK)


def below(counter: Words, seed: int, stream: str, upper: int) -> NDArray[np.int64]:
    """Uniform integers in [0, upper), one per element of `counter`; `upper` is at most 2^32."""
    high = bits(counter, seed, stream) >> np.uint64(32)
    return ((high * np.uint64(upper)) >> np.uint64(32)).astype(np.int64)


def field(words: Words, low_bit: int, width: int) -> Words:
    """The integer in `width` bits of each word, from `low_bit` up."""
    return (words >> np.uint64(low_bit)) & np.uint64((1 << width) - 1)


def shuffled(positions: Words, size: int, key: int) -> Words:
    """A bijection of [0, size) onto itself, chosen by `key`, at the positions given.

    Multiplications and shifts that are one-to-one on the next power of two, repeated for what
    falls outside ("cycle walking": Black and Rogaway, "Ciphers with arbitrary finite domains",
    CT-RSA 2002).
    """
    width = (size - 1).bit_length()
    if width < 2:
        return positions.copy()
    shuffled_once = _shuffle_power_of_two(positions, width, key)
    outside = np.flatnonzero(shuffled_once >= np.uint64(size))
    while outside.size:
        moved = _shuffle_power_of_two(shuffled_once[outside], width, key)
        shuffled_once[outside] = moved
        outside = outside[moved >= np.uint64(size)]
    return shuffled_once


def _shuffle_power_of_two(values: Words, width: int, key: int) -> Words:
    mask = np.uint64((1 << width) - 1)
    shift = np.uint64((width + 1) // 2)
    z = values.copy()
    for round_number in range(3):
        word = mix(key + round_number)
        z *= np.uint64(word & ~7 | 5)
        z += np.uint64(word >> 17)
        z &= mask
        z ^= z >> shift
    return z


def mix(z: int) -> int:
    """The finaliser itself, of one integer."""
    z &= _MASK
    z = ((z ^ (z >> 30)) * _MIX_1) & _MASK
    z = ((z ^ (z >> 27)) * _MIX_2) & _MASK
    return z ^ (z >> 31)
