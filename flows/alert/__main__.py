"""`python -m flows.alert`: look at alerts, answer them, and preview a day's digests."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flows import console
from flows.arguments import Parser, add_environment, calendar_day, reported, whole_number
from flows.environments import Environment, chosen, named, of_the_shell
from flows.prefect_api import configured_api_url, reachable_api

if TYPE_CHECKING:
    from prefect_snowflake import SnowflakeConnector
    from snowflake.connector import SnowflakeConnection

    from flows.alert.answers import Which

Command = Callable[["SnowflakeConnection", argparse.Namespace], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""

    def run() -> int:
        options = _parser().parse_args(arguments)
        command = _COMMANDS[options.command]
        console.quiet_prefect()
        with _connected(options.env, options.warehouse_block) as (connection, where):
            options.where = where
            command(connection, options)
        sys.stdout.flush()
        return 0

    return reported(run, interrupted="run again")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m flows.alert", description=__doc__)
    parser.add_argument(
        "--warehouse-block",
        metavar="NAME",
        help="another block of the warehouse than the environment's",
    )
    add_environment(parser)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)

    show = commands.add_parser("list", help="print the open alerts, worst first")
    _which(show)
    show.add_argument("--limit", type=whole_number("limit", 1, 1_000_000), default=50, metavar="N")

    story = commands.add_parser("show", help="print the whole story of one order")
    story.add_argument("order", metavar="ORDER")

    for name, what in (
        ("ack", "somebody is at it: no reminders and no escalation until it is resolved"),
        ("snooze", "silent up to and including a day"),
        ("unsnooze", "not silent any more"),
    ):
        answer = commands.add_parser(name, help=what, description=f"{what}.")
        _which(answer)
        answer.add_argument("--by", required=True, metavar="NAME", help="who answers")
        answer.add_argument("--note", metavar="TEXT", help="why, for whoever reads the alert's story")
        if name == "snooze":
            answer.add_argument(
                "--until", required=True, type=calendar_day, metavar="DATE", help="YYYY-MM-DD"
            )

    preview = commands.add_parser("preview", help="write a day's digests to files and send nothing")
    preview.add_argument(
        "--as-of", type=calendar_day, metavar="DATE", help="default: the day the alerts stand at"
    )
    preview.add_argument("--audiences", type=Path, metavar="FILE.toml", help="another audiences.toml")
    preview.add_argument("--out", type=Path, metavar="DIR", help="default: preview/ below the data directory")
    return parser


def _which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--order", metavar="ID", help="alerts of this order")
    parser.add_argument("--rule", metavar="RULE", help="alerts of this rule")
    parser.add_argument("--carrier", metavar="NAME", help="alerts of parcels this carrier has")
    parser.add_argument("--digest", metavar="ID", help="alerts that a digest told of; its id stands in it")


@contextmanager
def _connected(
    environment: str | None, block: str | None
) -> Iterator[tuple["SnowflakeConnection", Environment]]:
    """A session with the environment's warehouse, and the environment.

    The warehouse is the stored block's, or without a Prefect API that of the variables.
    """
    if configured_api_url() is None:
        from local.session import isolated_warehouse

        where = named(environment, "--env") if environment else of_the_shell()
        with (
            isolated_warehouse(console.say, where) as connector,
            _session(connector, where, None) as connection,
        ):
            yield connection, where
        return
    with reachable_api():
        from blocks.load import load_warehouse

        where = chosen(environment)
        connector = load_warehouse(block or where.warehouse_block)
    with _session(connector, where, block) as connection:
        yield connection, where


@contextmanager
def _session(
    connector: "SnowflakeConnector", where: Environment, block: str | None
) -> Iterator["SnowflakeConnection"]:
    from flows.alert.answers import make_ready
    from flows.warehouse import opener

    with opener(connector, block or where.warehouse_block, "alert")() as connection:
        make_ready(connection, where.name)
        yield connection


def _list(connection: "SnowflakeConnection", options: argparse.Namespace) -> None:
    from flows.alert.story import print_open

    print_open(connection, _meant(options), options.limit)


def _show(connection: "SnowflakeConnection", options: argparse.Namespace) -> None:
    from flows.alert.story import print_story

    print_story(connection, options.order)


def _answer(connection: "SnowflakeConnection", options: argparse.Namespace) -> None:
    from flows.alert.acknowledge import told
    from flows.alert.answers import answer

    which = _meant(options)
    until = getattr(options, "until", None)
    print(told(answer(connection, options.command, which, options.by, options.note, until), which))


def _preview(connection: "SnowflakeConnection", options: argparse.Namespace) -> None:
    from flows.alert.audiences import audiences_file
    from flows.alert.preview import preview

    audiences = options.audiences or audiences_file(options.where.name)
    for path in preview(connection, options.as_of, audiences, options.out):
        print(path)


def _meant(options: argparse.Namespace) -> "Which":
    from flows.alert.answers import Which

    return Which(options.order, options.rule, options.carrier, options.digest)


_COMMANDS: dict[str, Command] = {
    "list": _list,
    "show": _show,
    "ack": _answer,
    "snooze": _answer,
    "unsnooze": _answer,
    "preview": _preview,
}

if __name__ == "__main__":
    sys.exit(main())
