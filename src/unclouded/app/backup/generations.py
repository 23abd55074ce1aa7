"""Which backups are made when, and which are kept. Pure.

every = "1 day", at = "03:30"     the day after the last one, at that local time; at once where that was missed
keep = 7, weeks = 4, months = 12  the newest of each of the last 7 days that have one, 4 weeks, 12 months
                                  and all of the 24 hours before the newest
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from unclouded.app.backup.manifest import NamedBackup

EVERY = re.compile(r"([1-9]\d{0,2}) (hour|day|week)s?")
AT = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
HOUR, DAY = 3600, 86_400  # s
AHEAD_S = HOUR  # s after now; later ones were made while the clock was ahead


class BackupPlan(NamedTuple):
    """``hours``, ``days``: the time between two, one of them 0. ``minute``: of the local day, where it is days."""

    hours: int
    days: int
    minute: int


def plan_of(every: str, at: str) -> BackupPlan | None:
    """None where one of the texts cannot be read."""
    span, moment = EVERY.fullmatch(every), AT.fullmatch(at)
    if span is None or moment is None:
        return None
    number, minute = int(span[1]), int(moment[1]) * 60 + int(moment[2])
    match span[2]:
        case "hour":
            return BackupPlan(number, 0, minute)
        case "day":
            return BackupPlan(0, number, minute)
    return BackupPlan(0, 7 * number, minute)


def next_due(plan: BackupPlan, made: Iterable[float], now: float, zone: tzinfo) -> float:
    """When the next one is due, Unix seconds: now or earlier where it is missed. ``made``: when those there are were.

    Those of the future do not count: the clock was ahead then.
    """
    last = max((min(at, now) for at in made if at <= now + AHEAD_S), default=None)
    if last is None:
        return now
    if plan.hours:
        return last + plan.hours * HOUR
    day = datetime.fromtimestamp(last, UTC).astimezone(zone).date() + timedelta(days=plan.days)
    local = datetime(day.year, day.month, day.day, *divmod(plan.minute, 60), tzinfo=zone)
    return local.timestamp()


def kept(backups: Iterable[NamedBackup], zone: tzinfo, days: int, weeks: int, months: int, now: float) -> set[str]:
    """The names of those that are kept; always the newest, and all of the 24 hours before it.

    Those of the future are kept, and take no place of others: the clock was ahead then, or is behind now.
    """
    newest_first = sorted(backups, key=lambda one: one.at, reverse=True)
    names = {one.name for one in newest_first if one.at > now + AHEAD_S}
    newest_first = newest_first[len(names) :]
    names |= {one.name for one in newest_first if one.at > newest_first[0].at - DAY}
    for count, period in ((days, _day), (weeks, _week), (months, _month)):
        names |= _newest_of_each(newest_first, zone, count, period)
    return names


# --- inside -------------------------------------------------------------------------------------------

Period = tuple[int, ...]


def _newest_of_each(
    backups: Sequence[NamedBackup], zone: tzinfo, count: int, period: Callable[[datetime], Period]
) -> set[str]:
    found: dict[Period, str] = {}
    for one in backups:
        found.setdefault(period(datetime.fromtimestamp(one.at, UTC).astimezone(zone)), one.name)
    return set(list(found.values())[:count])


def _day(at: datetime) -> Period:
    return at.year, at.month, at.day


def _week(at: datetime) -> Period:
    return at.isocalendar()[:2]


def _month(at: datetime) -> Period:
    return at.year, at.month
