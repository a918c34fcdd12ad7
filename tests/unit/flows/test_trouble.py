import pytest
from snowflake.connector.errors import (
    DatabaseError,
    Error,
    HttpError,
    InterfaceError,
    NonRetryableTlsError,
    OperationalError,
    ProgrammingError,
    RevocationCheckError,
    ServiceUnavailableError,
)

from flows.trouble import is_locked, is_lost, one_line, tells_of_a_lock, tells_of_a_lost_connection

WAITERS = (
    "Statement '01b4' has locked table 'MODELS' in transaction 1715 and this lock has not yet been released. "
    "Your statement '01b5' was aborted because the number of waiters for this lock exceeds the 20 statements "
    "limit."
)


@pytest.mark.parametrize(
    "error",
    [
        OperationalError(msg="Could not connect to Snowflake backend after 2 attempt(s)", errno=250001),
        OperationalError(msg="Failed to execute request", errno=250003),
        DatabaseError(msg="Connection is closed", errno=250002, sqlstate="08003"),
        InterfaceError(msg="Cursor is closed in execute.", errno=252006),
        HttpError(msg="401 Unauthorized", errno=290401, sqlstate="08001"),
        HttpError(msg="504 Gateway Timeout", errno=290504),
        ServiceUnavailableError(errno=503),
        ProgrammingError(msg="Session no longer exists. New login required", errno=390111),
        ProgrammingError(msg="Authentication token has expired", errno=390114),
        OperationalError(msg="'RequestExceedMaxRetryError(...)', this might be caused by", errno=253003),
    ],
    ids=lambda error: str(error.errno),
)
def test_the_way_to_the_server_may_come_back(error: Error) -> None:
    assert is_lost(error)
    assert not is_locked(error)


@pytest.mark.parametrize(
    "error",
    [
        ProgrammingError(msg="SQL compilation error", errno=1003),
        ProgrammingError(msg="SQL execution canceled", errno=604, sqlstate="57014"),
        ProgrammingError(msg="Statement reached its timeout and was canceled.", errno=630, sqlstate="57014"),
        DatabaseError(msg="Failed to connect to DB. Incorrect username or password", errno=390100),
        HttpError(msg="403 Forbidden", errno=290403),
        OperationalError(msg="'HTTPError('403 Client Error: Forbidden for url')', this might", errno=253003),
        OperationalError(msg="File doesn't exist", errno=253006),
        NonRetryableTlsError(msg="certificate verify failed", errno=250003),
        RevocationCheckError(msg="revoked", errno=254015),
        ValueError("of another kind"),
    ],
    ids=lambda error: str(getattr(error, "errno", "none")),
)
def test_what_will_not_pass_is_neither_lost_nor_locked(error: BaseException) -> None:
    assert not is_lost(error)
    assert not is_locked(error)


@pytest.mark.parametrize(
    "error",
    [
        ProgrammingError(msg="TransactionContext Error: Conflict on update!", errno=625, sqlstate="57014"),
        ProgrammingError(msg=WAITERS, errno=1234),
        ProgrammingError(msg="Statement aborted: deadlock detected", errno=1234),
        ProgrammingError(msg="Lock wait timeout exceeded", errno=1234),
        ProgrammingError(msg="serialization failure", errno=1234, sqlstate="40001"),
    ],
)
def test_another_transaction_in_the_way_is_a_lock(error: Error) -> None:
    assert is_locked(error)
    assert not is_lost(error)


@pytest.mark.parametrize(
    ("message", "locked"),
    [
        ("Database Error in model fct_orders 000625 (57014): Catalog write-write conflict", True),
        (WAITERS, True),
        ("000630 (57014): Statement reached its statement or warehouse timeout", False),
        ("1000625 (57014): something else", False),
        ("Got 625 results, configured to fail if != 0", False),
    ],
)
def test_a_message_alone_can_tell_of_a_lock(message: str, locked: bool) -> None:
    assert tells_of_a_lock(message) is locked


@pytest.mark.parametrize(
    ("message", "lost"),
    [
        ("Database Error\n  250001 (08001): None: Failed to connect to DB: 127.0.0.1:1.", True),
        ("Database Error in model fct_orders 250003 (n/a): 250003: Failed to execute request", True),
        ("Database Error in model fct_orders\n  390111: Session no longer exists. New login", True),
        ("290503 (08006): None: 503: Service Unavailable", True),
        ("290403 (08006): None: 403: Forbidden", False),
        ("001003 (42000): SQL compilation error", False),
        ("Got 250001 results, configured to fail if != 0", False),
    ],
)
def test_a_message_alone_can_tell_of_a_lost_connection(message: str, lost: bool) -> None:
    assert tells_of_a_lost_connection(message) is lost


def test_an_error_fits_on_a_line() -> None:
    long = ProgrammingError(msg="one\n  two " + "x" * 1000, errno=1003, sqlstate="42000")
    assert one_line(long).startswith("001003 (42000): one two xxx")
    assert len(one_line(long)) == 500
