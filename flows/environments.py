"""Environments: `prod`, `staging` and `dev` are sets of blocks, each with a database and people of its own.

Production's names are the plain ones; those of the others end with their name, so that no default of a
developer's run is one of production's. That a database belongs to another environment is recorded in the
database itself, and refused (`flows.migrations`).
"""

import os
from dataclasses import dataclass
from typing import Literal, get_args

from blocks.names import email_block, warehouse_block
from flows.errors import InputError

EnvironmentName = Literal["prod", "staging", "dev"]
NAMES: tuple[str, ...] = get_args(EnvironmentName)
PRODUCTION = "prod"
# Decides for a shell or a worker; the Prefect variable for all who use one server.
VARIABLE = "ORDER_MONITORING_ENV"
PREFECT_VARIABLE = "order_monitoring_env"


@dataclass(frozen=True)
class Environment:
    """One environment; its name is also that of the dbt target."""

    name: str

    @property
    def warehouse_block(self) -> str:
        """Name of its `snowflake-connector` block."""
        return warehouse_block(self.name)

    @property
    def email_block(self) -> str:
        """Name of its `email-server-credentials` block."""
        return email_block(self.name)


def named(name: str, where: str) -> Environment:
    """The environment of that name.

    Args:
        name: `prod`, `staging` or `dev`.
        where: what named it, for the complaint.

    Raises:
        InputError: there is none.
    """
    if name not in NAMES:
        raise InputError(f"{where}: there is no environment {name!r}; use one of {', '.join(NAMES)}")
    return Environment(name)


def of_the_shell() -> Environment:
    """The environment that `ORDER_MONITORING_ENV` names, else production; asks no Prefect.

    Raises:
        InputError: it names none.
    """
    return named(os.environ.get(VARIABLE, "").strip() or PRODUCTION, VARIABLE)


def chosen(name: str | None) -> Environment:
    """The environment of a run: as named, else `ORDER_MONITORING_ENV`, else the Prefect variable, else prod.

    Raises:
        InputError: what names it names none.
    """
    if name:
        return named(name, "environment")
    if os.environ.get(VARIABLE, "").strip():
        return of_the_shell()
    from prefect.variables import Variable

    stored = Variable.get(PREFECT_VARIABLE, default=None)
    return named(str(stored or PRODUCTION), f"the Prefect variable {PREFECT_VARIABLE}")
