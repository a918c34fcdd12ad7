from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.ingest.source.cells import Cells, WrongKindError
from flows.ingest.source.dates import Dates

NO_ISO = "is not a date (expected ISO 8601, like 2026-11-21 or 2026-11-21 14:30:00)"
SKIPPED = "is a time that does not exist in Europe/Berlin, where the clocks skipped it"
# changes at 02:00, 00:00, 00:01, 24:00, in the southern half, by half an hour, for Ramadan; and none at all
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
)


def timestamps(
    values: Sequence[Any], formats: Sequence[str] = (), zone: str = "UTC", nothing: Sequence[str] = ("",)
) -> Cells:
    series = values if isinstance(values, pl.Series) else pl.Series(values, dtype=pl.String)
    read = Dates(formats, zone).timestamps(series, nothing)
    assert read.values.dtype == pl.Datetime("us")
    return checked(read, len(series))


def days(values: Sequence[Any], formats: Sequence[str] = (), zone: str = "UTC") -> Cells:
    series = values if isinstance(values, pl.Series) else pl.Series(values, dtype=pl.String)
    read = Dates(formats, zone).days(series, ("",))
    assert read.values.dtype == pl.Date
    return checked(read, len(series))


def checked(read: Cells, height: int) -> Cells:
    assert len(read.values) == height
    for rows in read.unreadable.values():
        assert rows.dtype == pl.Boolean
        assert rows.null_count() == 0
        assert len(rows) == height
        assert rows.any()
        assert read.values.filter(rows).null_count() == rows.sum()
    return read


def reasons(read: Cells) -> dict[str, list[int]]:
    return {reason: rows.arg_true().to_list() for reason, rows in read.unreadable.items()}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01", datetime(2026, 1, 1)),
        (" 2026-01-01 ", datetime(2026, 1, 1)),
        ("2026-01-01\n", datetime(2026, 1, 1)),
        ("\t2026-01-01\u00a0", datetime(2026, 1, 1)),
        ("2026-01-01 10:30", datetime(2026, 1, 1, 10, 30)),
        ("2026-01-01T10:30", datetime(2026, 1, 1, 10, 30)),
        ("2026-01-01T10", datetime(2026, 1, 1, 10)),
        ("2026-01-01 10:30:15", datetime(2026, 1, 1, 10, 30, 15)),
        ("2026-01-01T10:30:15.2", datetime(2026, 1, 1, 10, 30, 15, 200_000)),
        ("2026-01-01T10:30:15.250", datetime(2026, 1, 1, 10, 30, 15, 250_000)),
        ("2026-01-01T10:30:15.123456789", datetime(2026, 1, 1, 10, 30, 15, 123_456)),
        ("2026-01-01T10:30:15Z", datetime(2026, 1, 1, 10, 30, 15)),
        ("2026-01-01T10:30:15.123456Z", datetime(2026, 1, 1, 10, 30, 15, 123_456)),
        ("2026-01-01T10:30:15.123456789Z", datetime(2026, 1, 1, 10, 30, 15, 123_456)),
        ("2026-01-01T01:30:00+02:00", datetime(2025, 12, 31, 23, 30)),
        ("2026-01-01T01:30:00 +02:00", datetime(2025, 12, 31, 23, 30)),
        ("2026-01-01T01:30+0200", datetime(2025, 12, 31, 23, 30)),
        ("2026-01-01 01:30:00+02", datetime(2025, 12, 31, 23, 30)),
        ("2026-01-01 22:00:00-0500", datetime(2026, 1, 2, 3)),
        ("2026-01-01 22:00:00-00:00", datetime(2026, 1, 1, 22)),
        ("2024-02-29", datetime(2024, 2, 29)),
        ("1000-01-01", datetime(1000, 1, 1)),
        ("9999-12-31 23:59:59.999999", datetime(9999, 12, 31, 23, 59, 59, 999_999)),
    ],
)
@pytest.mark.parametrize("others", [[], ["2026-01-01"], ["2026-01-01T00:00Z"], ["soon"]])
def test_iso_dates_are_read_whatever_stands_around_them(
    text: str, moment: datetime, others: list[str]
) -> None:
    assert timestamps([*others, text]).values[-1] == moment
    assert timestamps([text, *others]).values[0] == moment
    assert not timestamps([text]).unreadable


