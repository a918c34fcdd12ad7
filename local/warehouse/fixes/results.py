"""Fixes to what a statement's result looks like to the client."""

import threading
from collections import OrderedDict
from string import Template
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from fakesnow import arrow
from fakesnow.transforms import transforms as stock

RESULTS_BYTES = 32 * 1024 * 1024
RESULTS_COUNT = 200


def apply() -> None:
    """Apply the fixes of this file."""
    describe_tables_of_any_database()
    arrow.timestamp_to_sf_struct = keep_null_timestamps  # type: ignore[assignment]


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


def describe_tables_of_any_database() -> None:
    """Let DESCRIBE TABLE see tables outside the current database; stock finds no columns there, or fails."""
    template = stock.SQL_DESCRIBE_TABLE.template
    everywhere = template.replace("FROM _fs_information_schema.", "FROM _fs_global._fs_information_schema.")
    stock.SQL_DESCRIBE_TABLE = Template(everywhere)


def _floor_divide(values: pa.Array, divisor: int) -> pa.Array:
    quotient = pc.divide(values, divisor)  # truncates towards zero: wrong second before 1970
    remainder = pc.subtract(values, pc.multiply(quotient, divisor))
    return pc.subtract(quotient, pc.less(remainder, 0).cast(pa.int64()))


class RecentResults(OrderedDict[str, Any]):
    """The results kept for RESULT_SCAN and asynchronous queries: the newest, up to a size.

    Stock keeps every result of every session for ever; 97 of them held 265 MB. Snowflake keeps them for a day
    (https://docs.snowflake.com/en/user-guide/querying-persisted-results), on its own disks.
    """

    def __init__(self, limit: int = RESULTS_BYTES) -> None:
        super().__init__()
        self.limit = limit
        self._bytes = 0
        self._lock = threading.RLock()  # every session's thread writes here

    def __setitem__(self, query_id: str, result: Any) -> None:
        with self._lock:
            if query_id in self:
                del self[query_id]
            super().__setitem__(query_id, result)
            self._bytes += size(result)
            while len(self) > 1 and (self._bytes > self.limit or len(self) > RESULTS_COUNT):
                del self[next(iter(self))]

    def __delitem__(self, query_id: str) -> None:
        with self._lock:
            self._bytes -= size(self[query_id])
            super().__delitem__(query_id)


def size(result: Any) -> int:
    """Bytes an entry of the results cache holds: its Arrow table's."""
    return result[0].nbytes if result[0] is not None else 0
