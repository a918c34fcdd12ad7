"""The cells of one column: their text, and what was made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

import polars as pl


@dataclass(frozen=True)
class Cells:
    """A column that was read.

    `values` are null where there is nothing or nothing readable. `unreadable` has for each reason
    (without the value, so that equal reasons can be counted) a mask of the rows it holds for; no row is
    in two of them.
    """

    values: pl.Series
    unreadable: dict[str, pl.Series] = field(default_factory=dict)


class WrongKindError(ValueError):
    """A column holds a type that nobody can have meant; the message goes on after its name."""


def as_text(values: pl.Series) -> pl.Series:
    """The same as String; numbers as they print, but whole ones without `.0`, and null for NaN.

    Tools that know no empty integer write `1001` as `1001.0`, and an id must not depend on its neighbours.

    Raises:
        WrongKindError: for nested values and bytes.
    """
    kind = values.dtype
    if kind == pl.String:
        return values
    if kind.is_nested() or kind.is_object():
        raise WrongKindError(f"holds {kind}, not single values")
    if kind in (pl.Binary, pl.Duration):
        raise WrongKindError(f"holds {kind.base_type()} that is not text")
    if kind.is_float():
        values = values.fill_nan(None)
        whole = values.cast(pl.Int64, strict=False)
        return whole.set(whole != values, None).cast(pl.String).fill_null(values.cast(pl.String))
    return values.cast(pl.String)


def is_text(values: pl.Series) -> bool:
    """Whether the file says these are texts."""
    return values.dtype in (pl.String, pl.Categorical, pl.Enum)


def given(text: pl.Series, nothing: Sequence[str]) -> pl.Series:
    """The same, with null for the texts that mean nothing."""
    empty = reduce(or_, (text == word for word in nothing))
    return text.set(empty, None) if empty.any() else text


def trimmed(text: pl.Series, nothing: Sequence[str]) -> pl.Series:
    """Without blanks around, and with null for what means nothing."""
    return given(text.str.strip_chars(), nothing)


def texts(values: pl.Series, nothing: Sequence[str]) -> Cells:
    """Ids and names."""
    return Cells(trimmed(as_text(values), nothing))


class Statuses:
    """Reads one shop's words for the statuses of an entity.

    Args:
        known: our words; they mean themselves.
        theirs: their words, without blanks around, and which of ours, or `ignore`, they mean; case does not
            matter.
    """

    def __init__(self, known: Sequence[str], theirs: Mapping[str, str]) -> None:
        words = [*theirs, *known]
        ours = [*theirs.values(), *known]
        schema = {"word": pl.String, "ours": pl.String}
        meanings = pl.DataFrame({"word": words, "ours": ours}, schema).with_columns(
            pl.col("word").str.to_lowercase()
        )
        self._meanings = meanings.unique("word", keep="first", maintain_order=True)
        self._unknown = f"is not one of {', '.join(known)}"

    def read(self, values: pl.Series, nothing: Sequence[str]) -> Cells:
        """One of ours, or `ignore`."""
        text = as_text(values)
        # there are few words, so what they mean is looked up once a word and not once a row
        words = text.unique().drop_nulls()
        tidy = trimmed(words, nothing).str.to_lowercase()
        ours = tidy.replace_strict(self._meanings["word"], self._meanings["ours"], default=None)
        read = (
            text
            if (words == ours).all(ignore_nulls=False)
            else text.replace_strict(words, ours, default=None)
        )
        unknown = words.filter(tidy.is_not_null() & ours.is_null())
        return Cells(read, {self._unknown: text.is_in(unknown.implode())} if len(unknown) else {})


def mask(rows: pl.Series, height: int) -> pl.Series:
    """A Boolean series that is true in these rows, given by their positions."""
    return pl.repeat(False, height, eager=True).scatter(rows, True)
