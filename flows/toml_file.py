"""TOML files that people write: read, and what is wrong with them said in one line."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from flows.errors import InputError


def read_toml(path: Path, example: str, trouble: type[InputError] = InputError) -> dict[str, Any]:
    """What the file holds; a byte order mark is fine.

    Args:
        path: the file.
        example: a file to look at, named where there is none at `path`.
        trouble: the error to raise.

    Raises:
        InputError: it cannot be read, is not UTF-8 or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise trouble(f"{path}: {error.strerror or error}; {example} is an example") from None
    except UnicodeDecodeError:
        raise trouble(f"{path}: is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise trouble(f"{path}: is not TOML: {error}") from None
    except RecursionError:
        raise trouble(f"{path}: is not TOML that can be read: nested too deeply") from None


def complaints(error: ValidationError, unknown: str, under: tuple[str, ...] = ()) -> list[str]:
    """One line a problem, each beginning with where it is.

    Args:
        error: what Pydantic found.
        unknown: what to say about a field that is not known.
        under: where in the file the model stands.
    """
    problems = error.errors(include_url=False)
    # a part that cannot be leaves its list too short, which is no trouble of its own
    inner = {problem["loc"][:length] for problem in problems for length in range(len(problem["loc"]))}
    said = []
    for problem in problems:
        if problem["loc"] and problem["loc"] in inner:
            continue
        where = ""
        for step in (*under, *problem["loc"]):
            where += f"[{step}]" if isinstance(step, int) else f".{step}"
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message, problem["input"] = unknown, None
        given = problem["input"]
        shown = f", not {given!r}" if isinstance(given, str | int | float) and problem["loc"] else ""
        said.append(f"{where.lstrip('.')}: {message}{shown}" if where else message)
    return said
