"""`python -m blocks.register [--env ENV] [--check] [--overwrite]`: write an environment's blocks.

What they hold is in the variables of `.env.example`. Without a Prefect API of the user's own, they go to the
isolated Prefect of `data_dir()`.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flows.arguments import Parser, reported
from flows.environments import NAMES, PRODUCTION, VARIABLE, Environment, named, of_the_shell
from flows.errors import InputError
from flows.paths import prefect_home
from flows.prefect_api import configured_api_url, isolate, reachable_api

if TYPE_CHECKING:
    from prefect.blocks.core import Block

    from blocks.settings import EmailSettings, SnowflakeSettings

_PRODUCTION = Environment(PRODUCTION)


@dataclass(frozen=True)
class Registration:
    """What happened to one block: `action` is created, overwritten or kept."""

    block: str
    action: str


def register_blocks(
    snowflake: "SnowflakeSettings",
    email: "EmailSettings",
    webhooks: "Mapping[str, Block] | None" = None,
    *,
    overwrite: bool,
    environment: Environment = _PRODUCTION,
) -> list[Registration]:
    """Write an environment's blocks; one that exists is kept unless `overwrite`. Idempotent.

    Args:
        snowflake: the warehouse.
        email: the mail server.
        webhooks: further blocks, by the slug they are stored under.
        overwrite: whether to replace those that exist.
        environment: whose blocks they are.

    Raises:
        InputError: the warehouse's database is another environment's. Nothing was written.
    """
    from blocks.apart import require_own_database
    from blocks.names import EMAIL_TYPE, WAREHOUSE_TYPE

    require_own_database(snowflake.account, snowflake.database, environment.name)
    blocks = {
        f"{WAREHOUSE_TYPE}/{environment.warehouse_block}": snowflake.to_block(),
        f"{EMAIL_TYPE}/{environment.email_block}": email.to_block(),
        **(webhooks or {}),
    }
    return [_register(block, slug, overwrite) for slug, block in blocks.items()]


def _register(block: "Block", slug: str, overwrite: bool) -> Registration:
    from blocks.quiet import quiet

    _, _, name = slug.rpartition("/")
    exists = _exists(block, name)
    if exists and not overwrite:
        return Registration(slug, "kept")
    with quiet():
        block.save(name, overwrite=True)
    return Registration(slug, "overwritten" if exists else "created")


def _exists(block: "Block", name: str) -> bool:
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    with get_client(sync_client=True) as client:
        try:
            client.read_block_document_by_name(name, type(block).get_block_type_slug())
        except ObjectNotFound:
            return False
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    return reported(lambda: _run(_parse(arguments)), interrupted="run again to continue")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(prog="python -m blocks.register", description=__doc__)
    parser.add_argument("--env", choices=NAMES, help=f"whose blocks (default: {VARIABLE}, else {PRODUCTION})")
    parser.add_argument("--check", action="store_true", help="try the stored blocks; write nothing")
    parser.add_argument(
        "--audiences",
        type=Path,
        metavar="FILE.toml",
        help="with --check: also try the blocks this file names (default: the environment's)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace blocks that exist")
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace) -> int:
    environment = named(options.env, "--env") if options.env else of_the_shell()
    api_url = configured_api_url()
    if api_url is None:
        # Prefect starts its own temporary server on this home, and finds no way to send events to it.
        isolate("")
        _make(prefect_home())
        os.environ.update(
            PREFECT_SERVER_ALLOW_EPHEMERAL_MODE="true",
            PREFECT_LOGGING_LEVEL="CRITICAL",
            PREFECT_LOGGING_INTERNAL_LEVEL="CRITICAL",
        )
    with reachable_api():
        if options.check:
            return _check(environment, options.audiences)
        # the isolated Prefect is nobody's but ours: there the variables always have the last word
        return _write(environment, options.overwrite or api_url is None)


def _make(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot use {home}: {error.strerror}; make it writable or set ORDERS_DATA_DIR"
        ) from None


def _write(environment: Environment, overwrite: bool) -> int:
    from blocks.settings import read_settings, read_webhooks

    webhooks = read_webhooks().to_blocks(environment.name)
    settings = read_settings(environment.name)
    for done in register_blocks(*settings, webhooks, overwrite=overwrite, environment=environment):
        hint = " (exists; --overwrite replaces it)" if done.action == "kept" else ""
        print(f"{done.block}: {done.action}{hint}")
    return 0


def _check(environment: Environment, audiences: Path | None) -> int:
    from blocks.check import check_blocks

    findings = check_blocks(environment, audiences)
    for finding in findings:
        print(
            f"{finding.block}: "
            + (f"FAILED: {finding.problem}" if finding.problem else f"ok: {finding.detail}")
        )
    return 1 if any(finding.problem for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main())