BAD = [
    *(
        "yesterday",
        "now",
        "-",
        "T",
        "Z",
        "0",
        "2026",
        "2026-01",
        "20260101",
        "2026-W01-1",
        "01/02/2026",
        "1.2.2026",
    ),
    *("26-01-02", "026-01-02", "0026-01-02", "0999-12-31", "20261-01-02", "+2026-01-02", "-2026-01-02"),
    *("2026-13-01", "2026-00-01", "2026-01-00", "2026-01-32", "2026-02-30", "2026-04-31", "2023-02-29"),
    *("1900-02-29", "2100-02-29", "2026-1-5", "2026-01-5", "2026- 1- 5", "2026-01-01x", "x2026-01-01"),
    *("2026-01-01 x", "2026-01-01, 10:30", "2026-01-01  10:30", "2026-01-01\t10:30", "2026-01-0110:30"),
    *(
        "2026-01-110:30",
        "2026-01-01t10:30",
        "2026-01-01T",
        "2026-01-01T1",
        "2026-01-01 10:3",
        "2026-01-01 1:03",
    ),
    *(
        "2026-01-01 24:00",
        "2026-01-01 24:00:00",
        "2026-01-01 25:00:00",
        "2026-01-01 10:60",
        "2026-01-01 1030",
    ),
    *("2026-01-01 10:30:60", "2026-01-01 10:30:5", "2026-01-01 10:30:00.", "2026-01-01 10:30:00,5"),
    *("2026-01-01 10:30:00.1234567890", "2026-01-01 10:30.5", "2026-01-01 10:30 PM", "2026-01-01 -10:30"),
    *("2026-01-01Z", "2026-01-01+02:00", "2026-01-01 10:30z", "2026-01-01 10:30+2", "2026-01-01 10:30+24:00"),
    *("2026-01-01 10:30+02:60", "2026-01-01 10:30+02:00x", "2026-01-01 10:30ZZ", "2026-01-01 10:30 UTC"),
    *("2026-01-01 10:30  +02:00", "2026-01-01 10:30+-02:00", "2026-01-01 10:30−02:00", "٢٠٢٦-٠١-٠١"),
    *("2026-01-01 10:30:00 2026-01-01 10:30:00", "\n2026-01-01 10:30\n2026-01-01", "9" * 5_000),
    *("9999-12-31T23:59:59-05:00", "1000-01-01T00:00+05:00"),
]


@pytest.mark.parametrize("text", BAD)
@pytest.mark.parametrize("others", [[], ["2026-01-01 10:30"], ["2026-01-01 10:30Z"]])
def test_what_is_not_wholly_an_iso_date_is_unreadable(text: str, others: list[str]) -> None:
    read = timestamps([*others, text])
    assert read.values[-1] is None
    assert reasons(read) == {NO_ISO: [len(others)]}


def test_every_day_of_the_calendar_and_no_other_is_a_date() -> None:
    texts = [
        f"{year}-{month:02}-{day:02}"
        for year in (*range(1896, 1905), *range(1999, 2006), 2096, 2100, 2104, 2400)
        for month in range(14)
        for day in range(33)
    ]
    real = [text for text in texts if is_day(text)]
    read = timestamps(texts)
    assert read.values.drop_nulls().to_list() == [datetime.fromisoformat(text) for text in real]
    assert read.unreadable[NO_ISO].to_list() == [not is_day(text) for text in texts]


def is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


ISO_FORMATS = (
    *("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"),
    *("%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H"),
)
SHOP_FORMATS = (
    *("%d.%m.%Y %H:%M", "%d.%m.%y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%Y%m%d%H%M%S", "%Y%m%dT%H%M%S.%f"),
    *("%b %d, %Y %I:%M %p", "%A, %d %B %Y %H:%M", "%a %d-%b-%y %H.%M.%S.%f", "%Y-%jT%H:%M", "%d%%%m%%%Y %T"),
)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2035, 12, 31))
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timedelta(minutes=minutes))


