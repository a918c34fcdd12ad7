"""Patience with the warehouse: what is worth another try, after what wait, and for how long.

Waits grow exponentially and are drawn at random, so that runs that met once do not meet again
(https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from time import monotonic
from typing import Any, Self, TypeVar

from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import Error
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from flows.errors import UnreachableError
from flows.trouble import is_locked, is_lost, one_line
from flows.warehouse import Connect, NoAnswerError

T = TypeVar("T")

LONGEST_WAIT_SECONDS = 20.0
# A lock is free again in an instant, a server is not: between tries for a lock, waits are shorter by this.
LOCK_WAIT_SHARE = 0.25
# Counted from the first failure of a kind, so that what came before it, such as a long COPY, costs nothing.
CONNECTION_PATIENCE_SECONDS = 300.0
# A killed run can hold the lock for ten minutes: Snowflake aborts its statement after five, and its idle
# transaction five later (https://docs.snowflake.com/en/sql-reference/transactions#aborting-transactions).
LOCK_PATIENCE_SECONDS = 1800.0


class Trouble(Enum):
    """What may pass: the connection is gone, or another transaction is in the way."""

    LOST = "lost"
    LOCKED = "locked"


@dataclass(frozen=True)
class Patience:
    """For how many seconds trouble of each kind is met with another try."""

    connection: float = CONNECTION_PATIENCE_SECONDS
    lock: float = LOCK_PATIENCE_SECONDS
    longest_wait: float = LONGEST_WAIT_SECONDS

    def ends(self, trouble: Trouble) -> float:
        """Seconds after which no further try is made."""
        return self.connection if trouble is Trouble.LOST else self.lock


PATIENCE = Patience()


def trouble_with(error: BaseException) -> Trouble | None:
    """The trouble that an error of the connector, or of `flows.warehouse.connect`, means, if it may pass."""
    if is_lost(error) or isinstance(error, NoAnswerError):
        return Trouble.LOST
    return Trouble.LOCKED if is_locked(error) else None


def patiently(
    attempt: Callable[[], T],
    report: Callable[[Trouble, BaseException, float], None],
    classify: Callable[[BaseException], Trouble | None] = trouble_with,
    patience: Patience = PATIENCE,
) -> T:
    """The result of `attempt`, which is made again as long as it fails for a reason that may pass.

    Args:
        attempt: must be safe to be made again after it failed half way.
        report: told before each wait: the trouble, the error and the seconds to come.
        classify: which trouble an error means; None for what is final.
        patience: how long each kind of trouble is borne.

    Raises:
        What the last attempt raised.
    """
    since: dict[Trouble, float] = {}

    def trouble(state: RetryCallState) -> tuple[Trouble, BaseException]:
        assert state.outcome is not None
        error = state.outcome.exception()
        assert error is not None
        kind = classify(error)
        assert kind is not None
        return kind, error

    def exhausted(state: RetryCallState) -> bool:
        kind, _ = trouble(state)
        waited = monotonic() - since.setdefault(kind, monotonic())
        return waited + state.upcoming_sleep > patience.ends(kind)

    exponential = wait_random_exponential(max=patience.longest_wait)

    def wait(state: RetryCallState) -> float:
        kind, _ = trouble(state)
        return exponential(state) * (LOCK_WAIT_SHARE if kind is Trouble.LOCKED else 1.0)

    retrying = Retrying(
        retry=retry_if_exception(lambda error: classify(error) is not None),
        wait=wait,
        stop=exhausted,
        before_sleep=lambda state: report(*trouble(state), state.upcoming_sleep),
        reraise=True,
    )
    return retrying(attempt)


class Session:
    """One session at a time, opened when it is first needed and again after it was lost."""

    def __init__(
        self,
        connect: Connect,
        prepare: Callable[[SnowflakeConnection], None],
        report: Callable[[str], None],
        patience: Patience = PATIENCE,
    ) -> None:
        """`prepare` is what every new session begins with; `report` is told one line before each wait."""
        self._connect = connect
        self._prepare = prepare
        self._report = report
        self._patience = patience
        self._opened: ExitStack | None = None
        self._connection: SnowflakeConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        if self._opened is not None:
            self._opened.__exit__(*error)  # `connect` says what an error means that nobody said better

    def if_open(self, step: Callable[[SnowflakeConnection], object]) -> None:
        """Make `step` once, if there is a session that was not lost."""
        if self._connection is not None:
            step(self._connection)

    def close(self) -> None:
        """End the session, if there is one."""
        if self._opened is not None:
            self._opened.close()
        self._opened = self._connection = None

    def run(self, step: Callable[[SnowflakeConnection], T], purpose: str) -> T:
        """What `step` returns, patiently: it is made again, on a new session where the old one was lost.

        Args:
            step: must be safe to be made again after it failed half way.
            purpose: what is waited for, for the progress lines, such as "loading orders".

        Raises:
            UnreachableError: the connection was lost, and was not to be had again for long enough.
            Error: of the connector, for everything else.
        """

        def attempt() -> T:
            try:
                return step(self._open())
            except BaseException as error:
                if is_lost(error):
                    self.close()
                raise

        def say(trouble: Trouble, error: BaseException, seconds: float) -> None:
            if trouble is Trouble.LOCKED:
                self._report(f"{purpose}: another run is at work; waiting {seconds:.1f} s")
            else:
                self._report(f"{purpose}: the connection was lost ({error}); trying again in {seconds:.1f} s")

        try:
            return patiently(attempt, say, patience=self._patience)
        except Error as error:
            if not is_lost(error):
                raise
            raise UnreachableError(
                f"{purpose}: the connection to the warehouse was lost again and again for "
                f"{self._patience.connection:g} s ({one_line(error)}); whatever was committed is found there "
                "by the next run. Run again"
            ) from None

    def _open(self) -> SnowflakeConnection:
        if self._connection is None:
            opened = ExitStack()
            connection = opened.enter_context(self._connect())
            try:
                self._prepare(connection)
            except BaseException:
                opened.close()
                raise
            self._opened, self._connection = opened, connection
        return self._connection
