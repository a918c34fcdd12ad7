"""Random numbers that depend on nothing but (seed, stream, counter).

A counter-based generator: the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable
pseudorandom number generators", OOPSLA 2014) applied to a counter, in wrapping UInt64 arithmetic.
Unlike `pl.Expr.hash` it is the same in every version of Polars, and any row can be drawn alone.
"""

import zlib

import polars as pl

_GAMMA = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_MASK = 0xFFFFFFFFFFFFFFFF


def stream_key(seed: int, stream: str) -> int:
    """A 64-bit key for one named stream of draws under one seed."""
    return _mix((seed * _GAMMA + zlib.crc32(stream.encode())) & _MASK)


def draw(counter: pl.Expr, seed: int, stream: str, upper: int) -> pl.Expr:
    """Uniform integers in [0, upper) as UInt64, one per row of `counter` (UInt64)."""
    return bits(counter, seed, stream) % pl.lit(upper, dtype=pl.UInt64)


def bits(counter: pl.Expr, seed: int, stream: str) -> pl.Expr:
    """64 uniform random bits per row of `counter` (UInt64)."""
    z = counter * _u64(_GAMMA) + _u64(stream_key(seed, stream))
    z = (z ^ (z // _u64(1 << 30))) * _u64(_MIX_1)
    z = (z ^ (z // _u64(1 << 27))) * _u64(_MIX_2)
    return z ^ (z // _u64(1 << 31))


def pick(counter: pl.Expr, seed: int, stream: str, values: pl.Series) -> pl.Expr:
    """One of `values` per row, each equally likely; repeat a value to weight it."""
    return pl.lit(values).gather(draw(counter, seed, stream, len(values)))


def _u64(value: int) -> pl.Expr:
    return pl.lit(value, dtype=pl.UInt64)


def _mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * _MIX_1) & _MASK
    z = ((z ^ (z >> 27)) * _MIX_2) & _MASK
    return z ^ (z >> 31)