def exists(moment: datetime, zone: str) -> bool:
    there = moment.replace(tzinfo=ZoneInfo(zone))
    return there.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == moment


def in_utc(moment: datetime, zone: str) -> datetime | None:
    """Of two equal times the earlier, as `fold` is 0; nothing for times that do not exist."""
    there = moment.replace(tzinfo=ZoneInfo(zone))
    return there.astimezone(UTC).replace(tzinfo=None) if exists(moment, zone) else None


@settings(deadline=None)
@given(moments, st.sampled_from(ZONES), st.sampled_from(ISO_FORMATS))
@example(datetime(2026, 3, 29, 2, 30), "Europe/Berlin", ISO_FORMATS[0])
@example(datetime(2026, 10, 25, 2, 30), "Europe/Berlin", ISO_FORMATS[0])
def test_local_iso_times_are_the_instants_that_python_says(moment: datetime, zone: str, form: str) -> None:
    text = moment.strftime(form)
    written = datetime.fromisoformat(text)
    read = timestamps([text], zone=zone)
    assert read.values.to_list() == [in_utc(written, zone)]
    assert bool(read.unreadable) is not exists(written, zone)
    assert days([text], zone=zone).values.to_list() == [written.date()]


@settings(deadline=None)
@given(moments, st.sampled_from(ZONES), st.sampled_from(SHOP_FORMATS))
@example(datetime(2026, 3, 29, 2, 30), "Europe/Berlin", SHOP_FORMATS[0])
@example(datetime(2026, 10, 25, 2, 30), "Europe/Berlin", SHOP_FORMATS[0])
def test_local_times_in_a_format_are_the_instants_that_python_says(
    moment: datetime, zone: str, form: str
) -> None:
    text = moment.strftime(form)
    written = datetime.strptime(text, form.replace("%T", "%H:%M:%S"))
    read = timestamps([text], [form], zone)
    assert read.values.to_list() == [in_utc(written, zone)]
    assert bool(read.unreadable) is not exists(written, zone)
    assert days([text], [form], zone).values.to_list() == [written.date()]


@settings(deadline=None)
@given(moments, st.sampled_from(ZONES), offsets, st.sampled_from(ISO_FORMATS), st.sampled_from(["", " "]))
def test_times_with_an_offset_are_the_instants_that_python_says(
    moment: datetime, zone: str, offset: timedelta, form: str, blank: str
) -> None:
    minutes = abs(int(offset.total_seconds())) // 60
    sign = "-" if offset < timedelta() else "+"
    text = moment.strftime(form)
    written = datetime.fromisoformat(text)
    instant = written - offset
    suffixes = [f"{sign}{minutes // 60:02}:{minutes % 60:02}", f"{sign}{minutes // 60:02}{minutes % 60:02}"]
    suffixes += [suffixes[0][:3]] if minutes % 60 == 0 else []
    suffixes += ["Z"] if not minutes else []
    local_day = instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()
    for suffix in suffixes:
        for formats in ((), (form + blank + "%z",)) if not form.endswith("T%H") else ((),):
            assert timestamps([text + blank + suffix], formats, zone).values.to_list() == [instant]
            assert days([text + blank + suffix], formats, zone).values.to_list() == [local_day]


@pytest.mark.parametrize("zone", ZONES)
def test_a_file_with_all_hours_of_a_year_is_read_as_python_says(zone: str) -> None:
    written = [datetime(2018, 1, 1) + timedelta(minutes=25 * step) for step in range(365 * 24 * 60 // 25)]
    read = timestamps([moment.isoformat(" ") for moment in written], zone=zone)
    assert read.values.to_list() == [in_utc(moment, zone) for moment in written]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.sampled_from([*BAD, "2026-01-01", "2026-03-29 02:30", "2026-10-25 02:30:00.1", "", " "])
        | moments.map(str),
        max_size=8,
    )
)
def test_a_value_is_read_the_same_whatever_the_others_are(texts: list[str]) -> None:
    for zone in ("UTC", "Europe/Berlin"):
        together = timestamps(texts, zone=zone)
        alone = [timestamps([text], zone=zone) for text in texts]
        assert together.values.to_list() == [read.values[0] for read in alone]
        for reason in (NO_ISO, SKIPPED):
            expected = [row for row, read in enumerate(alone) if reason in read.unreadable]
            assert reasons(together).get(reason, []) == expected


