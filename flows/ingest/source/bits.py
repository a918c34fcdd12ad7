"""Where a byte stands in a text, as one bit a byte.

A text of 16 MiB has 16 million places to look at, but only 262,144 words of 64 bits, and what has to be
known of quotes, delimiters and line ends is logic between neighbours. See Langdale and Lemire, "Parsing
Gigabytes of JSON per Second", 2019. Bit `i % 64` of word `i // 64` stands for byte `i`.
"""

from typing import TypeAlias

import numpy as np

Bits: TypeAlias = np.ndarray  # of unsigned 64-bit words

_WORD = np.dtype("<u8")
_ONE = np.uint64(1)
_AT_ONCE = 256 * 1024  # bytes; what is compared is still in the processor's cache when it is packed


def bits(text: bytes, byte: bytes) -> Bits:
    """Where `byte` stands in `text`."""
    values = np.frombuffer(text, np.uint8)
    found = np.zeros(-(-values.size // 64), _WORD)
    octets = found.view(np.uint8)
    for begin in range(0, values.size, _AT_ONCE):
        packed = np.packbits(values[begin : begin + _AT_ONCE] == byte[0], bitorder="little")
        octets[begin // 8 : begin // 8 + packed.size] = packed
    return found


def total(found: Bits) -> int:
    """How many are set."""
    return int(np.bitwise_count(found).sum(dtype=np.int64))


def places(found: Bits) -> np.ndarray:
    """Which are set, ascending."""
    words = np.flatnonzero(found)
    rest = found[words]
    counts = np.bitwise_count(rest)
    into = np.cumsum(counts, dtype=np.int64) - counts
    set_ = np.empty(total(found), np.int64)
    while rest.size:  # one from each word a turn
        set_[into] = words * 64 + np.bitwise_count(rest ^ (rest - _ONE)) - 1
        rest &= rest - _ONE
        more = rest != 0
        words, rest, into = words[more], rest[more], into[more] + 1
    return set_


def at(found: Bits, place: int) -> bool:
    """Whether this one is set."""
    return bool(int(found[place // 64]) >> place % 64 & 1)


def behind(found: Bits) -> Bits:
    """Set where the byte before is."""
    shifted = found << _ONE
    shifted[1:] |= found[:-1] >> np.uint64(63)
    return shifted


def before(found: Bits) -> Bits:
    """Set where the byte behind is."""
    shifted = found >> _ONE
    shifted[:-1] |= found[1:] << np.uint64(63)
    return shifted


def between(found: Bits) -> Bits:
    """Set from every odd one to just before the next even one: what is inside quotes, if these are quotes."""
    odd, shifted = found.copy(), np.empty_like(found)
    for distance in (1, 2, 4, 8, 16, 32):
        np.left_shift(odd, np.uint64(distance), out=shifted)
        odd ^= shifted
    ends_inside = np.logical_xor.accumulate(odd.view("<i8") < 0)
    np.multiply(ends_inside[:-1], ~np.uint64(0), out=shifted[1:])
    odd[1:] ^= shifted[1:]
    return odd
