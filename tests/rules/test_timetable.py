"""Times are due exactly once: in every zone, on days with an hour less or more, over restarts and set clocks."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.calendar.days import DAILY, HolidayList, days_of, days_text, easter
from unclouded.core.calendar.local_time import instant_of, next_midnight
from unclouded.core.errors import CommandError
from unclouded.rules.calendar.calendar import DayMoment, HomeCalendar
from unclouded.rules.calendar.sun import HomePlace
from unclouded.rules.engine.timetable import Timetable
from unclouded.rules.text.spans import moment_of, moment_text, span_of, span_text

ZONES = sorted(available_timezones())
MADRID = ZoneInfo("Europe/Madrid")


def local(text: str, zone: ZoneInfo = MADRID, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


# --- one day ------------------------------------------------------------------------------------------


def test_a_time_that_is_skipped_is_due_behind_the_gap_and_one_that_is_doubled_the_first_time() -> None:
    assert instant_of(date(2026, 3, 29), 2 * 3600 + 1800, MADRID) == local("2026-03-29T03:00")
    assert instant_of(date(2026, 10, 25), 2 * 3600 + 1800, MADRID) == local("2026-10-25T02:30", fold=0)


def test_a_gap_of_half_an_hour_and_a_day_that_does_not_exist() -> None:
    howe, apia = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia")
    assert instant_of(date(2026, 10, 4), 2 * 3600 + 600, howe) == local("2026-10-04T02:30", howe)
    assert instant_of(date(2011, 12, 30), 7 * 3600, apia) is None
    assert next_midnight(local("2011-12-29T12:00", apia), apia) == local("2011-12-31T00:00", apia)


def test_midnight_may_not_exist() -> None:
    beirut = ZoneInfo("Asia/Beirut")
    assert instant_of(date(2025, 3, 30), 0, beirut) == local("2025-03-30T01:00", beirut)


@pytest.mark.parametrize(
    ("text", "second"),
    [("07:30", 27_000), ("7:30", 27_000), ("sunset - 30 min", -1800), ("sunrise +1h", 3600), ("sunset", 0)],
)
def test_moments_are_read(text: str, second: int) -> None:
    assert moment_of(text).second == second
    assert moment_text(moment_of(text))


@pytest.mark.parametrize("text", ["24:00", "7", "noon", "sunset - 13 h", "sunset 30 min", "07:60", ""])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(CommandError):
        moment_of(text)


@given(st.integers(1, 7 * 86_400))
def test_spans_are_read_as_they_are_written(seconds: int) -> None:
    assert abs(span_of(span_text(seconds)) - seconds) < 3600


# --- the sun ------------------------------------------------------------------------------------------


def test_the_sun_of_some_places() -> None:
    """Within the minutes by which places in one town and rounding differ."""
    places = [
        ("Europe/Madrid", 40.4, -3.7, "2026-11-30", "08:17", "17:49"),
        ("Pacific/Auckland", -36.85, 174.76, "2026-12-21", "05:58", "20:39"),
        ("Pacific/Kiritimati", 1.87, -157.4, "2026-06-21", "06:25", "18:38"),
    ]
    for zone, north, east, day, rise, down in places:
        calendar = HomeCalendar(ZoneInfo(zone), HomePlace(north, east))
        for event, text in ((DayMoment("sunrise"), rise), (DayMoment("sunset"), down)):
            at = calendar.instant(event, date.fromisoformat(day))
            assert at is not None
            assert abs(at - local(f"{day}T{text}", ZoneInfo(zone))) < 240, (zone, event.kind)


def test_where_the_sun_does_not_set_no_sunset_comes() -> None:
    calendar = HomeCalendar(ZoneInfo("Arctic/Longyearbyen"), HomePlace(78.2, 15.6))
    assert calendar.instant(DayMoment("sunset"), date(2026, 6, 21)) is None
    following = calendar.next_occurrence([DayMoment("sunset")], DAILY, local("2026-06-21T12:00"))
    assert following is not None and following.key.startswith("2026-08")


@settings(max_examples=40)
@given(st.sampled_from(ZONES), st.floats(-60, 60), st.floats(-180, 180), st.integers(0, 700))
def test_each_day_has_one_sunrise_before_one_sunset(zone: str, north: float, east: float, ahead: int) -> None:
    calendar = HomeCalendar(ZoneInfo(zone), HomePlace(north, east))
    day = date(2026, 1, 1) + timedelta(days=ahead)
    rise, down = (calendar.instant(DayMoment(event), day) for event in ("sunrise", "sunset"))
    assert rise is not None and down is not None and 0 < down - rise < 86_400


# --- days ---------------------------------------------------------------------------------------------


def test_days_and_holidays() -> None:
    holidays = HolidayList(["01-01", "easter - 2", "2026-12-07", "12-25"])
    assert easter(2026) == date(2026, 4, 5) and easter(2038) == date(2038, 4, 25)
    assert [day for day in (date(2026, 4, 3), date(2027, 1, 1), date(2026, 12, 7)) if holidays.includes(day)]
    workdays, off = days_of("workdays"), days_of("sat,sun,holidays")
    friday = date(2026, 4, 3)
    assert not workdays.includes(friday, holidays.includes(friday))
    assert off.includes(friday, holidays.includes(friday))
    assert days_of("fri-mon").weekdays == {4, 5, 6, 0} and days_of("daily").is_daily
    assert [days_text(days_of(text)) for text in ("daily", "mon-fri", "workdays", "sat,sun")] == [
        "daily",
        "mon to fri",
        "workdays",
        "sat, sun",
    ]


@pytest.mark.parametrize("text", ["monday", "mon-", "", "mon;tue"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="is not a day"):
        days_of(text)


@pytest.mark.parametrize("text", ["25-12", "christmas", "easter -", "2026-13-01", "easter * 2"])
def test_what_is_no_holiday_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="is not a holiday"):
        HolidayList([text])


def test_between_two_times_goes_over_midnight() -> None:
    calendar = HomeCalendar(MADRID)
    night = (moment_of("22:00"), moment_of("06:00"))
    at = {text: calendar.window(*night, local(f"2026-11-30T{text}")) for text in ("21:59", "22:00", "03:00", "06:00")}
    assert {text: inside for text, (inside, _) in at.items()} == {
        "21:59": False,
        "22:00": True,
        "03:00": True,
        "06:00": False,
    }
    assert at["03:00"][1] == local("2026-11-30T06:00")


# --- exactly once -------------------------------------------------------------------------------------

CLOCK = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 30_000)),
        st.tuples(st.just("set"), st.integers(-90_000, 90_000)),
        st.tuples(st.just("restart"), st.integers(0, 100_000)),
    ),
    max_size=25,
)
CHANGES = ["2026-03-28T12:00", "2026-10-24T12:00", "2026-11-30T00:00", "2026-04-04T03:00"]


@settings(max_examples=80)
@given(st.sampled_from(ZONES), st.sampled_from(CHANGES), CLOCK, st.lists(st.integers(0, 1439), min_size=1, max_size=4))
def test_each_occurrence_is_handled_once_whatever_the_clock_does(
    zone: str, start: str, happenings: list[tuple[str, int]], minutes: list[int]
) -> None:
    calendar = HomeCalendar(ZoneInfo(zone))
    moments = [DayMoment("clock", minute * 60) for minute in minutes]
    wall = latest = datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp()
    first = wall
    table, seen, lowest = Timetable(moments, DAILY, wall), Counter[str](), wall
    for what, seconds in happenings:
        if what == "restart":
            table = _restarted(table, moments)
        wall += seconds
        latest, lowest = max(latest, wall), min(lowest, wall)
        due, missed = table.due(calendar, wall)
        seen.update(one.key for one in (*due, *missed))
        assert all(one.at <= wall for one in (*due, *missed)) and all(wall - one.at > 60 for one in missed)
    assert all(count == 1 for count in seen.values())
    if lowest == first and latest - first < 7 * 86_400:  # never set back: nothing is left out either
        assert set(seen) >= {one.key for one in calendar.occurrences(moments, DAILY, first, latest)}


def _restarted(table: Timetable, moments: list[DayMoment]) -> Timetable:
    new = Timetable(moments, DAILY, table.looked)
    new.take_over(table)
    return new


@pytest.mark.parametrize("zone", ["Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"])
def test_a_year_has_one_occurrence_for_each_day(zone: str) -> None:
    calendar = HomeCalendar(ZoneInfo(zone))
    wall = local("2026-01-01T00:00", ZoneInfo(zone)) - 1
    table, seen = Timetable([moment_of("02:30")], DAILY, wall), []
    for _ in range(365):
        table.plan(calendar, wall)
        assert table.next is not None
        wall = table.next.at
        due, missed = table.due(calendar, wall)
        assert len(due) == 1 and not missed
        seen.append(due[0].key)
    assert len(set(seen)) == 365 and seen[0] == "2026-01-01#0" and seen[-1] == "2026-12-31#0"


def test_a_time_span_of_a_million_parts_is_refused_at_once() -> None:
    with pytest.raises(CommandError, match="is not a time span"):
        span_of("1s" * 1_000_000)