def test_a_skipped_time_is_unreadable_and_a_repeated_one_is_the_earlier() -> None:
    texts = [
        "2026-03-29 01:59:59",
        "2026-03-29 02:00",
        "2026-03-29 02:59:59",
        "2026-03-29 03:00",
        "2026-10-25 02:30",
    ]
    read = timestamps([*texts, "soon"], zone="Europe/Berlin")
    assert read.values.to_list() == [
        datetime(2026, 3, 29, 0, 59, 59),
        None,
        None,
        datetime(2026, 3, 29, 1),
        datetime(2026, 10, 25, 0, 30),
        None,
    ]
    assert reasons(read) == {SKIPPED: [1, 2], NO_ISO: [5]}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("formats", [[], ["%Y-%m-%d"]])
def test_a_date_without_a_time_never_shifts(zone: str, formats: list[str]) -> None:
    written = [date(2018, 1, 1) + timedelta(days=day) for day in range(366)]
    texts = [day.isoformat() for day in written]
    midnights = [datetime.combine(day, time()) for day in written]
    assert timestamps(texts, formats, zone).values.to_list() == midnights
    assert timestamps(pl.Series(written), formats, zone).values.to_list() == midnights
    assert days(texts, formats, zone).values.to_list() == written
    assert days(pl.Series(written), formats, zone).values.to_list() == written


def test_days_and_times_may_stand_in_one_column() -> None:
    read = timestamps(["2026-01-01", "2026-01-01 00:00", "2026-01-01 00:00Z"], zone="Europe/Berlin")
    assert read.values.to_list() == [
        datetime(2026, 1, 1),
        datetime(2025, 12, 31, 23),
        datetime(2026, 1, 1),
    ]


def test_a_promised_day_is_the_day_on_the_calendar_of_the_shop() -> None:
    texts = [
        "2026-01-01",
        "2026-01-01 23:30",
        "2026-01-01T23:30Z",
        "2026-01-01T23:30-05:00",
        "2026-03-29 02:30",
    ]
    expected = [date(2026, 1, day) for day in (1, 1, 2, 2)] + [date(2026, 3, 29)]
    assert days(texts, zone="Europe/Berlin").values.to_list() == expected
    assert not days(texts, zone="Europe/Berlin").unreadable


