"""Steps of time zones: every time lies in exactly one, in every zone and over every change of the clock."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.store.reading.condense import DAY, HOUR, Grid

ZONES = sorted(available_timezones())


def utc(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def local(ms: int, zone: str) -> str:
    return datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)).strftime("%d %H:%M")


def check(grid: Grid, low: int, high: int) -> list[int]:
    """The steps of a range tile it, and runs and numbers agree with them."""
    begins = grid.begins(low, high)
    assert begins[0] <= low < begins[1] and begins[-2] < high <= begins[-1]
    for begin, end in pairwise(begins):
        assert begin < end
        for ms in (begin, (begin + end) // 2, end - 1):
            assert grid.begin(ms) == begin
        assert grid.after(begin) == end
    assert len(begins) - 1 <= grid.count(low, high)
    runs = list(grid.runs(low, high))
    assert [run.low for run in runs] == [low, *(run.high for run in runs[:-1])] and runs[-1].high == high
    for run in runs:
        for ms in (run.low, (run.low + run.high) // 2, run.high - 1):
            assert grid.begin_of((ms + run.shift) // grid.step, run) == grid.begin(ms)
            assert grid.begin(ms) == begins[bisect_right(begins, ms) - 1]
    return begins


def clock_of_2026(zone: str) -> tuple[timedelta | None, ...]:
    """How far the clock of a zone is from UTC in each hour of the days around a change, and each other day."""
    low = datetime(2026, 1, 1, tzinfo=UTC)
    offset = [(low + timedelta(days=day)).astimezone(ZoneInfo(zone)).utcoffset() for day in range(367)]
    changes = [day for day in range(366) if offset[day] != offset[day + 1]]
    near = [low + timedelta(days=day, minutes=30 * half) for day in changes for half in range(48)]
    return (*offset, *(at.astimezone(ZoneInfo(zone)).utcoffset() for at in near))


def one_of_each_clock() -> list[str]:
    """Zones are names for far fewer clocks."""
    return sorted({clock_of_2026(zone): zone for zone in ZONES}.values())


def check_year(zone: str) -> None:
    """Days and hours of 2026."""
    low = utc("2026-01-01T00:00")
    days = check(Grid(DAY, ZoneInfo(zone)), low, low + 366 * DAY * 1000)
    for begin in days:
        at = datetime.fromtimestamp(begin / 1000, ZoneInfo(zone))
        before = datetime.fromtimestamp(begin / 1000 - 1, ZoneInfo(zone))
        assert at.date() > before.date() and (at.hour == 0 or before.hour >= 22)
    changes = [run.high for run in Grid(DAY, ZoneInfo(zone)).runs(low, low + 366 * DAY * 1000)][:-1]
    for change in changes or [low + 90 * DAY * 1000]:
        check(Grid(HOUR, ZoneInfo(zone)), change - 5 * HOUR * 1000, change + 5 * HOUR * 1000)


def test_hours_and_days_tile_a_year_in_every_zone() -> None:
    for zone in one_of_each_clock():
        check_year(zone)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.integers(utc("1972-02-01T00:00"), utc("2037-12-01T00:00")),
    st.sampled_from([HOUR, 2 * HOUR, 6 * HOUR, DAY, 7 * DAY]),
    st.integers(1, 60),
)
def test_steps_tile_the_time_in_any_year(zone: str, low: int, step: int, count: int) -> None:
    check(Grid(step, ZoneInfo(zone)), low, low + count * step * 1000 // 2 + 1)


def test_the_half_hour_of_lord_howe_is_a_step_of_its_own() -> None:
    zone = "Australia/Lord_Howe"
    grid = Grid(HOUR, ZoneInfo(zone))
    spring = grid.begins(utc("2026-10-03T14:00"), utc("2026-10-03T18:00"))
    assert [local(begin, zone) for begin in spring] == [
        "04 00:00",
        "04 01:00",
        "04 02:30",
        "04 03:00",
        "04 04:00",
        "04 05:00",
    ]
    autumn = grid.begins(utc("2026-04-04T14:00"), utc("2026-04-04T17:00"))
    assert [local(begin, zone) for begin in autumn] == ["05 01:00", "05 01:30", "05 02:00", "05 03:00", "05 04:00"]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Madrid", "2026-03-29", 23),
        ("Europe/Madrid", "2026-10-25", 25),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Africa/Cairo", "2026-04-24", 23),
        ("America/Havana", "2026-03-08", 23),
        ("America/Havana", "2026-11-01", 25),
        ("Asia/Kathmandu", "2026-06-01", 24),
    ],
)
def test_a_day_is_as_long_as_its_local_clock_runs(zone: str, day: str, hours: float) -> None:
    grid = Grid(DAY, ZoneInfo(zone))
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(zone))
    begin = grid.begin(round(noon.timestamp() * 1000))
    assert (grid.after(begin) - begin) / 3_600_000 == hours


def test_a_date_that_a_zone_skipped_has_no_step() -> None:
    grid = Grid(DAY, ZoneInfo("Pacific/Apia"))
    begins = grid.begins(utc("2011-12-29T12:00"), utc("2012-01-01T12:00"))
    assert [local(begin, "Pacific/Apia")[:2] for begin in begins] == ["29", "31", "01", "02", "03"][: len(begins)]


@pytest.mark.parametrize(
    ("zone", "step", "change"),
    [
        ("America/St_Johns", DAY, "2006-10-29T02:31"),  # 00:01 is 23:01 again
        ("Antarctica/Casey", 2 * HOUR, "2009-10-17T18:00"),  # 02:00 to 05:00
        ("America/Caracas", HOUR, "2016-05-01T07:00"),
        ("Asia/Pyongyang", HOUR, "2015-08-14T15:00"),
    ],
)
def test_odd_changes_of_the_clock_leave_no_time_without_a_step(zone: str, step: int, change: str) -> None:
    check(Grid(step, ZoneInfo(zone)), utc(change) - 4 * step * 1000, utc(change) + 4 * step * 1000)


class TwentyMinutes(tzinfo):
    """A clock that is set 20 minutes ahead at 15:20."""

    def tzname(self, dt: datetime | None) -> None:
        return None

    dst = tzname

    def utcoffset(self, dt: datetime | None) -> timedelta:
        return timedelta(minutes=20 if dt is not None and dt.replace(tzinfo=None) >= CHANGE else 0)

    def fromutc(self, dt: datetime) -> datetime:
        return dt + timedelta(minutes=20 if dt.replace(tzinfo=None) >= CHANGE - timedelta(minutes=20) else 0)


CHANGE = datetime(2026, 1, 1, 15, 40)  # noqa: DTZ001  # in local time


def test_a_change_within_an_hour_begins_a_step() -> None:
    begins = check(Grid(HOUR, TwentyMinutes()), utc("2026-01-01T14:30"), utc("2026-01-01T17:00"))
    assert begins == [utc(f"2026-01-01T{at}") for at in ("14:00", "15:00", "15:20", "15:40", "16:40", "17:40")]


def test_steps_without_a_zone_count_from_the_epoch() -> None:
    grid = Grid(1.5)
    assert grid.begins(utc("2026-01-01T00:00") + 1, utc("2026-01-01T00:00") + 3001) == [
        utc("2026-01-01T00:00") + n * 1500 for n in range(4)
    ]
