"""The first `source.toml` of a directory: guesses, each with a word on what it rests on."""

from collections.abc import Sequence
from pathlib import Path

import tomlkit
from tomlkit import TOMLDocument
from tomlkit.items import Table

from flows.errors import SourceError
from flows.ingest.source.guess import Guess, guesses, samples_of
from flows.tables import REQUIRED_ORDER_COLUMNS, STATUSES

_EXAMPLES = 3
# what people are called is not copied into a file that may be committed
_PERSONAL = ("name", "email")


def draft(directory: Path) -> tuple[str, list[Guess]]:
    """Text of a `source.toml` for the files of a directory, and what was guessed.

    Raises:
        SourceError: it is no directory, or nothing in it looks like orders.
    """
    if not directory.exists():
        raise SourceError(f"{directory}: no such directory")
    if not directory.is_dir():
        raise SourceError(f"{directory}: is a file; name the directory that holds it")
    samples, unreadable = samples_of(directory)
    found = guesses(samples)
    if not any(guess.entity == "orders" for guess in found):
        seen = [f"{sample.path} ({', '.join(sample.frame.columns)[:80]})" for sample in samples]
        seen += list(unreadable.values())
        raise SourceError(
            f"{directory}: nothing here looks like orders; "
            + (f"seen: {'; '.join(seen)}" if seen else "looked for .csv, .parquet and .ndjson files")
            + ". data/sample/source.toml shows what can be described by hand"
        )
    document = tomlkit.document()
    _say(
        document,
        f"Guessed from the files in {directory.name or directory}. Look at every line, then try it:",
        "  python -m flows.ingest check source.toml --as-of DATE",
        "What can be said here, with examples: data/sample/source.toml",
    )
    for name, reason in unreadable.items():
        _say(document, f"not looked at: {name}: {reason}")
    used = {guess.sample.path for guess in found}
    for sample in samples:
        if sample.path not in used:
            _say(document, f"not used: {sample.path} ({', '.join(sample.frame.columns)[:80]})")
    document.add(tomlkit.nl())
    _say(document, "zone of timestamps written without an offset")
    _say(document, 'time_zone = "UTC"')
    for guess in sorted(found, key=lambda guess: guess.entity != "orders"):
        document.add(tomlkit.nl())
        document[guess.entity] = _entity(guess)
    return tomlkit.dumps(document), found


def _entity(guess: Guess) -> Table:
    table = tomlkit.table()
    sample = guess.sample
    table["path"] = sample.path
    if sample.files > 1:
        table["path"].comment(f"{sample.files} files")
    if sample.encoding not in ("utf-8", "ascii"):
        table["encoding"] = sample.encoding
    if sample.delimiter != ",":
        table["delimiter"] = sample.delimiter
    if guess.decimal_comma:
        table["decimal_comma"] = True
    if guess.date_formats:
        table["date_formats"] = list(guess.date_formats)
    if guess.swapped:
        _say(table, f"the dates could as well be {', '.join(guess.swapped)}: nothing in them tells; check")
    _change_day(table, guess)
    missing = _missing(guess)
    if missing:
        _say(table, f"required, and not found: {', '.join(missing)}; name them in [orders.columns]")
    renamed = {theirs: ours for theirs, ours in guess.columns.items() if theirs.strip().lower() != ours}
    if renamed or missing:
        table["columns"] = _columns(guess, renamed)
    if guess.statuses:
        table["statuses"] = _statuses(guess.statuses)
    return table


def _change_day(table: Table, guess: Guess) -> None:
    _say(table, 'change_day = "snapshot": the file is the state at the as-of day')
    changed = next((theirs for theirs, ours in guess.columns.items() if ours == "updated_at"), None)
    if changed:
        _say(
            table,
            "If instead it holds whole days of changes, each row under the day it changed:",
            f"change_day = {tomlkit.item(changed).as_string()}",
        )


def _missing(guess: Guess) -> list[str]:
    if guess.entity != "orders":
        return []
    return [ours for ours in REQUIRED_ORDER_COLUMNS if ours not in guess.columns.values()]


def _columns(guess: Guess, renamed: dict[str, str]) -> Table:
    table = tomlkit.table()
    for theirs, ours in renamed.items():
        table[theirs] = ours
        if ours not in _PERSONAL:
            table[theirs].comment(_examples(guess, theirs))
    unused = [theirs for theirs in guess.sample.frame.columns if theirs not in guess.columns]
    if unused:
        _say(table, f"not used: {', '.join(unused)[:200]}")
    return table


def _examples(guess: Guess, theirs: str) -> str:
    values = guess.sample.frame[theirs].drop_nulls().head(100).unique(maintain_order=True).head(_EXAMPLES)
    return "like " + ", ".join(repr(str(value)[:30]) for value in values) if len(values) else "empty"


def _statuses(statuses: dict[str, str | None]) -> Table:
    table = tomlkit.table()
    for theirs, ours in statuses.items():
        if ours is not None:
            table[theirs] = ours
    unknown = [theirs for theirs, ours in statuses.items() if ours is None]
    if unknown:
        _say(table, f"no guess for these; rows with them are rejected until they are {_CHOICES} or ignore:")
        for theirs in unknown:
            _say(table, f'{tomlkit.item(theirs).as_string()} = "ignore"')
    return table


_CHOICES = ", ".join(STATUSES)


def _say(container: TOMLDocument | Table, *lines: str) -> None:
    for line in lines:
        printable = "".join(character if character.isprintable() else " " for character in line)
        container.add(tomlkit.comment(printable.rstrip()))


def summary(found: Sequence[Guess]) -> list[str]:
    """One line an entity, for the terminal."""
    return [
        f"{guess.entity}: {guess.sample.path}, {len(guess.columns)} columns"
        + (f", not found: {', '.join(_missing(guess))}" if _missing(guess) else "")
        for guess in found
    ]