@pytest.mark.parametrize(
    ("formats", "text", "moment"),
    [
        (["%d.%m.%Y"], "21.11.2026", datetime(2026, 11, 21)),
        (["%d.%m.%Y"], "1.2.2026", datetime(2026, 2, 1)),
        (["%d.%m.%Y"], " 01.02.2026 ", datetime(2026, 2, 1)),
        (["%d+%m+%Y"], "01+02+2026", datetime(2026, 2, 1)),
        (["%-d.%-m.%Y"], "1.2.2026", datetime(2026, 2, 1)),
        (["%d.%m.%y"], "1.2.26", datetime(2026, 2, 1)),
        (["%d.%m.%y"], "01.02.99", datetime(1999, 2, 1)),
        (["%Y%m%d"], "20260201", datetime(2026, 2, 1)),
        (["%m/%d/%Y %I:%M %p"], "2/1/2026 9:05 pm", datetime(2026, 2, 1, 21, 5)),
        (["%m/%d/%Y %I:%M %p"], "02/01/2026 12:00 AM", datetime(2026, 2, 1)),
        (["%b %e, %Y"], "Feb  1, 2026", datetime(2026, 2, 1)),
        (["%d-%b-%y"], "01-FEB-26", datetime(2026, 2, 1)),
        (["%Y-%m-%d %H:%M:%S.%f"], "2026-02-01 10:30:00.5", datetime(2026, 2, 1, 10, 30, 0, 500_000)),
        (["%Y-%m-%d %H:%M:%S%.f"], "2026-02-01 10:30:00", datetime(2026, 2, 1, 10, 30)),
        (["%Y-%m-%d %H:%M:%S,%3f"], "2026-02-01 10:30:00,125", datetime(2026, 2, 1, 10, 30, 0, 125_000)),
        (["%F %R"], "2026-02-01 10:30", datetime(2026, 2, 1, 10, 30)),
        (["%d/%m/%Y %H:%M %z"], "01/02/2026 10:30 +0200", datetime(2026, 2, 1, 8, 30)),
        (["%d/%m/%Y %H:%M%:z"], "01/02/2026 10:30Z", datetime(2026, 2, 1, 10, 30)),
        (["%d.%m.%Y", "%Y-%m-%d %H:%M"], "2026-02-01 10:30", datetime(2026, 2, 1, 10, 30)),
        (["%d/%m/%Y", "%m/%d/%Y"], "01/02/2026", datetime(2026, 2, 1)),
        (["%d/%m/%Y", "%m/%d/%Y"], "01/22/2026", datetime(2026, 1, 22)),
        (["unix"], "1769941800", datetime(2026, 2, 1, 10, 30)),
        (["unix"], "1769941800.25", datetime(2026, 2, 1, 10, 30, 0, 250_000)),
        (["unix"], "4.1", datetime(1970, 1, 1, 0, 0, 4, 100_000)),
        (["unix"], " 1769941800 ", datetime(2026, 2, 1, 10, 30)),
        (["unix"], "-1", datetime(1969, 12, 31, 23, 59, 59)),
        (["unix_ms"], "1769941800250", datetime(2026, 2, 1, 10, 30, 0, 250_000)),
        (["unix", "unix_ms"], "1769941800250", datetime(2026, 2, 1, 10, 30, 0, 250_000)),
        (["%Y%m%d", "unix"], "20260201", datetime(2026, 2, 1)),
        (["%Y%m%d", "unix"], "1769941800", datetime(2026, 2, 1, 10, 30)),
    ],
)
def test_dates_in_formats_of_the_shop_are_read_the_first_that_fits(
    formats: list[str], text: str, moment: datetime
) -> None:
    assert timestamps([text], formats).values.to_list() == [moment]
    assert timestamps(["soon", text, None], formats).values.to_list() == [None, moment, None]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%d.%m.%Y", "01.02.26"),
        ("%d.%m.%Y", "01.02.026"),
        ("%d.%m.%Y", "01.02.20266"),
        ("%d.%m.%Y", "01.02.+2026"),
        ("%d.%m.%Y", "01.02.0999"),
        ("%d.%m.%Y", "31.02.2026"),
        ("%d.%m.%Y", "2026-02-01"),
        ("%d.%m.%Y", "01. 02. 2026"),
        ("%d.%m.%Y", "01.02.2026 10:30"),
        ("%d.%m.%Y", "001.02.2026"),
        ("%d.%m.%y", "01.02.2026"),
        ("%d.%m.%y", "01.02.6"),
        ("%Y%m%d", "2026021"),
        ("%Y%m%d", "202602011"),
        ("%d.%m.%Y %H:%M", "01.02.2026"),
        ("%d.%m.%Y %H:%M", "01.02.202610:30"),
        ("%d.%m.%Y %H:%M", "01.02.2026  10:30"),
        ("%d.%m.%Y %H:%M", "01.02.2026\t10:30"),
        ("%d.%m.%Y %H:%M", "01.02.2026 24:00"),
        ("%d.%m.%Y %H:%M", "01.02.2026 10:3"),
        ("%d.%m.%Y %H:%M:%S", "01.02.2026 10:30:60"),
        ("%m/%d/%Y %I:%M %p", "02/01/2026 13:05 pm"),
        ("%m/%d/%Y %I:%M %p", "02/01/2026 10:05"),
        ("%b %d, %Y", "Foo 01, 2026"),
        ("%b %d, %Y", "Feb01,2026"),
        ("%A, %d.%m.%Y", "Monday, 01.02.2026"),
        ("%Y-%m-%d %H:%M:%S.%f", "2026-02-01 10:30:00."),
        ("%Y-%m-%d %H:%M %z", "2026-02-01 10:30"),
        ("%Y-%m-%d %H:%M %z", "2026-02-01 10:30 +2"),
        ("%d|%m|%Y", "01"),
        ("%d+%m+%Y", "0112026"),
        ("unix", "2026-02-01"),
        ("unix", "1e9"),
        ("unix", "1769941800."),
        ("unix", "0x10"),
        ("unix", "253402300800"),
        ("unix", "-30610224001"),
        ("unix", "9" * 30),
        ("unix_ms", "253402300800000"),
        ("unix", "nan"),
        ("unix", "inf"),
    ],
)
def test_what_is_not_wholly_in_the_format_is_unreadable(form: str, text: str) -> None:
    read = timestamps([text], [form])
    assert read.values.to_list() == [None]
    assert reasons(read) == {f"is not a date (expected {form})": [0]}


