"""`airflow dags test` of the same steps, in an environment of its own.

The DAG has one task, which runs `bench/plain_script.py` with the project's interpreter, stand-ins started by
it. That is the least Airflow can cost: its own imports cannot share an environment with Prefect's and dbt's
pins, so each further task would be a further process with imports of its own.
https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/debug.html
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.peers.environment import executable
from bench.processes import LIMIT_SECONDS, timed
from flows.paths import REPOSITORY

REQUIREMENT = "apache-airflow==3.1.8"
BESIDE = ("apache-airflow-providers-standard",)
_DAG = """\
from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("orders", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    BashOperator(task_id="load_build_tell", bash_command={command!r}, append_env=True)
"""


def seconds(as_of: str, days: int, orders_per_day: int) -> float:
    """Wall-clock seconds of one `airflow dags test`, its database made before; a data directory of its own.

    Raises:
        NotInstalledError: Airflow cannot be had.
        RuntimeError: the run failed.
    """
    airflow = executable(REQUIREMENT, "airflow", *BESIDE)
    with tempfile.TemporaryDirectory(prefix="order-bench-") as directory:
        home = Path(directory)
        variables = _variables(home)
        dags = home / "dags"
        dags.mkdir()
        script = [sys.executable, str(REPOSITORY / "bench" / "plain_script.py"), as_of, str(days)]
        command = shlex.join([*script, str(orders_per_day)])
        (dags / "orders.py").write_text(_DAG.format(command=command), encoding="utf-8")
        subprocess.run(
            [airflow, "db", "migrate"],
            env=os.environ | variables,
            check=True,
            capture_output=True,
            timeout=LIMIT_SECONDS,
        )
        taken, said = timed([str(airflow), "dags", "test", "orders"], home, **variables)
        if "state=success" not in said and "state:success" not in said:
            raise RuntimeError(f"the DAG did not succeed:\n{said[-2000:]}")
        return taken


def _variables(home: Path) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "ORDERS_DATA_DIR": str(home / "data"),
        # an API address keeps prefect-dbt's client from starting a server; nobody is asked there
        "PREFECT_API_URL": "http://127.0.0.1:1/api",
        "PREFECT_HOME": str(home / "prefect"),
    }
