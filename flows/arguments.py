"""What the command lines share: complaints as one line, days, and the options that name a simulated shop."""

import argparse
import re
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import NoReturn

from flows.environments import NAMES, VARIABLE
from flows.errors import InputError, PipelineError

MOST_DAYS = 36_600


class Parser(argparse.ArgumentParser):
    """Reports a wrong argument as everything else is reported: one line, status 2."""

    def error(self, message: str) -> NoReturn:
        """Raise the complaint instead of printing the usage."""
        raise InputError(f"{message}; `{self.prog} --help` lists the options")


def reported(run: Callable[[], int], interrupted: str) -> int:
    """The exit status of `run`; what went wrong, or what an interruption left, is one line on stderr."""
    try:
        return run()
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print(f"error: interrupted; {interrupted}", file=sys.stderr)
        return 130


def calendar_day(text: str) -> date:
    """The day written as YYYY-MM-DD, for an argument's `type`."""
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day (YYYY-MM-DD)") from None


def days_in(text: str, as_of: date) -> list[date]:
    """The days that a text means, ascending: a day, `A..B`, several of these, or how many up to `as_of`.

    Raises:
        argparse.ArgumentTypeError: it means none.
    """
    if re.fullmatch(r"\d{1,6}", text.strip()):
        count = int(text)
        if not 1 <= count <= MOST_DAYS:
            raise argparse.ArgumentTypeError(f"days must be between 1 and {MOST_DAYS:,}, not {count:,}")
        if count > (as_of - date.min).days:
            raise argparse.ArgumentTypeError(f"{count:,} days before {as_of} there was no calendar")
        return [as_of - timedelta(days=count - 1 - number) for number in range(count)]
    days: list[date] = []
    for part in text.split(","):
        first, dots, last = (piece.strip() for piece in part.partition(".."))
        start = calendar_day(first)
        end = calendar_day(last) if dots else start
        if end < start:
            raise argparse.ArgumentTypeError(f"{part.strip()!r} ends before it starts")
        if len(days) + (end - start).days >= MOST_DAYS:
            raise argparse.ArgumentTypeError(f"more than {MOST_DAYS:,} days")
        days += [start + timedelta(days=number) for number in range((end - start).days + 1)]
    return sorted(set(days))


def whole_number(name: str, low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers in [low, high], for an argument's `type`."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{name} must be between {low:,} and {high:,}, not {value:,}")
        return value

    return parse


def share(text: str) -> float:
    """The number in [0, 1], for an argument's `type`."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share between 0 and 1, such as 0.05") from None
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"the share must lie between 0 and 1, such as 0.05, not {text}")
    return value


def add_shop_options(parser: argparse.ArgumentParser) -> None:
    """`--shop`, `--orders-per-day` and `--seed`, None where not given."""
    parser.add_argument(
        "--shop",
        type=Path,
        metavar="FILE.toml",
        help="what is simulated; data/sample/shop.toml is an example",
    )
    parser.add_argument(
        "--orders-per-day",
        type=whole_number("orders per day", 1, 10_000_000),
        metavar="N",
        help="size of the simulated shop (default: as its file says, or 1,000)",
    )
    parser.add_argument(
        "--seed",
        type=whole_number("seed", 0, 2**63 - 1),
        metavar="N",
        help="which simulated shop (default: as its file says, or 7)",
    )


def add_environment(parser: argparse.ArgumentParser) -> None:
    """`--env`, None where not given."""
    parser.add_argument(
        "--env",
        choices=NAMES,
        help=f"whose blocks and database are used (default: {VARIABLE}, else what the Prefect server says, "
        "else prod)",
    )
