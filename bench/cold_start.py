"""A cold run of the whole pipeline against the least a Prefect flow costs, and against no Prefect."""

from collections.abc import Callable

from bench.figure import Figure, paired
from bench.peers import airflow_test
from bench.peers.environment import NotInstalledError
from bench.processes import run

AS_OF = "2026-11-21"
DAYS = 30
ORDERS_PER_DAY = 34
ROUNDS = 3


def figures() -> list[Figure]:
    """Cold pipeline over a bare one-task flow (target), and over the same steps in a plain script."""
    steps: list[dict[str, float]] = []

    def pipeline() -> float:
        seconds, summary = run(
            "flows/main.py",
            "--as-of",
            AS_OF,
            "--days",
            str(DAYS),
            "--orders-per-day",
            str(ORDERS_PER_DAY),
            "--json",
        )
        steps.append(summary["seconds"])
        return seconds

    with_airflow: list[Callable[[], float]] = []
    try:
        airflow_test.seconds(AS_OF, DAYS, ORDERS_PER_DAY)  # installs it, and compiles what it imports
        with_airflow.append(lambda: airflow_test.seconds(AS_OF, DAYS, ORDERS_PER_DAY))
        missing = ""
    except NotInstalledError as error:
        missing = str(error)
    cold, bare, lean, plain, *airflow = paired(
        ROUNDS,
        pipeline,
        lambda: run("bench/bare_flow.py")[0],
        lambda: run(
            "bench/bare_flow.py",
            PREFECT_API_BLOCKS_REGISTER_ON_START="false",
            PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION="false",
        )[0],
        lambda: run(
            # an API address keeps prefect-dbt's client from starting a server; nobody is asked there
            *("bench/plain_script.py", AS_OF, str(DAYS), str(ORDERS_PER_DAY)),
            PREFECT_API_URL="http://127.0.0.1:1/api",
        )[0],
        *with_airflow,
    )
    spent = ", ".join(
        f"{step} {seconds:.1f}" for step, seconds in sorted(steps[-1].items(), key=lambda s: -s[1])
    )
    return [
        Figure(
            "cold run, 1,000 orders, over a bare one-task flow",
            cold / bare,
            "×",
            1.3,
            f"{cold:.1f} s over {bare:.1f} s; seconds of the last run: {spent}",
        ),
        Figure(
            "cold run over a bare flow without block registration",
            cold / lean,
            "×",
            None,
            f"{lean:.1f} s: the pipeline's own server leaves out what a stock one does first, importing "
            "every collection to register its block types",
        ),
        Figure(
            "cold run over the same steps without Prefect", cold / plain, "×", None, f"{plain:.1f} s without"
        ),
        Figure(
            "cold run over `airflow dags test` of the same steps",
            cold / airflow[0] if airflow else 0,
            "×",
            1.0 if airflow else None,
            f"{airflow[0]:.1f} s; {airflow_test.REQUIREMENT}, all steps in one task" if airflow else missing,
        ),
    ]
