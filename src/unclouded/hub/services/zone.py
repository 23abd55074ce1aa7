"""Local time, its offset from UTC and the changes of that offset: devices date their values in local time. Pure."""

from bisect import bisect_left
from datetime import datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from unclouded.core.sessions.session import LocalTime

DAY = 86_400  # s
WEEK = 7 * DAY  # s; less than the shortest time between two changes, which are four weeks
BEFORE, AFTER = 400, 200  # days whose changes are listed: a device may send old values
AFTER_CLOCK = 3_720  # days whose changes are listed for a device with a clock of its own: ten years and a bit


def local_time(unix: float, zone: tzinfo) -> LocalTime:
    """The time in a zone, with the changes of its offset around it."""
    return LocalTime(unix, offset_s(zone, unix), changes=changes(zone, int(unix // DAY)))


def clock_time(unix: float, zone: tzinfo) -> LocalTime:
    """The same for a device that keeps a clock and a zone of its own: with the zone's name and its changes to come."""
    name = zone.key if isinstance(zone, ZoneInfo) and zone.key else ""
    day = int(unix // DAY)
    return LocalTime(unix, offset_s(zone, unix), changes=changes(zone, day, AFTER_CLOCK), zone=name)


@lru_cache(maxsize=4)  # it is asked for often, and is the same all day
def changes(zone: tzinfo, day: int, days_after: int = AFTER) -> tuple[tuple[float, int], ...]:
    """Around a day (counted from 1970): (from which Unix seconds, the offset in seconds from then on).

    ``days_after``: for so many days to come.
    """
    start, end = max(day - BEFORE, 0) * DAY, (day + days_after) * DAY
    found = [(float(start), offset_s(zone, start))]
    for week in range(start, end, WEEK):
        before, after = offset_s(zone, week), offset_s(zone, week + WEEK)
        if before != after:
            found.append((_end_of(before, zone, week), after))
    return tuple(found)


def offset_s(zone: tzinfo, unix: float) -> int:
    """The seconds to add to Unix seconds for local time."""
    offset = datetime.fromtimestamp(unix, zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _end_of(known_s: int, zone: tzinfo, week: int) -> float:
    """The first second of that week that has another offset."""

    def differs(at: int) -> bool:
        return offset_s(zone, at) != known_s

    return float(week + bisect_left(range(week, week + WEEK), True, key=differs))
