"""Columns of numbers: amounts of money and weights with their decimals, and whole numbers."""

from collections.abc import Sequence
from typing import Protocol

import polars as pl

from flows.ingest.source.cells import Cells, WrongKindError, as_text, given, is_text, mask, trimmed

_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)$"
_WITH_COMMA = r"^[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]*)(?:,[0-9]*)?$"
_WHOLE_DIGITS = 10  # the quantity of RAW.ORDERS is number(10, 0)
_NEEDS_COMMA = " (numbers with a comma need decimal_comma = true)"


class Kind(Protocol):
    """What numbers a column takes: its type, the texts it takes without loss, and what others are told."""

    name: str
    dtype: pl.DataType
    exact: str
    no_number: str
    inexact: str
    too_large: str

    def from_text(self, plain: pl.Series) -> pl.Series:
        """Texts as they mostly are, without or with a decimal point; null where one does not fit."""
        ...

    def from_long_text(self, plain: pl.Series) -> pl.Series:
        """The same for every text that fits, and slower."""
        ...

    def from_numbers(self, numbers: pl.Series) -> pl.Series:
        """Numbers of any type; null where one does not fit."""
        ...


class Decimals:
    """Decimals of a fixed scale. Floats are rounded, for they have noise where their last decimal is."""

    name = "numbers"

    def __init__(self, dtype: pl.Decimal) -> None:
        scale, digits = dtype.scale, (dtype.precision or 38) - dtype.scale
        self.dtype: pl.DataType = dtype
        self.exact = rf"^[+-]?(?:[0-9]+\.?[0-9]{{0,{scale}}}0*|\.[0-9]{{1,{scale}}}0*)$"
        self.no_number = f"is not {'an amount of money like 19.90' if scale == 2 else 'a number like 1.250'}"
        self.inexact = f"has more than {scale} decimals"
        self.too_large = f"has more than {digits} digits before the decimals"
        self._scale, self._limit = scale, 10**digits

    def from_text(self, plain: pl.Series) -> pl.Series:
        """Texts with a decimal point; null where one does not fit."""
        read = plain.cast(self.dtype, strict=False)
        # the cast rounds, and takes exponents
        exact = plain.str.contains(self.exact)
        return read if exact.all() else read.set(~exact, None)

    from_long_text = from_text

    def from_numbers(self, numbers: pl.Series) -> pl.Series:
        """Numbers of any type; null where one does not fit."""
        if numbers.dtype.is_float():
            rounded = numbers.round(self._scale)
            return rounded.set(~(rounded.abs() < self._limit), None).cast(self.dtype, strict=False)
        read = numbers.cast(self.dtype, strict=False)
        return read.set(read != numbers, None)


class WholeNumbers:
    """Int64 of at most ten digits; `3.0` is 3."""

    name = "whole numbers"
    dtype: pl.DataType = pl.Int64()
    exact = r"^[+-]?[0-9]+(?:\.0*)?$"
    no_number = inexact = "is not a whole number like 3"
    too_large = f"has more than {_WHOLE_DIGITS} digits"

    def from_text(self, plain: pl.Series) -> pl.Series:
        """Texts of digits only; null where one does not fit."""
        return self._limited(plain.cast(pl.Int64, strict=False))

    def from_long_text(self, plain: pl.Series) -> pl.Series:
        """Texts of digits, also with decimals that are zero."""
        return self.from_text(plain.set(~plain.str.contains(self.exact), None).str.replace(r"\..*$", ""))

    def from_numbers(self, numbers: pl.Series) -> pl.Series:
        """Numbers of any type; null where one does not fit."""
        read = numbers.cast(pl.Int64, strict=False)
        return self._limited(read.set(read != numbers, None))

    def _limited(self, read: pl.Series) -> pl.Series:
        most = 10**_WHOLE_DIGITS - 1
        large = ~read.is_between(-most, most)
        return read.set(large, None) if large.any() else read


class Numbers:
    """Reads numbers as one shop writes them.

    Args:
        decimal_comma: `1.234,56` and `12,5` are numbers and `12.50` is none; otherwise a comma is in none.
    """

    def __init__(self, decimal_comma: bool) -> None:
        self._decimal_comma = decimal_comma

    def read(self, values: pl.Series, nothing: Sequence[str], kind: Kind) -> Cells:
        """Numbers of this kind; negative ones too.

        Raises:
            WrongKindError: the column holds neither text nor numbers.
        """
        if values.dtype == pl.Null:
            return Cells(values.cast(kind.dtype))
        if is_text(values):
            return self._read_text(given(as_text(values), nothing), nothing, kind)
        if not values.dtype.is_numeric():
            raise WrongKindError(f"holds {values.dtype}, not {kind.name}")
        read = kind.from_numbers(values)
        if read.null_count() == values.null_count():
            return Cells(read)
        rows = (values.is_not_null() & read.is_null()).arg_true()
        wrong = values.gather(rows).cast(pl.String)
        return Cells(
            read, self._reasons(wrong, wrong.str.replace(r"e\+?[0-9]+$", ""), rows, len(values), kind)
        )

    def _read_text(self, text: pl.Series, nothing: Sequence[str], kind: Kind) -> Cells:
        # hardly any value has blanks around it: only what cannot be read is trimmed
        read = kind.from_text(self._with_point(text))
        if read.null_count() == text.null_count():
            return Cells(read)
        rows = (text.is_not_null() & read.is_null()).arg_true()
        left = trimmed(text.gather(rows), nothing)
        plain = self._with_point(left)
        again = kind.from_long_text(plain)
        wrong = left.set(again.is_not_null(), None)
        return Cells(read.scatter(rows, again), self._reasons(wrong, plain, rows, len(text), kind))

    def _with_point(self, text: pl.Series) -> pl.Series:
        """Without marks between thousands and with a point before the decimals; null if it is no number."""
        if not self._decimal_comma:
            return text
        numbers = text.set(~text.str.contains(_WITH_COMMA), None)
        return numbers.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)

    def _reasons(
        self, wrong: pl.Series, plain: pl.Series, rows: pl.Series, height: int, kind: Kind
    ) -> dict[str, pl.Series]:
        """For the texts of `wrong`, which as `plain` do not fit, and stand in these rows of a column."""
        no_number = kind.no_number.replace(".", ",") if self._decimal_comma else kind.no_number
        comma = wrong.str.contains(",", literal=True) & (not self._decimal_comma)
        number = plain.str.contains(_NUMBER).fill_null(False)
        exact = plain.str.contains(kind.exact).fill_null(False)
        why = pl.select(
            pl.when(wrong.is_not_null()).then(
                pl.when(comma)
                .then(pl.lit(no_number + _NEEDS_COMMA))
                .when(~number)
                .then(pl.lit(no_number))
                .when(~exact)
                .then(pl.lit(kind.inexact))
                .otherwise(pl.lit(kind.too_large))
            )
        ).to_series()
        return {
            reason: mask(rows.filter(why == reason), height) for reason in why.unique().drop_nulls().sort()
        }
