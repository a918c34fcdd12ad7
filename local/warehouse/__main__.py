"""Command line of the local warehouse: `python -m local.warehouse [--port P]`."""

import os
import sys

from local import service

DEFAULT_PORT = 8584


def main() -> None:
    """Serve until told to stop."""
    parser = service.arguments("warehouse", "A Snowflake stand-in on this machine.", DEFAULT_PORT)
    parser.add_argument(
        "--in-progress-after",
        type=float,
        default=45.0,
        metavar="SECONDS",
        help="answer that a statement is still running after this time (default 45)",
    )
    options = parser.parse_args()
    if options.with_parent:
        service.stop_with_parent()

    from flows import paths

    with service.claimed("warehouse", paths.warehouse_dir()) as claim:
        listener = service.listen("warehouse", options.port)
        from local.warehouse import server  # slow to import: only once the directory and the port are ours

        server.serve(claim, listener, verbose=options.verbose, patience=options.in_progress_after)


if __name__ == "__main__":
    status = service.run(main)
    sys.stdout.flush()
    os._exit(status)  # everything is closed; DuckDB's Python binding reports leaks if the interpreter looks
