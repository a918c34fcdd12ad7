"""`python -m flows.generate`: partitions of the simulated shop as files; no Prefect, no warehouse."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from flows.arguments import Parser, add_shop_options, calendar_day, days_in, reported


def main(arguments: Sequence[str] | None = None) -> int:
    """Write what was asked for; returns the exit status."""
    return reported(lambda: _run(_parse(arguments)), interrupted="the days finished before are kept")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="python -m flows.generate",
        description="Partitions of the simulated shop as files; no Prefect, no warehouse.",
    )
    parser.add_argument(
        "--days",
        required=True,
        metavar="DAYS",
        help="a day (2026-11-21), a range with both ends (2026-11-01..2026-11-21), several of these with "
        "commas, or a number of days up to --as-of",
    )
    parser.add_argument(
        "--as-of",
        type=calendar_day,
        default=datetime.now(UTC).date() - timedelta(days=1),
        metavar="DATE",
        help="the last day where --days is a number (default: yesterday)",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where DIR/ENTITY/_batch_day=DAY/ is written"
    )
    add_shop_options(parser)
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")
    options = parser.parse_args(arguments)
    try:
        options.days = days_in(options.days, options.as_of)
    except argparse.ArgumentTypeError as error:
        parser.error(f"argument --days: {error}")
    return options


@contextmanager
def _progress(days: int) -> Iterator[Callable[[int, dict[str, int]], None]]:
    """A bar on the terminal, where there is one."""
    if not sys.stderr.isatty():
        yield lambda days, rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    written = 0
    with Progress(
        TextColumn("simulating"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("days  {task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as bar:
        task = bar.add_task("", total=days, rows=0)

        def done(days: int, rows: dict[str, int]) -> None:
            nonlocal written
            written += sum(rows.values())
            bar.update(task, advance=days, rows=written)

        yield done


def _run(options: argparse.Namespace) -> int:
    from flows.generate.export import export
    from flows.generate.shop import described_shop

    shop = described_shop(options.shop, options.orders_per_day, options.seed)
    started = monotonic()
    with _progress(len(options.days)) as done:
        rows = export(shop, options.days, options.out, done)
    seconds = monotonic() - started
    if options.json:
        print(json.dumps({"out": str(options.out), "rows": rows, "seconds": round(seconds, 3)}))
    else:
        each = ", ".join(f"{count:,} {entity}" for entity, count in rows.items())
        print(f"{options.out}: {each} in {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
