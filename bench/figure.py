"""A measured figure beside its target."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table. `target` is the most `value` may be, or the least; None: for information."""

    name: str
    value: float
    unit: str
    target: float | None = None
    detail: str = ""
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """`met`, `not met`, or nothing to meet."""
        if self.target is None:
            return ""
        met = self.value >= self.target if self.at_least else self.value <= self.target
        return "met" if met else "NOT MET"

    @property
    def bound(self) -> str:
        """The target as text, with its direction."""
        if self.target is None:
            return ""
        return f"{'≥' if self.at_least else '≤'} {self.target:g} {self.unit}"


def table(figures: list[Figure]) -> str:
    """The figures as text, one line each and its detail below."""
    lines = [f"{'figure':<58}{'value':>10}  {'target':>10}  "]
    for figure in figures:
        value = f"{figure.value:.2f} {figure.unit}"
        lines.append(f"{figure.name:<58}{value:>10}  {figure.bound:>10}  {figure.verdict}")
        if figure.detail:
            lines.append(f"    {figure.detail}")
    return "\n".join(lines)


def paired(rounds: int, *measures: Callable[[], float]) -> list[float]:
    """Medians of several measures taken in turn, so that what else the machine does hits all alike."""
    taken = [[measure() for measure in measures] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*taken, strict=True)]
