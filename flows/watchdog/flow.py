"""The flow `watchdog`, deployed as `watchdog/silence`: an automation of the server has it run."""

from prefect import flow, get_run_logger

from flows.environments import EnvironmentName, chosen
from flows.errors import DeliveryError
from flows.watchdog.silence import DEPLOYMENT, WITHIN, look
from flows.watchdog.tell import tell


@flow(name="watchdog", flow_run_name="watchdog of {deployment}")
def watchdog(
    deployment: str = DEPLOYMENT, within: str = WITHIN, environment: EnvironmentName | None = None
) -> bool:
    """Tell the operators if a deployment has not succeeded for too long; whether it has not.

    Args:
        deployment: whose successes are looked for.
        within: how long ago the last one may be: `26h`, `90m`, `30s`.
        environment: whose operators are told; default: as the worker's environment or the server says.

    Raises:
        InputError: there is no such deployment, or `within` is no time.
        DeliveryError: nobody could be told.
    """
    logger = get_run_logger()
    found = look(deployment, within)
    if not found.is_silent:
        logger.info("%s: all is well", found)
        return False
    logger.warning("%s, which is more than %s ago", found, within)
    told = tell(found.notice(), found.key, chosen(environment), logger.info)
    if told.problems:
        raise DeliveryError("; ".join(told.problems))
    return True
