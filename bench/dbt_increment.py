"""dbt builds: one more day after years of history, everything at once, and nothing new at all.

`python bench/dbt_increment.py ORDERS` measures a shorter history.
"""

import sys
import tempfile
from datetime import timedelta
from functools import partial
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench.dbt_history import DAY_ORDERS, LAST_DAY
from bench.figure import Figure, paired, table
from bench.processes import run

WORK = "bench/dbt_work.py"
ORDERS = 10_000_000
WHOLE_ROUNDS, DAY_ROUNDS, WARM_ROUNDS = 3, 5, 5
# with an address given, prefect-dbt's client starts no server; nobody is asked there
NO_SERVER = "http://127.0.0.1:1/api"


def figures(orders: int = ORDERS) -> list[Figure]:
    """A day on a history over that day alone, all of it over plain DuckDB, a warm build over a cold one."""
    with tempfile.TemporaryDirectory(prefix="order-bench-") as directory:
        small, large = Path(directory) / "odd", Path(directory) / "history"
        _check_reference(small)
        _work("history", str(orders), data_dir=large)
        # leaves the models as they stand after the last day of the history
        whole = _whole(large, orders)
        return [_day(large, orders), *whole, _warm()]


def _check_reference(home: Path) -> None:
    """The script for DuckDB makes the tables that dbt makes, or there is nothing to compare.

    Raises:
        RuntimeError: it does not.
    """
    for mode in ("odd", "whole", "check"):
        _work(mode, data_dir=home)


def _whole(home: Path, orders: int) -> list[Figure]:
    models = _seconds("models", data_dir=home)
    reference, whole = paired(
        WHOLE_ROUNDS, partial(_seconds, "reference", data_dir=home), partial(_seconds, "whole", data_dir=home)
    )
    size = f"{orders / 1e6:g}M orders"
    return [
        Figure(
            f"dbt build of everything, {size}, over plain DuckDB",
            whole / reference,
            "×",
            1.6,
            f"{whole:.1f} s with the data tests over {reference:.1f} s of a script for the same tables",
        ),
        Figure(
            f"dbt models alone, {size}, over plain DuckDB",
            models / reference,
            "×",
            None,
            f"{models:.1f} s, measured once",
        ),
    ]


def _day(home: Path, orders: int) -> Figure:
    """Both in processes of the same kind, which have parsed the project before, as a run of the pipeline has.

    Command lines would add the same seconds of imports and parsing to both, and hide what history costs.
    """
    days = [str(LAST_DAY + timedelta(days=later)) for later in range(1, DAY_ROUNDS + 1)]
    after, before = iter(days), iter(days)
    incremental, alone = paired(
        DAY_ROUNDS,
        lambda: _seconds("day", next(after), str(orders), data_dir=home),
        lambda: _seconds("day", next(before), str(orders)),
    )
    return Figure(
        f"dbt build of a day of {DAY_ORDERS:,} on {orders / 1e6:g}M orders",
        incremental / alone,
        "×",
        1.5,
        f"{incremental:.1f} s over {alone:.1f} s for the same rows in an empty warehouse; parsed before",
    )


def _warm() -> Figure:
    warm, cold = paired(WARM_ROUNDS, partial(_seconds, "warm"), partial(_seconds, "cold"))
    return Figure(
        "dbt build with nothing new, warm, over a cold command",
        warm / cold,
        "×",
        0.4,
        f"{warm:.1f} s where it was built before over {cold:.1f} s of `dbt build` on the command line",
    )


def _seconds(*arguments: str, data_dir: Path | None = None) -> float:
    return float(_work(*arguments, data_dir=data_dir)["seconds"])


def _work(*arguments: str, data_dir: Path | None = None) -> dict[str, float]:
    return run(WORK, *arguments, data_dir=data_dir, PREFECT_API_URL=NO_SERVER)[1]


if __name__ == "__main__":
    print(table(figures(int(sys.argv[1]))))
