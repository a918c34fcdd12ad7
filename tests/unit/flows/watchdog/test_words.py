from datetime import UTC, datetime, timedelta

import pytest
from prefect.states import Crashed, Failed

from flows.errors import InputError, UnreachableError
from flows.watchdog.failure import _cause
from flows.watchdog.silence import Silence, duration

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def test_an_error_of_ours_is_quoted_in_one_line() -> None:
    error = UnreachableError("block x: no Snowflake answers;\ncheck the network")
    assert _cause(Failed(data=error)) == "block x: no Snowflake answers; check the network"


def test_what_others_say_is_not_quoted_because_it_may_hold_a_secret() -> None:
    assert _cause(Failed(data=ValueError("password=hunter2"))) == (
        "An unexpected ValueError: see the log of the run."
    )


def test_of_a_crash_only_that_it_was_one_is_known() -> None:
    assert "ended without saying why" in _cause(Crashed(message="token=hunter2"))


@pytest.mark.parametrize(
    ("text", "seconds"), [("26h", 93_600), ("90m", 5_400), ("30s", 30), ("2d", 172_800), (" 10s ", 10)]
)
def test_times_are_read(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "26", "h", "-1h", "1.5h", "9s", "0h", "1w", "9999999h"])
def test_what_is_no_time_or_too_short_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="within"):
        duration(text)


@pytest.mark.parametrize(
    ("hours_ago", "is_silent"), [(None, True), (25, False), (26, False), (26.01, True), (-1, False)]
)
def test_silence_is_a_success_that_is_too_long_ago_or_never_was(hours_ago: float, is_silent: bool) -> None:
    last = None if hours_ago is None else NOW - timedelta(hours=hours_ago)
    assert Silence("a/b", "26h", last, NOW).is_silent is is_silent
