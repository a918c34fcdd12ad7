"""`python -m flows.backfill --days A..B`: load many days at once, from the command line."""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from flows.arguments import Parser, add_environment, add_shop_options, calendar_day, reported, whole_number
from flows.prefect_api import configured_api_url, reachable_api

if TYPE_CHECKING:
    from flows.backfill.flow import BackfillSummary

_INTERRUPTED = "the batches loaded before stay loaded, run again to continue"


def main(arguments: Sequence[str] | None = None) -> int:
    """Load the range; returns the exit status."""
    return reported(lambda: _run(_parse(arguments)), interrupted=_INTERRUPTED)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="python -m flows.backfill",
        description="Load every day of a range that is not loaded yet, then build the models.",
    )
    parser.add_argument(
        "--days", required=True, type=_range, metavar="A..B", help="the range, both ends included"
    )
    parser.add_argument(
        "--run-on",
        choices=("this-process", "workers"),
        default="this-process",
        help="use this machine's cores, or start runs on workers (default: this-process)",
    )
    parser.add_argument(
        "--at-once",
        type=whole_number("at once", 1, 100),
        metavar="N",
        help="batches in the making at the same time (default: the machine's cores)",
    )
    parser.add_argument(
        "--days-per-batch",
        type=whole_number("days per batch", 1, 366),
        default=30,
        metavar="N",
        help="the most days that are staged and loaded together (default: 30)",
    )
    parser.add_argument(
        "--digests",
        choices=("none", "every-day"),
        default="none",
        help="whether to tell of each day that was missing (default: none)",
    )
    add_shop_options(parser)
    add_environment(parser)
    parser.add_argument("--json", action="store_true", help="print what was done as JSON on the last line")
    return parser.parse_args(arguments)


def _range(text: str) -> tuple[date, date]:
    first, dots, last = (piece.strip() for piece in text.partition(".."))
    start = calendar_day(first)
    end = calendar_day(last) if dots else start
    if end < start:
        raise argparse.ArgumentTypeError(f"{text!r} ends before it starts")
    return start, end


def _run(options: argparse.Namespace) -> int:
    from flows import console

    console.quiet_prefect()
    if configured_api_url() is None:
        from local.session import isolated_session

        session: Any = isolated_session(console.say, environment=options.env)
    else:
        session = nullcontext()
    with session, reachable_api():
        from flows.backfill.flow import backfill

        console.show_progress()
        first_day, last_day = options.days
        summary = backfill(
            first_day=first_day,
            last_day=last_day,
            orders_per_day=options.orders_per_day,
            seed=options.seed,
            shop=str(options.shop.resolve()) if options.shop else None,
            run_on=options.run_on,
            at_once=options.at_once,
            days_per_batch=options.days_per_batch,
            digests=options.digests,
            environment=options.env,
        )
    print(json.dumps(_as_json(summary)) if options.json else _render(summary), flush=True)
    return 0


def _as_json(summary: "BackfillSummary") -> dict[str, Any]:
    return asdict(summary) | {"first_day": f"{summary.first_day}", "last_day": f"{summary.last_day}"}


def _render(summary: "BackfillSummary") -> str:
    rows = ", ".join(f"{count:,} {entity}" for entity, count in summary.rows.items())
    lines = [
        f"{summary.first_day} to {summary.last_day}",
        "",
        f"  days        {summary.loaded_days:,} loaded, {summary.skipped_days:,} were there",
        f"  rows        {rows or 'none'}",
    ]
    if summary.dbt:
        lines.append(f"  dbt         {summary.dbt.passed} passed, {summary.dbt.warned} warned")
    lines.append(f"  digests     {summary.digests:,} sent")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
