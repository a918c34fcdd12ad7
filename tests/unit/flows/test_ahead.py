from collections.abc import Iterator
from threading import get_ident

import pytest

from flows.ahead import one_ahead


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_the_items_are_the_same_in_the_same_order(count: int) -> None:
    assert list(one_ahead(range(count))) == list(range(count))


def test_an_error_comes_after_the_items_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("disk full")

    seen = []
    with pytest.raises(OSError, match="disk full"):
        seen.extend(item for item in _noted(one_ahead(failing()), seen))
    assert seen == [1, 2]


def _noted(items: Iterator[int], seen: list[int]) -> Iterator[int]:
    for item in items:
        seen.append(item)
        yield from ()


def test_no_more_than_one_item_is_made_before_it_is_asked_for_and_in_another_thread() -> None:
    made: list[int] = []
    threads = set()

    def items() -> Iterator[int]:
        for number in range(10):
            made.append(number)
            threads.add(get_ident())
            yield number

    for number in one_ahead(items()):
        assert number in made
        assert len(made) <= number + 2
    assert made == list(range(10))
    assert get_ident() not in threads


def test_whoever_stops_early_waits_for_nothing_more() -> None:
    made: list[int] = []
    items = one_ahead(made.append(number) or number for number in range(1_000))
    assert next(items) == 0
    items.close()
    assert len(made) <= 2
