"""The least Prefect can do: one flow with one task, on its own temporary server."""

from prefect import flow, task


@task
def one() -> int:
    """A task."""
    return 1


@flow
def bare() -> int:
    """A flow."""
    return one()


if __name__ == "__main__":
    bare()
