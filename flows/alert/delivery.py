"""Patience with whoever takes a message: how often it is handed over again, after what waits.

Waits grow exponentially and are drawn at random, so that messages that met a busy server together do not meet
again (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
"""

from collections.abc import Callable
from dataclasses import dataclass

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from flows.alert.channels import Channel, Receipt
from flows.errors import TemporaryDeliveryError


@dataclass(frozen=True)
class Patience:
    """How often a message is handed over, and how long the waits between are, in seconds.

    Waits are `first_wait`, then twice, four times and eight times that, each with up to one `first_wait` more
    by chance. Who asks to be left alone for longer is, up to `longest_wait`.
    """

    tries: int = 5
    first_wait: float = 1.0
    longest_wait: float = 60.0


PATIENCE = Patience()


def deliver(
    channel: Channel,
    content: bytes,
    message_id: str,
    report: Callable[[str], None],
    patience: Patience | None = None,
) -> Receipt:
    """Hand a message over, again and again while that may help.

    Args:
        channel: to whom.
        content: what its `render` returned.
        message_id: the message's; the same in each try.
        report: told one line before each wait.
        patience: for how long; `PATIENCE` unless given.

    Raises:
        TemporaryDeliveryError: nobody took it in any try; a later run may have more luck.
        DeliveryError: nobody took it, and nobody will.
        BlockError, InputError: the channel cannot be used.
    """
    patience = patience or PATIENCE
    backoff = wait_exponential_jitter(
        multiplier=patience.first_wait, jitter=patience.first_wait, max=patience.longest_wait
    )

    def wait(state: RetryCallState) -> float:
        asked_for = _trouble(state).retry_after or 0.0
        return max(backoff(state), min(asked_for, patience.longest_wait))

    def say(state: RetryCallState) -> None:
        report(
            f"{channel.kind} to {', '.join(channel.recipients)}: {_trouble(state)}; "
            f"try {state.attempt_number + 1} of {patience.tries} in {state.upcoming_sleep:.2g} s"
        )

    retrying = Retrying(
        retry=retry_if_exception_type(TemporaryDeliveryError),
        stop=stop_after_attempt(patience.tries),
        wait=wait,
        before_sleep=say,
        reraise=True,
    )
    try:
        return retrying(channel.deliver, content, message_id)
    except TemporaryDeliveryError as error:
        raise TemporaryDeliveryError(
            f"{error} (tried {patience.tries} times; it is kept, and sent by the next run)"
        ) from None


def _trouble(state: RetryCallState) -> TemporaryDeliveryError:
    assert state.outcome is not None
    error = state.outcome.exception()
    assert isinstance(error, TemporaryDeliveryError)
    return error