def test_the_reason_names_all_formats() -> None:
    assert reasons(timestamps(["soon"], ["%d.%m.%Y", "unix"])) == {
        "is not a date (expected %d.%m.%Y or unix)": [0]
    }


@pytest.mark.parametrize(
    "form", ["%d.%m.%Y %Z", "%d.%m.%Y %f", "%G-%V-%u", "%c", "%Y-%m-%d%", "%Y-%m-%d %Q", "%+"]
)
def test_a_directive_that_is_not_understood_is_refused(form: str) -> None:
    with pytest.raises(ValueError, match=r"has %.* which is not understood; understood: %Y ") as error:
        Dates([form], "UTC")
    assert str(error.value).startswith(repr(form))


@pytest.mark.parametrize("nothing", ["0000-00-00", "9999-12-31", "n/a"])
def test_texts_that_mean_nothing_are_no_dates_and_no_failures(nothing: str) -> None:
    texts = [nothing, f" {nothing} ", "", "  ", None, "2026-01-01"]
    read = timestamps(texts, nothing=["", nothing])
    assert read.values.to_list() == [None] * 5 + [datetime(2026, 1, 1)]
    assert not read.unreadable


@pytest.mark.parametrize("texts", [[], [None], [None, ""]])
def test_columns_of_nothing_are_read(texts: list[str | None]) -> None:
    for formats in ([], ["%d.%m.%Y"], ["unix"]):
        assert timestamps(texts, formats).values.to_list() == [None] * len(texts)
        assert days(texts, formats).values.to_list() == [None] * len(texts)
    assert timestamps(pl.Series([None], dtype=pl.Null)).values.to_list() == [None]
    assert days(pl.Series([None], dtype=pl.Null)).values.to_list() == [None]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_native_timestamps_are_read_like_their_texts(unit: Any) -> None:
    written = [
        datetime(2026, 1, 1, 23, 30),
        datetime(2026, 3, 29, 2, 30),
        datetime(2026, 10, 25, 2, 30),
        None,
    ]
    naive = pl.Series(written, dtype=pl.Datetime(unit))
    texts = [moment and str(moment) for moment in written]
    for read in (timestamps, days):
        ours, theirs = read(naive, zone="Europe/Berlin"), read(texts, zone="Europe/Berlin")
        assert ours.values.to_list() == theirs.values.to_list()
        assert reasons(ours) == reasons(theirs)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_native_timestamps_with_a_zone_are_converted(unit: Any) -> None:
    zoned = pl.Series([datetime(2026, 1, 1, 3), None], dtype=pl.Datetime(unit, "UTC"))
    there = zoned.dt.convert_time_zone("America/New_York")
    assert timestamps(there, zone="Asia/Kolkata").values.to_list() == [datetime(2026, 1, 1, 3), None]
    assert days(there, zone="America/New_York").values.to_list() == [date(2025, 12, 31), None]


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([2**31 - 1, -(2**31), 2_932_897, -354_286], dtype=pl.Int32).cast(pl.Date),
        pl.Series([10**18, -(10**18), 253_402_300_800_000]).cast(pl.Datetime("ms")),
        pl.Series([2**63 - 1, -(2**63) + 1, 253_402_300_800_000_000]).cast(pl.Datetime("us")),
        pl.Series([2**63 - 1, -(2**63) + 1, 253_402_300_800_000_000]).cast(pl.Datetime("us", "Asia/Kolkata")),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_native_dates_out_of_reach_are_unreadable(values: pl.Series, zone: str) -> None:
    for read in (timestamps(values, zone=zone), days(values, zone=zone)):
        assert read.values.null_count() == len(values)
        assert reasons(read) == {NO_ISO: list(range(len(values)))}


