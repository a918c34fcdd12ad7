"""Entries of small pools for millions of rows."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray


def chosen(pool: pl.Series, positions: NDArray[Any]) -> pl.Series:
    """The entries at these positions, none of which is negative.

    Several times as fast as `Series.gather`, which looks for negative positions first.
    """
    return pool[pl.Series(positions.astype(np.uint32, copy=False))]
