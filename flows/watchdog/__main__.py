"""`python -m flows.watchdog register|unregister|check`: notice that nothing has happened."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from flows.arguments import Parser, add_environment, reported, whole_number
from flows.errors import InputError
from flows.prefect_api import configured_api_url, reachable_api

DEPLOYMENT = "ecommerce-pipeline/daily"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked for; returns the exit status, 1 where `check` finds silence."""

    def run() -> int:
        options = _parse(arguments)
        if configured_api_url() is None:
            raise InputError(
                "no Prefect server is configured, so nothing is scheduled that could be watched; set "
                "PREFECT_API_URL"
            )
        with reachable_api():
            return {"register": _register, "unregister": _unregister, "check": _check}[options.command](
                options
            )

    return reported(run, interrupted="run again")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(prog="python -m flows.watchdog", description="Notice that nothing has happened.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)
    register = commands.add_parser("register", help="let the Prefect server watch")
    unregister = commands.add_parser("unregister", help="let it watch no more")
    check = commands.add_parser("check", help="look now, and tell the operators; needs no worker")
    for command in (register, unregister, check):
        command.add_argument(
            "--deployment", default=DEPLOYMENT, metavar="NAME", help="who is watched (default: %(default)s)"
        )
    for command in (register, check):
        command.add_argument(
            "--within",
            default="26h",
            metavar="TIME",
            help="how long a success is worth: 26h, 90m, 30s (default: %(default)s)",
        )
        command.add_argument(
            "--audiences",
            type=Path,
            metavar="FILE.toml",
            help="which says who the operators are (default: the environment's, such as audiences.toml)",
        )
        add_environment(command)
    register.add_argument(
        "--heartbeat",
        type=whole_number("heartbeat", 4, 3600),
        default=180,
        metavar="SECONDS",
        help="PREFECT_FLOWS_HEARTBEAT_FREQUENCY of the workers; a run that gives no sign of life for three "
        "times as long is marked as crashed (default: %(default)s, as Prefect's)",
    )
    return parser.parse_args(arguments)


def _register(options: argparse.Namespace) -> int:
    from datetime import timedelta

    from flows.alert.audiences import audiences_file, read_audiences
    from flows.environments import chosen
    from flows.watchdog import automations
    from flows.watchdog.silence import duration

    environment = chosen(options.env)
    file = options.audiences or audiences_file(environment.name)
    operators = read_audiences(file).operators
    heartbeat = timedelta(seconds=options.heartbeat)
    automations.write(
        [
            automations.silence(
                options.deployment, duration(options.within), options.within, operators, environment
            ),
            automations.gone(options.deployment, heartbeat),
        ]
    )
    print(f"{options.deployment}: the operators are told if no run succeeds in {options.within}")
    if operators is None:
        print(f"  {file} has no table [operators]: nobody can be told")
    elif operators.reached.email:
        print("  by e-mail, if a worker is alive to send it; `python -m flows.watchdog check` needs none")
    print(f"runs without a sign of life for {automations.BEATS * options.heartbeat} s are marked as crashed")
    return 0


def _unregister(options: argparse.Namespace) -> int:
    from flows.watchdog import automations

    count = automations.remove(automations.names(options.deployment))
    print(f"{count} automation(s) removed")
    return 0


def _check(options: argparse.Namespace) -> int:
    from flows.environments import chosen
    from flows.watchdog.silence import look
    from flows.watchdog.tell import tell

    found = look(options.deployment, options.within)
    print(found)
    if not found.is_silent:
        return 0
    told = tell(found.notice(), found.key, chosen(options.env), print, options.audiences)
    for recipient in told.reached:
        print(f"told {recipient}")
    for problem in told.problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1


_COMMANDS = {"register": _register, "unregister": _unregister, "check": _check}

if __name__ == "__main__":
    sys.exit(main())
