"""The command line: arguments in, a summary or one clear error out."""

import argparse
import gc
import json
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from flows.arguments import (
    Parser,
    add_environment,
    add_shop_options,
    calendar_day,
    reported,
    share,
    whole_number,
)
from flows.environments import Environment, named, of_the_shell
from flows.errors import InputError
from flows.prefect_api import configured_api_url, reachable_api

if TYPE_CHECKING:
    from prefect_snowflake import SnowflakeConnector

    from flows.summary import RunSummary


_FIRST_DAY = date(1990, 1, 1)
_LAST_DAY = date(2999, 12, 31)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the pipeline; returns the exit status."""
    started = monotonic()

    def run() -> int:
        options = _parse(arguments)
        _check_installation()
        _check_inputs(options)
        return _run(options, started)

    return reported(run, interrupted="what was loaded stays loaded, run again to continue")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="python flows/main.py",
        description="Simulate or read orders, load them, build the models, tell people what is late.",
    )
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    parser.add_argument(
        "--as-of",
        type=_day,
        default=yesterday,
        metavar="DATE",
        help="day to close, YYYY-MM-DD (default: yesterday)",
    )
    parser.add_argument(
        "--days",
        type=whole_number("days", 1, 3660),
        default=30,
        metavar="N",
        help="days up to it to have loaded (default: 30)",
    )
    add_shop_options(parser)
    parser.add_argument(
        "--source", type=Path, metavar="FILE.toml", help="your own orders instead of simulated ones"
    )
    parser.add_argument(
        "--max-reject-rate",
        type=share,
        metavar="SHARE",
        help="share of rows, 0 to 1, that may be set aside before nothing is loaded (default: as the "
        "source's file says, or 0.05)",
    )
    parser.add_argument(
        "--audiences",
        type=Path,
        metavar="FILE.toml",
        help="who is told on which channels (default: the environment's, such as audiences.toml)",
    )
    add_environment(parser)
    parser.add_argument("--no-notify", action="store_true", help="tell nobody")
    parser.add_argument(
        "--json", action="store_true", help="print the summary as JSON on the last line of stdout"
    )
    return parser.parse_args(arguments)


def _day(text: str) -> date:
    day = calendar_day(text)
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise argparse.ArgumentTypeError(f"the day must lie between {_FIRST_DAY} and {_LAST_DAY}, not {day}")
    return day


def _check_installation() -> None:
    """Complain in words about a Python that lacks the requirements."""
    if find_spec("prefect") is None:
        raise InputError(
            f"{sys.executable} has no Prefect installed; use `make run`, or install with "
            "`pip install -r requirements.txt` and run this again"
        )


def _check_inputs(options: argparse.Namespace) -> None:
    """Complain about a file that is not there, or cannot be, before anything is started."""
    source, shop = options.source, options.shop
    if source is not None and shop is not None:
        raise InputError("--source names your own orders and --shop simulated ones; give one of them")
    if source is not None and source.is_dir():
        raise InputError(f"{source}: is a directory; name the TOML file inside it")
    if source is not None and not source.is_file():
        raise InputError(f"{source}: no such file; data/sample/source.toml is an example")
    if source is None:
        from flows.generate.partitions import days_of
        from flows.generate.shop import described_shop

        first_day = options.as_of - timedelta(days=options.days - 1)
        days_of(described_shop(shop, options.orders_per_day, options.seed), [first_day])


def _run(options: argparse.Namespace, started: float) -> int:
    from flows import console

    console.quiet_prefect()
    gc.disable()  # what imports and parsers make stays, and to look for garbage in it takes seconds
    if configured_api_url() is None:
        from local.session import isolated_session

        where = named(options.env, "--env") if options.env else of_the_shell()
        session: Any = isolated_session(console.say, partial(_prepare, options.as_of, where), where)
    else:
        session = nullcontext()
    with session as stand_ins, reachable_api():
        ready = monotonic()
        summary = _run_flow(options).with_seconds(start=ready - started, total=monotonic() - started)
        if stand_ins:
            summary = summary.with_message_paths(stand_ins.message_paths(summary.alerts.messages))
    _print(summary, options)
    return 0


def _prepare(as_of: date, where: Environment, connector: "SnowflakeConnector") -> None:
    """What a run needs later and can have before there is a Prefect API."""
    from flows.transform.build import parse_ahead
    from flows.transform.environment import connection_variables, dbt_variables

    with connection_variables(dbt_variables(connector)):
        parse_ahead(as_of, where.name)


def _run_flow(options: argparse.Namespace) -> "RunSummary":
    from flows import console
    from flows.heartbeat import no_heartbeat
    from flows.main import ecommerce_pipeline

    gc.freeze()
    gc.enable()
    console.show_progress()
    with no_heartbeat():  # who runs it here sees how it goes; the watchdog looks at deployed runs
        return ecommerce_pipeline(
            as_of=options.as_of,
            days=options.days,
            orders_per_day=options.orders_per_day,
            seed=options.seed,
            shop=str(options.shop.resolve()) if options.shop else None,
            source=str(options.source.resolve()) if options.source else None,
            alert_to=os.environ.get("ALERT_TO") or None,
            notify=not options.no_notify,
            alert_from=os.environ.get("ALERT_FROM") or None,
            max_reject_rate=options.max_reject_rate,
            audiences=str(options.audiences.resolve()) if options.audiences else None,
            environment=options.env,
        )


def _print(summary: "RunSummary", options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(summary.to_json()), flush=True)
        return
    from flows.summary import render

    print(render(summary))
    print("\nTry next")
    for command, what in _suggestions(summary, options):
        print(f"  {what}\n    {command}")
    sys.stdout.flush()


def _suggestions(summary: "RunSummary", options: argparse.Namespace) -> list[tuple[str, str]]:
    following = summary.as_of + timedelta(days=1)

    def same(**defaults: object) -> str:
        """The options that were given, to be given again."""
        return "".join(
            f" --{name.replace('_', '-')} {shlex.quote(str(getattr(options, name)))}"
            for name, default in defaults.items()
            if getattr(options, name) != default
        )

    rate = same(max_reject_rate=None, env=None)
    shop = same(days=30, orders_per_day=None, seed=None, shop=None)
    if options.source:
        source = shlex.quote(os.path.relpath(options.source))
        return [(f'make run ARGS="--source {source} --as-of {following}{rate}"', "the same file a day later")]
    sample = "--source data/sample/source.toml --as-of 2026-10-31"
    return [
        (
            f'make run ARGS="--as-of {following}{shop}{rate}"',
            "the next day: one day is loaded, one digest is sent",
        ),
        (f'ORDERS_DATA_DIR=data/sample-shop make run ARGS="{sample}"', "orders from a file"),
        ("make up", "a Prefect server with its UI, and a worker"),
    ]
