"""From the path or glob of a description to files, and what is wrong with a file before it is read."""

import os
import re
import stat
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from flows.errors import SourceError
from flows.ingest.source.description import EntitySource
from flows.ingest.source.globbing import is_pattern, matches

_FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
}
_GZIP = ".gz"
_ADVICE = {
    ".xlsx": "save the sheet as CSV",
    ".xls": "save the sheet as CSV",
    ".ods": "save the sheet as CSV",
    ".zip": "unpack it first",
    ".bz2": "unpack it first, or pack it with gzip",
    ".xz": "unpack it first, or pack it with gzip",
    ".zst": "unpack it first, or pack it with gzip",
    ".gz": "unpack it first, or name what is packed, such as orders.csv.gz",
    ".json": 'if every line is one JSON object, say format = "ndjson"',
}
_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_UNSPEAKABLE = re.compile("[\\x00-\\x1f\\ud800-\\udfff]")  # line ends, and bytes that are no UTF-8


class Stamp(NamedTuple):
    """What tells that a file is still the same: not its content, but what changes with it."""

    device: int
    inode: int
    size: int
    modified_ns: int


def find_files(source: EntitySource) -> list[Path]:
    """The files of an entity, absolute and in the order of their names; each can be opened, none is empty.

    A path that exists is that file, whatever characters it has. Otherwise `*`, `?`, `[...]` and
    `**` are a glob: names that begin with a dot are not matched unless the pattern says so,
    directories are not matched at all, and a file that can be reached by several names is one file.

    Raises:
        SourceError: nothing is there, or something that cannot be read.
    """
    # os.path, because pathlib raises where there is no such user
    named = source.directory.absolute() / os.path.expanduser(source.path)  # noqa: PTH111
    if is_pattern(source.path) and not os.path.lexists(named):
        files = _matched(named, source)
    else:
        files = [_without_dots(named)]
    for file in files:
        check(file, source)
    return files


def format_of(file: Path) -> str | None:
    """`csv`, `parquet` or `ndjson` by the file's name, or None where it does not tell."""
    name = file.name.lower()
    found = _FORMATS.get(Path(name.removesuffix(_GZIP)).suffix)
    return None if found == "parquet" and name.endswith(_GZIP) else found


def described_format(file: Path, source: EntitySource) -> str:
    """`csv`, `parquet` or `ndjson`: as described, or by the file's name.

    Raises:
        SourceError: neither says.
    """
    found = source.format or format_of(file)
    if found is None:
        suffix = file.suffix.lower()
        advice = _ADVICE.get(suffix) or f'known: {", ".join(_FORMATS)}; or say format = "csv"'
        raise SourceError(
            f"{file}: unknown kind of file {suffix!r}, named by {source.described_in}; {advice}"
        )
    return found


def check(file: Path, source: EntitySource) -> Stamp:
    """What the file is like now.

    Raises:
        SourceError: it is missing, empty, cannot be opened, or is no regular file (which is never opened).
    """
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):
            kind = _KINDS.get(stat.S_IFMT(found.st_mode), "a directory")
            hint = f'; "{source.path}/*.csv" would name the files in it' if kind == "a directory" else ""
            raise SourceError(f"{file}: is {kind}, and not a file, named by {source.described_in}{hint}")
        # somebody may have put a pipe there since, which must not be waited for
        os.close(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY))
    except FileNotFoundError:
        raise SourceError(_missing(file, source)) from None
    except OSError as error:
        raise SourceError(_unreadable(file, error)) from None
    if found.st_size == 0:
        raise SourceError(f"{file}: is empty")
    return _stamp(found)


def reject_changed(file: Path, before: Stamp) -> None:
    """Compare with what `check` found.

    Raises:
        SourceError: the file was written to, replaced or removed since.
    """
    try:
        same = _stamp(file.stat()) == before
    except OSError:
        raise SourceError(f"{file}: went away while it was read; run again when it is there") from None
    if not same:
        raise SourceError(f"{file}: was changed while it was read; run again when it is complete")


def _matched(pattern: Path, source: EntitySource) -> list[Path]:
    try:
        found = matches(pattern)
    except FileNotFoundError as error:
        raise SourceError(f"{error.filename}: no such directory, named by {source.described_in}") from None
    except OSError as error:
        raise SourceError(_unreadable(Path(error.filename), error)) from None
    files = [path for path in found if not path.is_dir()]
    if not files:
        what = "only directories match" if found else "no file matches"
        raise SourceError(f"{pattern}: {what}, named by {source.described_in}")
    for file in files:
        if _UNSPEAKABLE.search(str(file)):
            where = source.described_in
            raise SourceError(f"{where}: a file cannot be named in a report: {str(file)!a}; rename it")
    return [_without_dots(file) for file in files]


def _without_dots(path: Path) -> Path:
    """The path without `..`, which would puzzle a reader; what else is a symbolic link stays one."""
    if ".." not in path.parts:
        return path
    try:
        return path.parent.resolve() / path.name
    except (OSError, RuntimeError):  # links that lead in a circle
        return path


def _stamp(found: os.stat_result) -> Stamp:
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _missing(file: Path, source: EntitySource) -> str:
    if file.is_symlink():
        return (
            f"{file}: leads to {file.readlink()}, and there is no such file; named by {source.described_in}"
        )
    meant = ""
    try:
        near = get_close_matches(file.name, [path.name for path in file.parent.iterdir()], n=1, cutoff=0.75)
        meant = f"; did you mean {near[0]}?" if near else ""
    except OSError:
        pass
    return f"{file}: no such file, named by {source.described_in}{meant}"


def _unreadable(path: Path, error: OSError) -> str:
    return f"{path}: cannot be read: {error.strerror or error}"
