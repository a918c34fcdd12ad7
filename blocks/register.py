"""`python -m blocks.register [--check] [--overwrite]`: write the blocks from the environment.

Without a Prefect API of the user's own, the blocks go to the isolated Prefect of `data_dir()`.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
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
    snowflake: "SnowflakeSettings", email: "EmailSettings", *, overwrite: bool
) -> list[Registration]:
    """Write both blocks; one that exists is kept unless `overwrite`. Idempotent."""
    from blocks.names import EMAIL_BLOCK, EMAIL_SLUG, WAREHOUSE_BLOCK, WAREHOUSE_SLUG

    return [
        _register(snowflake.to_block(), WAREHOUSE_BLOCK, WAREHOUSE_SLUG, overwrite),
        _register(email.to_block(), EMAIL_BLOCK, EMAIL_SLUG, overwrite),
    ]


def _register(block: "Block", name: str, slug: str, overwrite: bool) -> Registration:
    exists = _exists(block, name)
    if exists and not overwrite:
        return Registration(slug, "kept")
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
            return _check() if options.check else _write(options.overwrite or api_url is None)

    return reported(run, interrupted="run again to continue")


def _write(overwrite: bool) -> int:
    from blocks.settings import read_settings

    for done in register_blocks(*read_settings(), overwrite=overwrite):
        hint = " (exists; --overwrite replaces it)" if done.action == "kept" else ""
        print(f"{done.block}: {done.action}{hint}")
    return 0


def _check() -> int:
    from blocks.check import check_blocks

    findings = check_blocks()
    for finding in findings:
        print(
            f"{finding.block}: "
            + (f"FAILED: {finding.problem}" if finding.problem else f"ok: {finding.detail}")
        )
    return 1 if any(finding.problem for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main())
