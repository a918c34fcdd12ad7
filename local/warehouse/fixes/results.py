"""Fixes to what a statement's result looks like to the client."""

import pyarrow as pa
import pyarrow.compute as pc
from fakesnow import arrow


def apply() -> None:
    """Apply the fixes of this file."""
    arrow.timestamp_to_sf_struct = keep_null_timestamps


def keep_null_timestamps(timestamps: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Send a NULL timestamp as NULL; stock sends 1970-01-01.

    The wire format is a struct of seconds and nanoseconds (and an offset in minutes + 1440), whose own
    validity mask is what the connector reads as NULL. Stock builds the struct without a mask.
    """
    values = timestamps.combine_chunks() if isinstance(timestamps, pa.ChunkedArray) else timestamps
    missing = values.is_null()
    micros = values.cast(pa.timestamp("us", tz=values.type.tz), safe=False).cast(pa.int64()).fill_null(0)
    seconds = _floor_divide(micros, 1_000_000)
    nanos = pc.multiply(pc.subtract(micros, pc.multiply(seconds, 1_000_000)), 1000).cast(pa.int32())
    children = [seconds, nanos]
    fields = [pa.field("epoch", pa.int64(), nullable=False), pa.field("fraction", pa.int32(), nullable=False)]
    if values.type.tz:
        children.append(pa.array([1440] * len(values), pa.int32()))
        fields.append(pa.field("timezone", pa.int32(), nullable=False))
    return pa.StructArray.from_arrays(children, fields=fields, mask=missing)


def _floor_divide(values: pa.Array, divisor: int) -> pa.Array:
    quotient = pc.divide(values, divisor)  # truncates towards zero: wrong second before 1970
    remainder = pc.subtract(values, pc.multiply(quotient, divisor))
    return pc.subtract(quotient, pc.less(remainder, 0).cast(pa.int64()))
