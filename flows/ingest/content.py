"""What a day partition says, as a hash."""

import hashlib

import polars as pl

from flows.ingest.quarantine import CONTENT


class Content:
    """SHA-256 over names and values as text, so that memory layout and versions play no part.

    What was set aside counts too, but neither its file nor its line: records may move within an export.
    """

    def __init__(self, empty: pl.DataFrame) -> None:
        self._rows = hashlib.sha256()
        self._rejects = hashlib.sha256()
        self._rejected = False
        self._feed(self._rows, empty, header=True)

    def add(self, rows: pl.DataFrame) -> None:
        """More rows of the same day."""
        self._feed(self._rows, rows, header=False)

    def set_aside(self, rejects: pl.DataFrame) -> None:
        """More rejected rows of the same day."""
        self._rejected = True
        self._feed(self._rejects, rejects.select(CONTENT), header=False)

    def digest(self) -> str:
        """The hash of what there is so far; without rejected rows it is that of the rows."""
        if not self._rejected:
            return self._rows.hexdigest()
        return hashlib.sha256(self._rows.digest() + self._rejects.digest()).hexdigest()

    @staticmethod
    def _feed(digest: "hashlib._Hash", rows: pl.DataFrame, header: bool) -> None:
        rows.write_csv(_Sink(digest), include_header=header, null_value="\\N")  # type: ignore[call-overload]


class _Sink:
    """A file-like object that feeds what is written to it into a hash."""

    def __init__(self, digest: "hashlib._Hash") -> None:
        self._digest = digest

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is buffered."""
