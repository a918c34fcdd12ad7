"""The dbt step inside its flow against a bare dbtRunner building the same project, both from cold."""

import sys
import tempfile
from datetime import date
from pathlib import Path
from time import monotonic

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench.figure import Figure, paired
from bench.processes import run

AS_OF = "2026-11-21"
ROUNDS = 3


def figures() -> list[Figure]:
    """Step over bare runner; parse included, imports and servers not."""
    with tempfile.TemporaryDirectory(prefix="order-bench-") as directory:
        root = Path(directory)
        run("flows/main.py", "--as-of", AS_OF, "--orders-per-day", "34", "--no-notify", data_dir=root)
        step, bare = paired(
            ROUNDS,
            lambda: run("bench/dbt_step.py", "step", data_dir=root)[1]["seconds"],
            lambda: run("bench/dbt_step.py", "bare", data_dir=root)[1]["seconds"],
        )
    return [
        Figure("dbt step over a bare dbtRunner", step / bare, "×", 1.5, f"{step:.1f} s over {bare:.1f} s")
    ]


def _measure(mode: str) -> float:
    """One cold build in this process, against the warehouse of this data directory."""
    from flows.cli import configured_api_url
    from local.session import isolated_session

    assert configured_api_url() is None
    with isolated_session(lambda _line: None, meanwhile=lambda _connector: None):
        import shutil

        from flows.paths import dbt_target_dir

        shutil.rmtree(dbt_target_dir(), ignore_errors=True)
        return _step() if mode == "step" else _bare()


def _step() -> float:
    from flows.transform.flow import build_models

    started = monotonic()
    build_models(date.fromisoformat(AS_OF))
    return monotonic() - started


def _bare() -> float:
    import json

    from dbt.cli.main import dbtRunner

    from blocks.load import load_warehouse
    from blocks.names import WAREHOUSE_BLOCK
    from flows.paths import DBT_PROJECT, dbt_log_dir, dbt_target_dir
    from flows.transform.environment import connection_variables, dbt_variables

    arguments = ["build", "--vars", json.dumps({"as_of": AS_OF}), "--log-level", "none"]
    arguments += ["--exclude-resource-type", "unit_test"]
    arguments += ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    arguments += ["--target-path", str(dbt_target_dir()), "--log-path", str(dbt_log_dir())]
    with connection_variables(dbt_variables(load_warehouse(WAREHOUSE_BLOCK))):
        started = monotonic()
        assert dbtRunner().invoke(arguments).success
        return monotonic() - started


if __name__ == "__main__":
    import json as _json

    print(_json.dumps({"seconds": _measure(sys.argv[1])}))
