"""The warehouse of the flows' tests, once more, for what takes long."""

from tests.integration.flows.conftest import (  # noqa: F401 - fixtures
    administrator,
    data_root,
    new_connector,
    pipeline_warehouse,
)
