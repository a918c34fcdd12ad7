"""Missing days, cut into spans that are staged and loaded one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise


@dataclass(frozen=True)
class Span:
    """Some days, ascending and once each; they need not be consecutive."""

    days: tuple[date, ...]

    def __str__(self) -> str:
        return f"{self.days[0]}..{self.days[-1]}" if len(self.days) > 1 else str(self.days[0])


def spans_of(days: Sequence[date], days_per_batch: int) -> list[Span]:
    """As few spans of at most `days_per_batch` days as there can be, of about the same size.

    Args:
        days: ascending, once each.
        days_per_batch: the most days a span may have.
    """
    if not days:
        return []
    count = -(-len(days) // days_per_batch)
    cuts = [len(days) * number // count for number in range(count + 1)]
    return [Span(tuple(days[start:end])) for start, end in pairwise(cuts)]
