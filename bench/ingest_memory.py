"""Memory of checking a shop's file, and of staging and loading it: flat however many rows there are."""

import tempfile
from pathlib import Path

from bench.figure import Figure
from bench.processes import run

FEW, MANY = 1, 10
MOST = 1.25


def figures() -> list[Figure]:
    """Resident memory at its highest, of ten million rows over one million; once each, for it hardly varies."""
    with tempfile.TemporaryDirectory(prefix="order-bench-") as home:
        made = {}
        for millions in (FEW, MANY):
            directory = Path(home) / f"{millions}M"
            run("bench/exports.py", str(directory), str(millions))
            made[millions] = (
                run("bench/validating.py", "check", str(directory))[1],
                run("bench/loading.py", "export", str(directory))[1],
            )
    (few_check, few_load), (many_check, many_load) = made[FEW], made[MANY]
    return [
        _figure("check of a CSV", few_check["peak_bytes"], many_check["peak_bytes"], MOST),
        _figure("staging and loading a CSV", few_load["peak_bytes"], many_load["peak_bytes"], MOST),
        _figure(
            "the local warehouse meanwhile",
            few_load["warehouse_peak_bytes"],
            many_load["warehouse_peak_bytes"],
            None,
        ),
    ]


def _figure(what: str, few: float, many: float, target: float | None) -> Figure:
    name = f"peak memory, {MANY}M rows over {FEW}M, {what}"
    return Figure(name, many / few, "×", target, f"{many / 2**20:.0f} MiB over {few / 2**20:.0f} MiB")
