"""Files that a pattern matches, where links may lead in circles and one file may have several names."""

import fnmatch
import os
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path

_MAGIC = re.compile(r"[*?\[]")
_ANY_DEPTH = "**"


def is_pattern(text: str) -> bool:
    """Whether a path may be meant as a glob."""
    return _MAGIC.search(text) is not None


def matches(pattern: Path) -> list[Path]:
    """What an absolute pattern matches, sorted by name.

    `*`, `?` and `[...]` match within a name, `**` any number of directories; a part that exists as
    it is written is itself. Names that begin with a dot are matched only by parts that do.
    Linked directories are followed, each real one once. Of several names of one file the plain
    one is given, not the link.

    Raises:
        OSError: a directory cannot be listed, is none, or links lead in a circle.
    """
    first, *parts = pattern.parts
    base = Path(first)
    while parts and not _is_magic(base, parts[0]):
        base /= parts.pop(0)
    found: dict[object, Path] = {}
    for path in sorted(set(_walk(base, parts)), key=lambda path: (_is_linked(path), path.parts)):
        found.setdefault(_identity(path), path)
    return sorted(found.values(), key=lambda path: path.parts)


def _walk(base: Path, parts: list[str]) -> Iterator[Path]:
    if not parts:
        yield base
        return
    part, rest = parts[0], parts[1:]
    if part == _ANY_DEPTH:
        while rest and rest[0] == _ANY_DEPTH:
            rest = rest[1:]
        for directory in _directories(base):
            yield from _walk(directory, rest or ["*"])
    elif _is_magic(base, part):
        for name in _names(base):
            if fnmatch.fnmatch(name, part) and (part.startswith(".") or not name.startswith(".")):
                yield from _below(base / name, rest)
    elif os.path.lexists(base / part):
        yield from _below(base / part, rest)


def _below(path: Path, rest: list[str]) -> Iterator[Path]:
    if not rest or os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where links lead in a circle)
        yield from _walk(path, rest)


def _directories(base: Path) -> Iterator[Path]:
    """The directory and all below it; links come last, so that a file is met under its plain name."""
    plain, links = deque([base]), deque[Path]()
    seen = set()
    while plain or links:
        directory = plain.popleft() if plain else links.popleft()
        identity = _identity(directory)
        if identity in seen:
            continue
        seen.add(identity)
        yield directory
        for name in _names(directory):
            path = directory / name
            if not name.startswith(".") and os.path.isdir(path):  # noqa: PTH112
                (links if path.is_symlink() else plain).append(path)


def _names(directory: Path) -> list[str]:
    with os.scandir(directory) as entries:
        return sorted(entry.name for entry in entries)


def _is_magic(base: Path, part: str) -> bool:
    return is_pattern(part) and not os.path.lexists(base / part)


def _is_linked(path: Path) -> bool:
    return os.path.realpath(path) != str(path)


def _identity(path: Path) -> object:
    try:
        found = path.stat()
    except FileNotFoundError:  # a link that leads nowhere is itself
        return path
    return found.st_dev, found.st_ino
