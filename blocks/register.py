"""`python -m blocks.register [--check] [--overwrite]`: write the blocks from the environment.

Without a Prefect API of the user's own, the blocks go to the isolated Prefect of `data_dir()`.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flows.arguments import reported
from flows.prefect_api import configured_api_url, isolate, reachable_api

if TYPE_CHECKING:
    from prefect.blocks.core import Block

    from blocks.settings import EmailSettings, SnowflakeSettings


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
) -> list[Registration]:
    """Write the blocks; one that exists is kept unless `overwrite`. Idempotent.

    Args:
        snowflake: the warehouse.
        email: the mail server.
        webhooks: further blocks, by the slug they are stored under.
        overwrite: whether to replace those that exist.
    """
    from blocks.names import EMAIL_SLUG, WAREHOUSE_SLUG

    blocks = {WAREHOUSE_SLUG: snowflake.to_block(), EMAIL_SLUG: email.to_block(), **(webhooks or {})}
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
    parser = argparse.ArgumentParser(prog="python -m blocks.register", description=__doc__)
    parser.add_argument("--check", action="store_true", help="connect with the stored blocks; write nothing")
    parser.add_argument(
        "--audiences",
        type=Path,
        metavar="FILE.toml",
        help="with --check: also try the blocks this file names (default: audiences.toml)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace blocks that exist")
    options = parser.parse_args(arguments)

    api_url = configured_api_url()
    if api_url is None:
        # Prefect starts its own temporary server on this home.
        isolate("")
        os.environ.update(PREFECT_SERVER_ALLOW_EPHEMERAL_MODE="true", PREFECT_LOGGING_LEVEL="WARNING")

    def run() -> int:
        with reachable_api():
            # the isolated Prefect is nobody's but ours: there the environment always has the last word
            return (
                _check(options.audiences) if options.check else _write(options.overwrite or api_url is None)
            )

    return reported(run, interrupted="run again to continue")


def _write(overwrite: bool) -> int:
    from blocks.settings import read_settings, read_webhooks

    webhooks = read_webhooks().to_blocks()
    for done in register_blocks(*read_settings(), webhooks, overwrite=overwrite):
        hint = " (exists; --overwrite replaces it)" if done.action == "kept" else ""
        print(f"{done.block}: {done.action}{hint}")
    return 0


def _check(audiences: Path | None) -> int:
    from blocks.check import check_blocks

    findings = check_blocks(audiences)
    for finding in findings:
        print(
            f"{finding.block}: "
            + (f"FAILED: {finding.problem}" if finding.problem else f"ok: {finding.detail}")
        )
    return 1 if any(finding.problem for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main())
