"""Make the next item while the last one is used."""

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def one_ahead(items: Iterable[T]) -> Generator[T, None, None]:
    """The same items; each is made in another thread while the one before is used."""
    remaining, end = iter(items), object()
    with ThreadPoolExecutor(max_workers=1) as maker:
        upcoming = maker.submit(next, remaining, end)
        while (item := upcoming.result()) is not end:
            upcoming = maker.submit(next, remaining, end)
            yield item  # type: ignore[misc]  # not the end
