"""A temporary Prefect server on a listening socket it inherits: `python -m local.prefect_server --fd N`.

Prefect starts a temporary server by itself, but only once it is imported and asked for. This one
can be on its way before that, which hides most of its start-up behind the imports of the run.
"""

import argparse
import gc
import os
import socket
import sys

import uvicorn

from local import service


class _Server(uvicorn.Server):
    """Looks for garbage only once it serves: what imports make stays, and looking through it takes long."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.freeze()
        gc.enable()


def main() -> None:
    """Serve the API, without the UI, until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m local.prefect_server", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="descriptor of the listening socket")
    options = parser.parse_args()
    service.stop_with_parent()
    listener = socket.socket(fileno=options.fd)

    # what Prefect sets for its own temporary server
    os.environ.update(PREFECT_UI_ENABLED="0", PREFECT__SERVER_EPHEMERAL="1", PREFECT__SERVER_FINAL="1")
    # at its start a server registers the block types of every installed collection, which means importing
    # dbt and Snowflake's whole client; saving a block registers its type anyway. The memo of what was
    # registered has to go, too: it imports them all to see whether anything is new
    os.environ["PREFECT_API_BLOCKS_REGISTER_ON_START"] = "false"
    os.environ["PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION"] = "false"
    os.environ.pop("PREFECT_API_URL", None)

    gc.disable()
    config = uvicorn.Config(
        "prefect.server.api.server:create_app", factory=True, lifespan="on", log_level="error"
    )
    _Server(config).run(sockets=[listener])


if __name__ == "__main__":
    sys.exit(service.run(main))
