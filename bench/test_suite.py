"""How long the tests take."""

import subprocess
from time import monotonic

from bench.figure import Figure
from flows.paths import REPOSITORY


def figures() -> list[Figure]:
    """Minutes of one run of the whole suite."""
    started = monotonic()
    done = subprocess.run(["make", "test", "ARGS=-q"], cwd=REPOSITORY, capture_output=True, text=True)
    minutes = (monotonic() - started) / 60
    said = (done.stdout.strip().splitlines() or ["no output"])[-1]
    if done.returncode:
        raise RuntimeError(f"the tests failed, so their time says nothing: {said}")
    return [Figure("make test, after installation", minutes, "min", 6, said)]
