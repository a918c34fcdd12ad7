"""A temporary Prefect server on a listening socket it inherits: `python -m local.prefect_server --fd N`.

Prefect starts a temporary server by itself, but only once it is imported and asked for. This one
can be on its way before that, which hides most of its start-up behind the imports of the run.
"""

import argparse
import os
import socket
import sys

from local import service


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
    # dbt and Snowflake's whole client; saving a block registers its type anyway
    os.environ["PREFECT_API_BLOCKS_REGISTER_ON_START"] = "false"
    os.environ.pop("PREFECT_API_URL", None)

    import uvicorn

    config = uvicorn.Config(
        "prefect.server.api.server:create_app", factory=True, lifespan="on", log_level="error"
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    sys.exit(service.run(main))