@pytest.mark.parametrize("dtype", [pl.Int32, pl.Int64, pl.UInt32, pl.UInt64, pl.Float64])
def test_numbers_are_dates_where_the_shop_says_so(dtype: Any) -> None:
    values = pl.Series([1_769_941_800, None, 0], dtype=dtype)
    expected = [datetime(2026, 2, 1, 10, 30), None, datetime(1970, 1, 1)]
    assert timestamps(values, ["%d.%m.%Y", "unix"]).values.to_list() == expected
    assert days(values, ["unix"], "Europe/Berlin").values.to_list() == [
        date(2026, 2, 1),
        None,
        date(1970, 1, 1),
    ]


def test_numbers_too_large_for_seconds_are_milliseconds_where_both_are_formats() -> None:
    read = timestamps(pl.Series([1_769_941_800, 1_769_941_800_250]), ["unix", "unix_ms"])
    assert read.values.to_list() == [datetime(2026, 2, 1, 10, 30), datetime(2026, 2, 1, 10, 30, 0, 250_000)]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_the_last_and_the_first_moments_of_the_calendar_are_not_called_skipped(zone: str) -> None:
    texts = ["9999-12-31 23:59:59", "1000-01-01 00:00:00"]
    for values in (texts, pl.Series([datetime.fromisoformat(text) for text in texts])):
        read = timestamps(values, zone=zone)
        assert read.values.null_count() == 1
        assert list(reasons(read)) == [NO_ISO]


def test_numbers_that_are_no_dates_are_unreadable() -> None:
    values = pl.Series([float("nan"), float("inf"), 1e300, 1_769_941_800.25])
    read = timestamps(values, ["unix"])
    assert read.values.to_list() == [None] * 3 + [datetime(2026, 2, 1, 10, 30, 0, 250_000)]
    assert reasons(read) == {"is not a date (expected unix)": [0, 1, 2]}


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ([20260101, 20260102], "holds Int64, not dates (date_formats = "),
        ([1.5, None], "holds Float64, not dates (date_formats = "),
        ([time(1), time(2)], "holds Time, not dates"),
        ([timedelta(1)], "holds Duration"),
        ([True, False], "holds Boolean, not dates"),
        ([[1], [2]], "holds List(Int64), not dates"),
        ([b"2026-01-01"], "holds Binary, not dates"),
    ],
)
def test_a_column_of_another_type_is_refused(values: list[Any], complaint: str) -> None:
    for read in (timestamps, days):
        with pytest.raises(WrongKindError) as error:
            read(pl.Series(values), ["%Y%m%d"])
        assert str(error.value).startswith(complaint)


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["2026-01-01", " 2026-01-02", "soon"])])
def test_categories_are_read_as_the_texts_they_stand_for(dtype: Any) -> None:
    read = timestamps(pl.Series(["2026-01-01", " 2026-01-02", "soon", None], dtype=dtype))
    assert read.values.to_list() == [datetime(2026, 1, 1), datetime(2026, 1, 2), None, None]
    assert reasons(read) == {NO_ISO: [2]}


@settings(deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Nd", "Cs"]) | st.sampled_from("-:. TZ+")), min_size=1)
)
def test_no_text_without_digits_is_a_date(texts: list[str]) -> None:
    for formats in ([], ["%d.%m.%Y"], ["%b %d, %Y %I:%M %p"], ["unix"], ["unix_ms", "%Y%m%d"]):
        assert timestamps(texts, formats).values.null_count() == len(texts)
