"""What the connector's errors mean: the session is gone, another transaction was in the way, or neither."""

import re

from snowflake.connector.errors import DatabaseError, Error, NonRetryableTlsError

_HTTP = 290_000  # the connector's errno of HTTP status n is this plus n
_LOST = frozenset(
    {
        250_001,  # could not connect
        250_002,  # the connection is closed
        250_003,  # a request failed until the connector gave up
        251_011,  # the login timed out
        251_012,  # the login met an HTTP error that may pass
        252_006,  # the cursor is closed, with its connection
        252_007,  # the session could not be renewed
        390_103,  # the session token was not found
        390_104,  # log in again
        390_111,  # the session no longer exists
        390_112,  # the session expired
        390_113,  # the master token was not found
        390_114,  # the master token expired
        390_115,  # the master token is invalid
        *(_HTTP + status for status in (401, 408, 429)),
    }
)
_UPLOAD_FAILED = 253_003
# how the connector begins its messages: `250001 (08001): …`, or without a state `390111: …`
_ERRNO = re.compile(r"\b0*(\d{6})(?: \((?:[0-9A-Z]{5}|None|n/a)\))?: ")
_LOCKED = 625
# Snowflake publishes no list of its codes; what it says of a lock that was not got in time has such words.
_LOCK_WORDS = re.compile(
    rf"\b0*{_LOCKED} \(|deadlock|lock (wait )?time|has locked (table|transaction)|waiters for this lock", re.I
)


def is_lost(error: BaseException) -> bool:
    """Whether the session, or the way to the server, is gone: another session may succeed."""
    if not isinstance(error, Error) or isinstance(error, NonRetryableTlsError):
        return False
    return _is_lost(error.errno or 0, error.msg or "")


def _is_lost(errno: int, message: str) -> bool:
    if errno == _UPLOAD_FAILED:  # a storage that says no will say it again; one that says nothing may not
        return not re.search(r"\b4\d\d Client Error", message)
    return errno in _LOST or _HTTP + 500 <= errno < _HTTP + 600


def is_locked(error: BaseException) -> bool:
    """Whether another transaction was in the way: the same statements may succeed once it has ended."""
    return isinstance(error, DatabaseError) and (
        error.errno == _LOCKED or error.sqlstate == "40001" or tells_of_a_lock(error.msg or "")
    )


def tells_of_a_lock(message: str) -> bool:
    """The same, where only the message is known."""
    return bool(_LOCK_WORDS.search(message))


def tells_of_a_lost_connection(message: str) -> bool:
    """Whether the session, or the way to the server, is gone, where only the message is known."""
    errno = _ERRNO.search(message)
    return errno is not None and _is_lost(int(errno.group(1)), message)


def one_line(error: Error) -> str:
    """What the connector says of an error, for a message of ours."""
    return " ".join((error.msg or str(error)).split())[:500]
