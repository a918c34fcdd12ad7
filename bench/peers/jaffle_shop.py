"""`jafgen`, the generator of dbt's jaffle shop: its shops, customers, orders, items and tweets as CSV."""

import csv
import tempfile
from pathlib import Path

from bench.peers.environment import executable
from bench.peers.written import Written
from bench.processes import timed

REQUIREMENT = "jafgen==0.4.14"
YEARS = 2


def generate() -> Written:
    """One run of the whole command; its draws are not seeded, so the rows differ from run to run."""
    command = executable(REQUIREMENT, "jafgen")
    with tempfile.TemporaryDirectory(prefix="order-bench-") as directory:
        seconds, _ = timed([str(command), str(YEARS)], Path(directory))
        rows = {path.stem: _rows(path) for path in Path(directory).rglob("*.csv")}
    return Written(sum(rows.values()), rows["raw_orders"], seconds)


def _rows(path: Path) -> int:
    """Records below the header; a quoted text may span lines."""
    with path.open(newline="", encoding="utf-8") as file:
        return sum(1 for _ in csv.reader(file)) - 1
