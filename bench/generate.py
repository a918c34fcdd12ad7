"""The order simulator against other generators, against the disk, and against its own limits."""

from functools import partial

from bench.figure import Figure, paired
from bench.peers import comparison
from bench.processes import run

SIMULATOR = "bench/simulator.py"
# 10 million rows of all entities
ROWS_10M = ("2026-11-01..2026-11-10", "120000")
# 10 and 31 million orders, and 12 million within ten days
YEAR = ("2026-01-01..2026-12-31", "27400")
THREE_YEARS = ("2025-01-01..2027-12-31", "27400")
TEN_BIG_DAYS = ("2026-11-01..2026-11-10", "1000000")
LONE_BIG_DAY = ("2026-11-10..2026-11-10", "1000000")


def figures() -> list[Figure]:
    """Speed against peers, CPU against writing alone, peak memory, and a day alone against a sweep."""
    return [*comparison.figures(*ROWS_10M), _cpu_over_writing(), *_memory(), _lone_day()]


def _cpu_over_writing() -> Figure:
    """Generating and writing over the writing of the same frames by the same code, imports in neither."""

    def cpu_seconds(mode: str) -> float:
        return run(SIMULATOR, mode, *ROWS_10M)[1]["cpu_seconds"]

    whole, writing = paired(3, partial(cpu_seconds, "command"), partial(cpu_seconds, "writing"))
    return Figure(
        "simulator, CPU, over only writing its frames, 10M rows",
        whole / writing,
        "×",
        1.8,
        f"{whole:.1f} s over {writing:.1f} s of user and system time; imports count in neither",
    )


def _memory() -> list[Figure]:
    """Resident memory of the command at its highest; once each, for it hardly varies."""
    year, years, big = (run(SIMULATOR, "command", *shop) for shop in (YEAR, THREE_YEARS, TEN_BIG_DAYS))

    def mebibytes(result: dict[str, float]) -> float:
        return result["peak_bytes"] / 2**20

    def detail(seconds: float, result: dict[str, float]) -> str:
        sizes = f"{result['orders'] / 1e6:.1f}M orders, {result['rows'] / 1e6:.1f}M rows of all entities"
        return f"{mebibytes(result):.0f} MiB: {sizes}, {seconds:.0f} s with counting them"

    return [
        Figure("simulator, peak memory, a year", mebibytes(year[1]), "MiB", 400, detail(*year)),
        Figure(
            "simulator, peak memory, three years over one",
            years[1]["peak_bytes"] / year[1]["peak_bytes"],
            "×",
            1.1,
            detail(*years),
        ),
        Figure("simulator, peak memory, 1M orders a day", mebibytes(big[1]), "MiB", 400, detail(*big)),
    ]


def _lone_day() -> Figure:
    """Time per row, frames only: what a day costs that has no neighbour to share its look-back with."""

    def microseconds_per_row(shop: tuple[str, str]) -> float:
        made = run(SIMULATOR, "frames", *shop)[1]
        return made["seconds"] / made["rows"] * 1e6

    lone, sweep = paired(
        2, partial(microseconds_per_row, LONE_BIG_DAY), partial(microseconds_per_row, TEN_BIG_DAYS)
    )
    return Figure(
        "simulator, time per row, a lone day over a sweep of ten",
        lone / sweep,
        "×",
        3.0,
        f"{lone:.2f} µs over {sweep:.2f} µs, frames only, in a shop of 1M orders a day",
    )
