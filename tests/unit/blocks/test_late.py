"""What is imported late is not there before it is used, and is all there once it is."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
WORKER = "prefect_snowflake.experimental.workers.spcs"
MANAGEMENT_API = "snowflake.core"


def said_by(code: str) -> str:
    """What a Python of its own prints, in which nothing is imported yet."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("module", ["flows.main", "flows.backfill.flow", "blocks.register", "blocks.load"])
def test_a_run_does_without_snowflakes_management_api(module: str) -> None:
    assert said_by(f"import sys, {module}; print('{MANAGEMENT_API}' in sys.modules)") == "False"


def test_who_uses_the_worker_gets_it_whole() -> None:
    code = f"import sys, flows, {WORKER} as it; print(it.SPCSWorker.type, '{MANAGEMENT_API}' in sys.modules)"
    assert said_by(code) == "snowpark-container-service True"


def test_a_module_that_is_missing_is_missed_as_ever() -> None:
    code = "from blocks.late import postpone; postpone('json.nothing')\n"
    code += "try:\n    import json.nothing\nexcept ModuleNotFoundError as error:\n    print(error)"
    assert said_by(code).startswith("No module named 'json.nothing'")
