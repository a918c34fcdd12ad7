"""Command line of the local mailbox: `python -m local.mailbox [--port P]`."""

import sys

from flows import paths
from local import service

DEFAULT_PORT = 8525


def main() -> None:
    """Receive until told to stop."""
    options = service.arguments(
        "mailbox", "An SMTP server that writes every message to a file.", DEFAULT_PORT
    ).parse_args()
    if options.with_parent:
        service.stop_with_parent()
    with service.claimed("mailbox", paths.data_dir() / "mailbox") as claim:
        listener = service.listen("mailbox", options.port)
        from local.mailbox import server

        server.serve(claim, listener, paths.outbox_dir(), verbose=options.verbose)


if __name__ == "__main__":
    sys.exit(service.run(main))
