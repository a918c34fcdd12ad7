"""Peak memory of the flow process at a million orders."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench.figure import Figure
from bench.processes import run


def figures() -> list[Figure]:
    """Resident memory at its highest, in GiB; the stand-ins are processes of their own."""
    seconds, peak = run("bench/memory.py", "--as-of", "2026-11-21", "--orders-per-day", "33334", "--json")
    return [
        Figure(
            "peak memory of the flow process, 1M orders",
            peak["peak_bytes"] / 2**30,
            "GiB",
            1.5,
            f"{seconds:.0f} s: "
            + ", ".join(f"{step} {taken:.0f}" for step, taken in peak["seconds"].items()),
        )
    ]


if __name__ == "__main__":
    import contextlib
    import io
    import json
    import resource

    from flows.cli import main

    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        status = main(sys.argv[1:])
    if status == 0:
        summary = json.loads(output.getvalue().strip().splitlines()[-1])
        kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({"peak_bytes": kibibytes * 1024, "seconds": summary["seconds"]}))
    sys.exit(status)
