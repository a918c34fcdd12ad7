from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from flows.backfill.spans import spans_of

START = date(2025, 1, 1)


@given(st.sets(st.integers(0, 900), max_size=400), st.integers(1, 366))
def test_every_missing_day_stands_in_one_span_and_no_span_is_too_long(numbers: set[int], most: int) -> None:
    days = [START + timedelta(days=number) for number in sorted(numbers)]
    spans = spans_of(days, most)
    assert [day for span in spans for day in span.days] == days
    assert all(1 <= len(span.days) <= most for span in spans)


@given(st.integers(1, 1000), st.integers(1, 366))
def test_spans_are_few_and_about_the_same_size(count: int, most: int) -> None:
    spans = spans_of([START + timedelta(days=number) for number in range(count)], most)
    assert len(spans) == -(-count // most)
    sizes = {len(span.days) for span in spans}
    assert max(sizes) - min(sizes) <= 1


def test_a_span_is_named_by_its_ends() -> None:
    one, two = spans_of([START, START + timedelta(days=1), START + timedelta(days=5)], 2)
    assert (str(one), str(two)) == ("2025-01-01", "2025-01-02..2025-01-06")
