"""Progress of long work: lines a person can follow, seldom enough to be read."""

from collections.abc import Callable
from time import monotonic

LINE_SECONDS = 10.0


def seldom(report: Callable[[str], None], seconds: float = LINE_SECONDS) -> Callable[[str], None]:
    """Passes on at most one line in `seconds`, and none in the first ones: what is quick needs none."""
    last = monotonic()

    def say(line: str) -> None:
        nonlocal last
        if monotonic() - last >= seconds:
            last = monotonic()
            report(line)

    return say
