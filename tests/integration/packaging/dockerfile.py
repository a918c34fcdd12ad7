"""A Dockerfile read as far as a test needs it: stages, their instructions, and what .dockerignore lets in."""

import re
import shlex
import shutil
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path


@dataclass
class Stage:
    """One stage; instructions are a word and the rest of the line."""

    base: str
    name: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, word: str) -> list[str]:
        """What stands behind a word, in order."""
        return [rest for one, rest in self.instructions if one == word]

    @property
    def variables(self) -> dict[str, str]:
        """What its ENV lines set, without the inherited PATH."""
        found: dict[str, str] = {}
        for line in self.all("ENV"):
            found |= dict(pair.split("=", 1) for pair in shlex.split(line))
        return found


def stages(text: str) -> list[Stage]:
    """The stages of a Dockerfile."""
    found: list[Stage] = []
    lines = re.sub(r"(?m)^\s*#.*\n", "", text).replace("\\\n", " ").splitlines()
    for line in filter(str.strip, lines):
        word, rest = line.split(maxsplit=1)
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            found.append(Stage(base, name))
        else:
            found[-1].instructions.append((word, " ".join(rest.split())))
    return found


def context(root: Path, ignore: str) -> list[Path]:
    """The files, relative to `root`, that .dockerignore lets in; of its rules those that ours has."""
    rules = [line for line in ignore.splitlines() if line and not line.startswith("#")]

    def is_in(path: Path) -> bool:
        kept = True
        for rule in rules:
            pattern = rule.removeprefix("!").removeprefix("**/")
            anywhere = "**/" in rule
            whole = ["/".join(path.parts[:end]) for end in range(1, len(path.parts) + 1)]
            depth = pattern.count("/")
            names = path.parts if anywhere else [name for name in whole if name.count("/") == depth]
            if any(fnmatch(name, pattern) for name in names):
                kept = rule.startswith("!")
        return kept

    skipped = {".git", ".venv", "node_modules"}
    files = (path for top in root.iterdir() if top.name not in skipped for path in _files(top))
    return sorted(path.relative_to(root) for path in files if is_in(path.relative_to(root)))


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]


def copy(line: str, root: Path, files: list[Path], target: Path) -> None:
    """Do what a COPY line of the builder does, below `target`, its working directory."""
    *sources, destination = line.split()
    for source in sources:
        for file in files:
            if fnmatch(str(file), source):
                _copy(root / file, target / destination / file.name)
            elif file.is_relative_to(source):
                _copy(root / file, target / destination / file.relative_to(source))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
