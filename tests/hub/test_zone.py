"""Local time and its changes, and the inverse that families use: from the time of a device's clock to Unix seconds."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.sessions.session import AskClock, AskTime, LocalTime
from unclouded.families.tuya.local_time import AHEAD_S, moment_of
from unclouded.hub.services.services import Services
from unclouded.hub.services.zone import changes, local_time, offset_s

MADRID = ZoneInfo("Europe/Madrid")
AUTUMN = datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp()  # from 03:00 back to 02:00
SPRING = datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()  # from 02:00 on to 03:00
JULY, DECEMBER = (datetime(2026, month, 10, 12, tzinfo=UTC).timestamp() for month in (7, 12))
HOUR, DAY = 3600.0, 86_400.0


def shown(year: int, month: int, day: int, hour: int, minute: int = 0) -> float:
    """What a clock on the wall shows, as a device sends it."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()


def test_the_changes_of_a_year_back_and_half_a_year_ahead_are_listed() -> None:
    answer = Services(lambda: DECEMBER, MADRID).answer(AskTime())
    assert isinstance(answer, LocalTime) and (answer.unix, answer.offset_s) == (DECEMBER, 3600)
    before, *rest = answer.changes
    assert before[1] == 3600 and rest == [(SPRING, 7200), (AUTUMN, 3600), (AUTUMN + 154 * DAY, 7200)]


def test_a_device_with_a_clock_of_its_own_gets_the_name_of_the_zone_and_the_changes_of_ten_years() -> None:
    answer = Services(lambda: DECEMBER, MADRID).answer(AskClock())
    assert isinstance(answer, LocalTime)
    assert (answer.unix, answer.offset_s, answer.zone) == (DECEMBER, 3600, "Europe/Madrid")
    assert len([at for at, _ in answer.changes if at > DECEMBER]) >= 20
    assert Services(lambda: DECEMBER, UTC).answer(AskClock()).zone == ""  # type: ignore[union-attr]  # it is known
    assert Services(lambda: None, MADRID).answer(AskClock()) == Services(lambda: None, MADRID).answer(AskTime())


@pytest.mark.parametrize(
    ("zone", "offsets"),
    [
        (UTC, [0]),
        (timezone(timedelta(hours=-3, minutes=-30)), [-12_600]),
        (ZoneInfo("Australia/Lord_Howe"), [39_600, 37_800, 39_600, 37_800]),  # by half an hour
        (ZoneInfo("Africa/Casablanca"), [3600, 0, 3600, 0, 3600]),  # five weeks apart
    ],
)
def test_every_zone_has_its_own(zone: ZoneInfo, offsets: list[int]) -> None:
    assert [offset for _, offset in changes(zone, int(DECEMBER // DAY) - 20)] == offsets


@pytest.mark.parametrize(
    ("now", "clock", "moment"),
    [
        (JULY, shown(2026, 1, 15, 12), datetime(2026, 1, 15, 11, tzinfo=UTC)),
        (DECEMBER, shown(2026, 7, 15, 12), datetime(2026, 7, 15, 10, tzinfo=UTC)),
        (DECEMBER, shown(2026, 12, 10, 12), datetime(2026, 12, 10, 11, tzinfo=UTC)),
        (DECEMBER, shown(2020, 7, 1, 12), datetime(2020, 7, 1, 11, tzinfo=UTC)),  # older than what is listed
        (JULY, shown(2026, 10, 25, 4), datetime(2026, 10, 25, 3, tzinfo=UTC)),  # a clock that is far ahead
    ],
)
def test_a_time_before_a_change_has_the_offset_of_then(now: float, clock: float, moment: datetime) -> None:
    assert moment_of(clock, local_time(now, MADRID)) == moment.timestamp()


def test_of_an_hour_that_occurs_twice_the_later_one_is_meant_unless_it_is_in_the_future() -> None:
    half_past_two = shown(2026, 10, 25, 2, 30)
    assert moment_of(half_past_two, local_time(AUTUMN - HOUR / 2, MADRID)) == AUTUMN - HOUR / 2
    assert moment_of(half_past_two, local_time(AUTUMN + HOUR / 2, MADRID)) == AUTUMN + HOUR / 2
    assert moment_of(half_past_two, local_time(DECEMBER, MADRID)) == AUTUMN + HOUR / 2
    fast = local_time(AUTUMN + HOUR / 2 - AHEAD_S, MADRID)
    assert moment_of(half_past_two, fast) == AUTUMN + HOUR / 2


def test_in_an_hour_that_does_not_occur_the_old_offset_counts() -> None:
    for now in (SPRING + HOUR, JULY):
        assert moment_of(shown(2026, 3, 29, 2, 30), local_time(now, MADRID)) == SPRING + HOUR / 2


def test_without_changes_the_present_offset_always_counts() -> None:
    assert moment_of(7200.0, LocalTime(JULY, 7200)) == 0.0


@given(
    st.floats(0, 390 * DAY), st.sampled_from([MADRID, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Africa/Casablanca")])
)
def test_every_moment_of_a_year_survives_the_round_trip(ago: float, zone: ZoneInfo) -> None:
    at = DECEMBER - ago
    clock = at + offset_s(zone, at)
    found = moment_of(clock, local_time(DECEMBER, zone))
    assert found == at or (found > at and found + offset_s(zone, found) == clock)
    assert moment_of(clock, local_time(at, zone)) == at, "without delay it is always right"
