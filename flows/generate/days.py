"""Days as numbers: whole days since 1970-01-01, the way the simulation counts."""

from datetime import date, timedelta
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

EPOCH = date(1970, 1, 1)
SUNDAY = 6

Number = TypeVar("Number", int, NDArray[np.int32])


def number_of(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """The day with this number."""
    return EPOCH + timedelta(days=number)


def weekday(number: Number) -> Number:
    """0 for Monday to 6 for Sunday; takes a number or an array of them."""
    return (number + 3) % 7
