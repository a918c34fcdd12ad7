"""What is tried again, for how long, and on which session, with errors as the connector raises them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from snowflake.connector.errors import OperationalError, ProgrammingError

from flows.errors import UnreachableError
from flows.ingest.retries import LOCK_WAIT_SHARE, Patience, Session, Trouble, patiently, trouble_with
from flows.warehouse import NoAnswerError

LOST = OperationalError(msg="gone", errno=250003)
LOCKED = ProgrammingError(msg="conflict", errno=625)
WRONG = ProgrammingError(msg="syntax error", errno=1003)
QUICK = Patience(connection=60, lock=60, longest_wait=0.001)
NONE = Patience(connection=0, lock=0)


def failing(*errors: Exception) -> Callable[..., str]:
    """Raises these, one a call, and succeeds from then on."""
    left = list(errors)

    def attempt(*_arguments: Any) -> str:
        if left:
            raise left.pop(0)
        return "done"

    return attempt


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (LOST, Trouble.LOST),
        (NoAnswerError("nobody answers"), Trouble.LOST),
        (LOCKED, Trouble.LOCKED),
        (WRONG, None),
        (UnreachableError("the login is refused"), None),
        (KeyboardInterrupt(), None),
    ],
)
def test_each_error_means_one_trouble(error: BaseException, trouble: Trouble | None) -> None:
    assert trouble_with(error) is trouble


def test_what_may_pass_is_tried_again_and_each_wait_announced() -> None:
    said: list[tuple[Trouble, BaseException, float]] = []
    result = patiently(
        failing(LOST, LOCKED, LOST), lambda *report: said.append(report), patience=Patience(60, 60, 0.04)
    )
    assert result == "done"
    assert [(trouble, error) for trouble, error, _ in said] == [
        (Trouble.LOST, LOST),
        (Trouble.LOCKED, LOCKED),
        (Trouble.LOST, LOST),
    ]
    limits = [0.04, 0.04 * LOCK_WAIT_SHARE, 0.04]
    assert all(0 <= seconds <= limit for (_, _, seconds), limit in zip(said, limits, strict=True))


@pytest.mark.parametrize("error", [WRONG, KeyboardInterrupt(), ValueError()])
def test_everything_else_fails_at_once(error: BaseException) -> None:
    calls: list[int] = []

    def attempt() -> None:
        calls.append(1)
        raise error

    with pytest.raises(type(error)):
        patiently(attempt, lambda *_: pytest.fail("no wait is due"))
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("patience", "error"),
    [(Patience(connection=0, lock=60), LOST), (Patience(connection=60, lock=0), LOCKED)],
    ids=["lost", "locked"],
)
def test_patience_is_counted_for_each_kind_and_its_end_raises_the_last_error(
    patience: Patience, error: Exception
) -> None:
    with pytest.raises(type(error)) as raised:
        patiently(failing(error, error), lambda *_: None, patience=patience)
    assert raised.value is error


def test_a_lock_is_waited_for_longer_than_a_connection_and_both_come_to_an_end() -> None:
    patience = Patience()
    assert 60 <= patience.ends(Trouble.LOST) < patience.ends(Trouble.LOCKED) <= 3600


class Doors:
    """Opens sessions, which are numbers here, and notes how each was left."""

    def __init__(self, *refusals: Exception) -> None:
        self.opened = 0
        self.left: list[type[BaseException] | None] = []
        self._refusals = list(refusals)

    @contextmanager
    def __call__(self) -> Iterator[Any]:
        if self._refusals:
            raise self._refusals.pop(0)
        self.opened += 1
        try:
            yield self.opened
        except BaseException as error:
            self.left.append(type(error))
            raise
        self.left.append(None)


def test_one_session_serves_all_steps_and_is_prepared_once() -> None:
    doors, prepared = Doors(), []
    with Session(doors, prepared.append, print) as session:
        assert session.run(lambda connection: connection, "a") == session.run(
            lambda connection: connection, "b"
        )
        assert doors.left == []
    assert (doors.opened, prepared, doors.left) == (1, [1], [None])


def test_no_session_is_opened_before_it_is_needed() -> None:
    doors = Doors()
    with Session(doors, pytest.fail, print) as session:
        session.if_open(lambda _: pytest.fail("there is none"))
    assert doors.opened == 0


def test_a_lost_session_is_left_and_a_new_one_prepared() -> None:
    doors, prepared, lines = Doors(), [], []
    step = failing(LOST, LOCKED)
    with Session(doors, prepared.append, lines.append, QUICK) as session:
        assert session.run(lambda connection: (connection, step()), "loading") == (2, "done")
    assert (prepared, doors.left) == ([1, 2], [None, None])
    assert [line.split(" in ")[0].split(" waiting")[0] for line in lines] == [
        "loading: the connection was lost (250003: gone); trying again",
        "loading: another run is at work;",
    ]


@pytest.mark.parametrize("error", [LOST, LOCKED], ids=["lost", "locked"])
def test_what_fails_while_a_session_is_prepared_is_tried_again_on_another(error: Exception) -> None:
    doors = Doors()
    with Session(doors, failing(error), print, QUICK) as session:
        assert session.run(lambda connection: connection, "loading") == 2
    assert doors.left == [None, None]


def test_a_server_that_does_not_answer_is_asked_again() -> None:
    doors = Doors(NoAnswerError("nobody"), NoAnswerError("nobody"))
    with Session(doors, lambda _: None, print, QUICK) as session:
        assert session.run(lambda connection: connection, "loading") == 1


def test_a_connection_that_stays_lost_is_an_unreachable_error_of_one_line() -> None:
    with (
        pytest.raises(
            UnreachableError, match=r"^loading: the connection .* for 0 s \(250003: gone\);.* Run again$"
        ),
        Session(Doors(), lambda _: None, print, NONE) as session,
    ):
        session.run(failing(LOST), "loading")


def test_nobody_at_the_address_keeps_the_words_that_name_it() -> None:
    with (
        pytest.raises(NoAnswerError, match=r"^nobody answers at http://there$"),
        Session(Doors(NoAnswerError("nobody answers at http://there")), print, print, NONE) as session,
    ):
        session.run(failing(), "loading")


def test_the_door_is_told_what_went_wrong_behind_it() -> None:
    doors = Doors()
    with pytest.raises(ProgrammingError), Session(doors, lambda _: None, print) as session:
        session.run(failing(WRONG), "loading")
    assert doors.left == [ProgrammingError]
