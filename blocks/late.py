"""Import a module when it is first used, not when it is first named."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType


class _Postponed(MetaPathFinder):
    """Finds one module by its full name, as the usual finders would, and lets its code wait."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and spec.loader:
            spec.loader = LazyLoader(spec.loader)
        return spec


def postpone(name: str) -> None:
    """Let the module `name` run its code only once one of its attributes is asked for.

    https://docs.python.org/3/library/importlib.html#importlib.util.LazyLoader

    Args:
        name: full name of a module that nobody has imported yet; one that is already there stays as it is.
    """
    sys.meta_path.insert(0, _Postponed(name))
