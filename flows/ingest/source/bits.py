"""Where a byte stands in a text, as one bit a byte.

A text of 16 MiB has 16 million places to look at, but only 262,144 words of 64 bits, and what has to be
known of quotes, delimiters and line ends is logic between neighbours. See Langdale and Lemire, "Parsing
Gigabytes of JSON per Second", 2019. Bit `i % 64` of word `i // 64` stands for byte `i`.
"""

from typing import TypeAlias

import numpy as np

Bits: TypeAlias = np.ndarray  # of unsigned 64-bit words

_WORD = np.dtype("<u8")
_ALL = ~np.zeros(1, _WORD)
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
    set_ = np.flatnonzero(np.unpackbits(found[words].view(np.uint8), bitorder="little"))
    return words[set_ >> 6] * 64 + (set_ & 63)


def at(found: Bits, place: int) -> bool:
    """Whether this one is set."""
    return bool(int(found[place // 64]) >> place % 64 & 1)


def behind(found: Bits) -> Bits:
    """Set where the byte before is."""
    shifted = found << np.uint64(1)
    shifted[1:] |= found[:-1] >> np.uint64(63)
    return shifted


def before(found: Bits) -> Bits:
    """Set where the byte behind is."""
    shifted = found >> np.uint64(1)
    shifted[:-1] |= found[1:] << np.uint64(63)
    return shifted


def between(found: Bits) -> Bits:
    """Set from every odd one to just before the next even one: what is inside quotes, if these are quotes."""
    odd = found.copy()
    for distance in (1, 2, 4, 8, 16, 32):
        odd ^= odd << np.uint64(distance)
    ends_inside = np.logical_xor.accumulate(odd >> np.uint64(63) != 0)
    odd[1:][ends_inside[:-1]] ^= _ALL
    return odd
