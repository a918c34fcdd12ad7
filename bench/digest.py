"""A mail about a hundred thousand open breaches: how long it takes, and how large it is."""

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench.figure import Figure
from bench.processes import run

BREACHES = 100_000
IDS = ("dated", "random")


def figures() -> list[Figure]:
    """From the frames to the message's bytes, with what is imported on the way; once for each kind of ids."""
    return [figure for ids in IDS for figure in _of(ids, run("bench/digest.py", ids)[1])]


def _of(ids: str, made: dict[str, float]) -> list[Figure]:
    what = f"digest of {BREACHES:,} breaches, {ids} ids"
    held = f"{made['rows']:,} of them in the attachment, {made['columns']:.0f} columns"
    return [
        Figure(f"{what}, time", made["seconds"], "s", 5.0, f"{made['explain_seconds']:.2f} s to explain"),
        Figure(f"{what}, size", made["bytes"] / 1e6, "MB", 1.0, held),
    ]


def _measure(ids: str) -> dict[str, float]:
    """One digest, in this process."""
    from dataclasses import replace
    from time import monotonic

    from bench.breaches import digest_of, population
    from flows.alert.attachment import attach

    digest, orders = digest_of(BREACHES, ids), population()
    started = monotonic()
    from flows.alert.channels.message import compose
    from flows.alert.explain import explain

    told = replace(digest, explanation=explain(digest.alerts, orders))
    explained = monotonic()
    mail = compose(told, "shop@example.com", ["ops@example.com"], "<sla.20261121.0123456789@example.com>")
    content = mail.as_bytes()
    seconds = monotonic() - started
    attachment = attach(digest.alerts, digest.as_of)
    return {
        "seconds": seconds,
        "explain_seconds": explained - started,
        "bytes": len(content),
        "rows": attachment.rows,
        "columns": len(attachment.columns),
    }


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1])))
