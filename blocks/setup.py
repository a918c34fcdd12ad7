"""`python -m blocks.setup [--env ENV] [--database NAME]`: print the script that prepares an account.

That is `snowflake_setup.sql`, in which every name of production's is that of another environment: database,
warehouse, user and both roles. So what it grants there reaches nothing of production's.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from blocks.databases import DATABASES, default_of
from flows.arguments import Parser, reported
from flows.environments import NAMES, PRODUCTION, VARIABLE, named, of_the_shell
from flows.errors import InputError

SCRIPT = Path(__file__).with_name("snowflake_setup.sql")
# The names of production's that stand in the script: the database, and all that an account has only one of.
_DATABASE = "ecommerce_db"
_WAREHOUSE = "ecommerce_wh"
_PIPELINE = "order_pipeline"  # a role and a user
_READER = "order_reader"
PRODUCTIONS = (_DATABASE, _WAREHOUSE, _PIPELINE, _READER)
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_$]*", re.IGNORECASE)


def script(environment: str, database: str | None = None) -> str:
    """The script for an environment.

    Args:
        environment: production's is the file as it is.
        database: instead of the environment's own, such as one a developer.

    Raises:
        InputError: the database cannot have that name, or it is another environment's.
    """
    text = SCRIPT.read_text(encoding="utf-8")
    if database is not None:
        _require_own(database, environment)
    if environment == PRODUCTION:
        return _renamed(text, {_DATABASE: (database or _DATABASE).lower()})
    names = {
        _DATABASE: (database or DATABASES[environment]).lower(),
        _WAREHOUSE: f"ecommerce_{environment}_wh",
        _PIPELINE: f"{_PIPELINE}_{environment}",
        _READER: f"{_READER}_{environment}",
    }
    return _header(environment, names) + _renamed(text, names)


def _renamed(text: str, names: dict[str, str]) -> str:
    """The text with whole identifiers replaced, in any case and nothing else."""
    return _IDENTIFIER.sub(lambda found: names.get(found[0].lower(), found[0]), text)


def _require_own(database: str, environment: str) -> None:
    if not _IDENTIFIER.fullmatch(database):
        raise InputError(
            f"environment {environment}: {database!r} cannot name a database here: use letters, digits and _"
        )
    owner = default_of(database)
    if owner not in (None, environment):
        raise InputError(
            f"environment {environment}: {database} is the database of {owner}; name another one"
        )


def _header(environment: str, names: dict[str, str]) -> str:
    user, warehouse, database = (names[name].upper() for name in (_PIPELINE, _WAREHOUSE, _DATABASE))
    return (
        f"-- The account of environment {environment}. Afterwards its blocks are registered by\n"
        f"-- `python -m blocks.register --env {environment}` with\n"
        f"--   SNOWFLAKE_USER={user} SNOWFLAKE_ROLE={user}\n"
        f"--   SNOWFLAKE_WAREHOUSE={warehouse} SNOWFLAKE_DATABASE={database}\n"
        "--\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    return reported(lambda: _run(_parse(arguments)), interrupted="nothing was changed")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(prog="python -m blocks.setup", description=__doc__)
    parser.add_argument("--env", choices=NAMES, help=f"whose names (default: {VARIABLE}, else {PRODUCTION})")
    parser.add_argument("--database", metavar="NAME", help="another database, such as one a developer")
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace) -> int:
    environment = named(options.env, "--env") if options.env else of_the_shell()
    sys.stdout.write(script(environment.name, options.database))
    return 0


if __name__ == "__main__":
    sys.exit(main())
