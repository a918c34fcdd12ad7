"""Reading, judging and setting aside, against Polars only reading the same file."""

import tempfile
from functools import partial

from bench.figure import Figure, paired
from bench.processes import run

ROUNDS = 5
NAME = "check of a dirty 1M-row CSV, over Polars reading it"


def figures() -> list[Figure]:
    """Time over that of Polars, imports in neither: to the same types, those cast by hand, and as text."""
    with tempfile.TemporaryDirectory(prefix="order-bench-") as directory:
        made = run("bench/exports.py", directory, "1")[1]
        rejected = run("bench/validating.py", "check", directory)[1]["rejected"]
        check, typed, cast, text = paired(
            ROUNDS, *(partial(_seconds, directory, mode) for mode in ("check", "typed", "cast", "text"))
        )
    size = f"{made['rows']:,} rows of 10 columns, {made['bytes'] / 2**20:.0f} MiB, {rejected:,} rows rejected"
    return [
        Figure(
            NAME, check / typed, "×", 2, f"{check:.2f} s over {typed:.2f} s: read_csv(schema=...); {size}"
        ),
        Figure(
            f"{NAME} and casting",
            check / cast,
            "×",
            None,
            f"over {cast:.2f} s: as text, then told each format",
        ),
        Figure(f"{NAME} as text", check / text, "×", None, f"over {text:.2f} s: nothing is typed or judged"),
    ]


def _seconds(directory: str, mode: str) -> float:
    return float(run("bench/validating.py", mode, directory)[1]["seconds"])
