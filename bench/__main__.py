"""`python -m bench [NAME ...]`: measure, then print every figure beside its target."""

import argparse
import importlib
import sys

from bench.figure import Figure, table

MEASURES = (
    "backfill",
    "cold_start",
    "dbt_increment",
    "dbt_step",
    "digest",
    "generate",
    "ingest",
    "memory",
    "test_suite",
    "warm",
)


def main() -> int:
    """Exit status 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("measures", nargs="*", choices=[*MEASURES, []], help="default: all", metavar="NAME")
    chosen = parser.parse_args().measures or MEASURES
    figures: list[Figure] = []
    for name in chosen:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        figures += importlib.import_module(f"bench.{name}").figures()
    print(table(figures))
    return 1 if any(figure.verdict == "NOT MET" for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
