import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from flows.ingest.source.bits import at, before, behind, between, bits, places, total

texts = st.lists(st.sampled_from(b"a\"'\n"), min_size=1, max_size=300).map(bytes)


@given(texts)
@example(b'"' * 64 + b"a")
@example(b"a" * 63 + b'"a')
def test_bits_are_set_where_the_byte_stands(text):
    found = bits(text, b'"')

    expected = [place for place, byte in enumerate(text) if byte == ord('"')]
    assert places(found).tolist() == expected
    assert total(found) == len(expected)
    assert [at(found, place) for place in range(len(text))] == [byte == ord('"') for byte in text]


@given(texts)
@example(b"a" * 63 + b'""a')
def test_neighbours_are_seen_across_words(text):
    found = bits(text, b'"')
    inner = range(1, len(text) - 1)

    assert [at(behind(found), place) for place in inner] == [text[place - 1] == ord('"') for place in inner]
    assert [at(before(found), place) for place in inner] == [text[place + 1] == ord('"') for place in inner]


@given(texts)
@example(b'"' + b"a" * 200 + b'"a')
@example(b"a" * 63 + b'"' + b"a" * 70 + b'"a')
def test_between_is_set_from_an_odd_one_to_before_the_next(text):
    inside = between(bits(text, b'"'))

    expected = [text[: place + 1].count(b'"') % 2 == 1 for place in range(len(text))]
    assert [at(inside, place) for place in range(len(text))] == expected


def test_a_long_text_is_searched_to_its_end():
    text = bytes(1_000_000) + b'"'

    assert places(bits(text, b'"')).tolist() == [1_000_000]
    assert np.array_equal(places(bits(text[::-1], b'"')), [0])
