"""A measured figure beside its target."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table. `target` is the most `value` may be; None: for information."""

    name: str
    value: float
    unit: str
    target: float | None = None
    detail: str = ""

    @property
    def verdict(self) -> str:
        """`met`, `not met`, or nothing to meet."""
        if self.target is None:
            return ""
        return "met" if self.value <= self.target else "NOT MET"


def table(figures: list[Figure]) -> str:
    """The figures as text, one line each and its detail below."""
    lines = [f"{'figure':<58}{'value':>10}  {'target':>10}  "]
    for figure in figures:
        target = f"{figure.target:g} {figure.unit}" if figure.target is not None else ""
        value = f"{figure.value:.2f} {figure.unit}"
        lines.append(f"{figure.name:<58}{value:>10}  {target:>10}  {figure.verdict}")
        if figure.detail:
            lines.append(f"    {figure.detail}")
    return "\n".join(lines)


def paired(rounds: int, *measures: Callable[[], float]) -> list[float]:
    """Medians of several measures taken in turn, so that what else the machine does hits all alike."""
    taken = [[measure() for measure in measures] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*taken, strict=True)]
