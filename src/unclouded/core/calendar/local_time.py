"""Local clock times as moments, on days of which an hour is skipped or doubled.

A time that a day does not have is due at the first moment behind the gap; one that it has twice is due the first time.
"""

from bisect import bisect_left
from datetime import date, datetime, time, timedelta, tzinfo

DAY_S = 86_400


def instant_of(day: date, second: int, zone: tzinfo) -> float | None:
    """Unix seconds of a clock time (seconds after 00:00 by the clock) on a local day.

    None: the whole day does not exist in the zone, as where the date line was moved.
    """
    clock = time(second // 3600, second // 60 % 60, second % 60)
    first = datetime.combine(day, clock, zone)
    at = first.timestamp()
    if _clock(at, zone) != first.replace(tzinfo=None):
        at = _end_of_gap(first.replace(fold=1).timestamp(), at, zone)
    return at if local_date(at, zone) == day else None


def local_date(wall: float, zone: tzinfo) -> date:
    """The date at a time, in a zone."""
    return datetime.fromtimestamp(wall, zone).date()


def next_midnight(wall: float, zone: tzinfo) -> float:
    """Unix seconds at which the next local day begins."""
    day = local_date(wall, zone)
    for ahead in (1, 2):
        at = instant_of(day + timedelta(days=ahead), 0, zone)
        if at is not None:
            return at
    return wall + DAY_S


def clock_text(wall: float, zone: tzinfo) -> str:
    """``07:30``"""
    return f"{datetime.fromtimestamp(wall, zone):%H:%M}"


def _clock(at: float, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None, fold=0)


def _end_of_gap(before: float, behind: float, zone: tzinfo) -> float:
    """The first second with the offset that holds behind a gap; ``before`` lies before it."""
    old = datetime.fromtimestamp(before, zone).utcoffset()
    seconds = range(int(before), int(behind) + 1)
    place = bisect_left(seconds, True, key=lambda at: datetime.fromtimestamp(at, zone).utcoffset() != old)
    return float(before + place)
