"""The weather values that an appliance requests, by the names in its question. Pure.

    w.temp w.humidity             today's
    w.temp w.date.3               w.temp, w.temp.1, w.temp.2: today and two days more, 7 at the most
    w.sunRise w.sunSet t.local    times of the day are GMT unless t.local is asked for too

A value without a day in its name is today's. Source of the names: docs/protocols/tuya_wifi.md §2.4.18, and the vendor's
description of the weather service.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from unclouded.core.sessions.session import WireValue

MOST_DAYS = 7
DAYS = "w.date"
LOCAL = "t.local"
MINUTE = "%Y-%m-%d %H:%M"  # of a time of the day, in GMT
TIMES = frozenset({"w.sunRise", "w.sunSet"})


def requested(known: Mapping[str, WireValue], names: Sequence[str], zone: tzinfo) -> dict[str, WireValue]:
    """Those of the known values that these names request; all of them without names."""
    if not names:
        return dict(known)
    bases = {base_and_day(name)[0] for name in names}
    days = max([1, *(day for base, day in map(base_and_day, names) if base == DAYS)])
    found = {key: value for key, value in known.items() if _fits(key, bases, min(days, MOST_DAYS))}
    return _each_time(found, lambda at: at.astimezone(zone)) if LOCAL in names else found


def base_and_day(name: str) -> tuple[str, int]:
    """w.temp.2 is ("w.temp", 2); a name without a number has day 0."""
    base, _, day = name.rpartition(".")
    return (base, int(day)) if day.isdecimal() and len(day) < 3 else (name, 0)


def _fits(key: str, bases: set[str], days: int) -> bool:
    base, day = base_and_day(key)
    return base in bases and day < days


def _each_time(values: dict[str, WireValue], move: Callable[[datetime], datetime]) -> dict[str, WireValue]:
    return {
        key: _moved(value, move) if base_and_day(key)[0] in TIMES and isinstance(value, str) else value
        for key, value in values.items()
    }


def _moved(text: str, move: Callable[[datetime], datetime]) -> str:
    try:
        return move(datetime.strptime(text, MINUTE).replace(tzinfo=UTC)).strftime(MINUTE)
    except (ValueError, OverflowError):
        return text  # it has another format
