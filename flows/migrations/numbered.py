"""The numbered migrations: `versions/NNNN_name.sql`, never changed once they have been applied anywhere."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DIRECTORY = Path(__file__).parent / "versions"
_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


@dataclass(frozen=True)
class Migration:
    """One step: its number, counted from 1, its name, and the statements."""

    number: int
    name: str
    sql: str

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"{self.number:04}_{self.name}.sql"

    @property
    def checksum(self) -> str:
        """What the record knows its text by; the same whatever ends its lines."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@cache
def migrations(directory: Path = DIRECTORY) -> tuple[Migration, ...]:
    """All of them, in order.

    Raises:
        ValueError: a file's name is none, a number is missing or stands twice. A mistake of whoever wrote it.
    """
    found = []
    for path in sorted(directory.glob("*.sql")):
        parts = _FILE.fullmatch(path.name)
        if parts is None:
            raise ValueError(f"{path.name}: a migration is named NNNN_name.sql")
        found.append(Migration(int(parts[1]), parts[2], path.read_text(encoding="utf-8")))
    if [one.number for one in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"{directory}: migrations are numbered from 0001, each number once")
    return tuple(found)
