"""Where a digest is answered in a browser: the page of the deployment `acknowledge/alert`."""

from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.utilities.urls import url_for

DEPLOYMENT = "acknowledge/alert"


def answer_page() -> str | None:
    """The deployment's page in the Prefect UI; None where it is not deployed, or no UI is known."""
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(DEPLOYMENT)
        except ObjectNotFound:
            return None
    return url_for("deployment", deployment.id)
