"""`python -m flows.ingest check FILE.toml` and `init DIR`: a shop's own files, before anything is loaded."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from flows.arguments import Parser, calendar_day, reported, share

if TYPE_CHECKING:
    from flows.ingest.tally import Reading

_DAYS_SHOWN = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what was asked for; returns the exit status."""

    def run() -> int:
        options = _parse(arguments)
        return int(options.run(options))

    return reported(run, interrupted="nothing was loaded")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="python -m flows.ingest",
        description="A shop's own files: say what is in them, and see what a run would make of it.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="{check,init}")
    check = commands.add_parser(
        "check", help="read and judge the files, print what would be loaded and rejected, load nothing"
    )
    check.add_argument("source", type=Path, metavar="FILE.toml", help="describes the files")
    check.add_argument(
        "--as-of",
        type=calendar_day,
        default=datetime.now(UTC).date() - timedelta(days=1),
        metavar="DATE",
        help="the day the files are the state of, YYYY-MM-DD (default: yesterday)",
    )
    check.add_argument(
        "--max-reject-rate",
        type=share,
        metavar="SHARE",
        help="largest share of rejected rows (default: as FILE.toml says, or 0.05)",
    )
    check.add_argument("--json", action="store_true", help="print the result as one JSON object")
    check.set_defaults(run=_check)
    init = commands.add_parser("init", help="look at the files of a directory and write a first source.toml")
    init.add_argument("directory", type=Path, metavar="DIR", help="holds the files")
    init.add_argument("--overwrite", action="store_true", help="replace DIR/source.toml")
    init.set_defaults(run=_init)
    return parser.parse_args(arguments)


def _check(options: argparse.Namespace) -> int:
    from flows.ingest.source.description import read_description
    from flows.ingest.source.read import DryRun, read_source_files, reject_limit

    source = read_description(options.source)
    reading = read_source_files(source, options.as_of, DryRun())
    if options.json:
        print(json.dumps(_as_json(options.as_of, reading)), flush=True)
    else:
        print(_render(options.source, options.as_of, reading), flush=True)
    reading.check(reject_limit(options.max_reject_rate, source))
    return 0


def _render(source: Path, as_of: date, reading: "Reading") -> str:
    lines = [f"{source} as of {as_of}; nothing is loaded", ""]
    lines.append(f"  {'':<24}{'read':>12}{'to load':>12}{'rejected':>12}{'ignored':>12}")
    for entity, tally in reading.entities.items():
        counts = [(entity, tally.total)]
        days = sorted(tally.days)
        if len(days) > 1:
            counts += [(f"  {day}", tally.days[day]) for day in days[-_DAYS_SHOWN:]]
        for name, count in counts:
            lines.append(
                f"  {name:<24}{count.read:>12,}{count.loaded:>12,}{count.rejected:>12,}{count.ignored:>12,}"
            )
        if len(days) > _DAYS_SHOWN:
            lines.append(f"    and {len(days) - _DAYS_SHOWN:,} days before")
    for entity, tally in reading.entities.items():
        lines += ["", f"{entity}: {_files(tally.files)}"]
        lines += [f"  rejected  {line}" for line in map(str, tally.reasons)]
        lines += [f"  unknown   {line}" for line in map(str, tally.unknown)]
    return "\n".join(lines)


def _files(files: Sequence[str]) -> str:
    return files[0] if len(files) == 1 else f"{len(files):,} files, {files[0]} to {files[-1]}"


def _as_json(as_of: date, reading: "Reading") -> dict[str, object]:
    return {
        "as_of": as_of.isoformat(),
        "entities": {
            entity: {
                "files": tally.files,
                "days": {
                    day.isoformat(): {
                        "read": count.read,
                        "loaded": count.loaded,
                        "rejected": count.rejected,
                        "ignored": count.ignored,
                    }
                    for day, count in sorted(tally.days.items())
                },
                "reasons": [vars(reason) for reason in tally.reasons],
                "unknown": [vars(unknown) for unknown in tally.unknown],
            }
            for entity, tally in reading.entities.items()
        },
    }


def _init(options: argparse.Namespace) -> int:
    from flows.errors import InputError
    from flows.ingest.source.draft import draft, summary

    target = options.directory / "source.toml"
    if target.exists() and not options.overwrite:
        raise InputError(f"{target}: is there already; --overwrite replaces it")
    text, found = draft(options.directory)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror}") from None
    print(f"{target}: written, from guesses. Look at every line of it, then")
    for line in summary(found):
        print(f"  {line}")
    print(f"  python -m flows.ingest check {target} --as-of DATE")
    return 0


if __name__ == "__main__":
    sys.exit(main())
