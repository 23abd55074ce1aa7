"""The calendar of a home: when moments of the day are due, and whether it is between two of them.

moment    07:30 · sunrise · sunset - 30 min
between   22:00 and 06:00 · sunset and 23:00      an end before its start belongs to the next day
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, timedelta, tzinfo
from typing import Literal

import msgspec

from unclouded.core.calendar.days import DAILY, DaySet, HolidayList
from unclouded.core.calendar.local_time import instant_of, local_date, next_midnight
from unclouded.rules.calendar.sun import HomePlace, SunEvent, noon, sun_time

MOST_DAYS_AHEAD = 400  # that are searched for the next occurrence
MOST_DAYS_BACK = 8  # that are searched for missed ones


class DayMoment(msgspec.Struct, frozen=True):
    """A time of the day. ``second``: after 00:00 by the clock; of the sun: after the event, negative = before it."""

    kind: Literal["clock", "sunrise", "sunset"]
    second: int = 0


class Occurrence(msgspec.Struct, frozen=True, order=True):
    """A moment on a day. ``key`` names it for good: ``2026-11-30#0``, the first moment of a rule on that day."""

    at: float
    key: str
    place: int


class HomeCalendar:
    """``place`` None: where the home is, is not known; then the sun's moments never come."""

    def __init__(self, zone: tzinfo = UTC, place: HomePlace | None = None, holidays: HolidayList | None = None) -> None:
        self.zone = zone
        self.place = place
        self.holidays = holidays or HolidayList()

    def includes(self, days: DaySet, wall: float) -> bool:
        """Whether these days include the local day at that time."""
        return self._includes(days, local_date(wall, self.zone))

    def next_midnight(self, wall: float) -> float:
        """Unix seconds at which the next local day begins."""
        return next_midnight(wall, self.zone)

    def since_midnight(self, wall: float) -> float:
        """Seconds since the local day has begun."""
        begin = instant_of(local_date(wall, self.zone), 0, self.zone)
        return wall - begin if begin is not None else 0.0

    def instant(self, moment: DayMoment, day: date) -> float | None:
        """When a moment of a local day is; None: the day has none."""
        if moment.kind == "clock":
            return instant_of(day, moment.second, self.zone)
        at = None if self.place is None else self._sun_time(moment.kind, self.place, day)
        return None if at is None else float(round(at) + moment.second)

    def occurrences(self, moments: Sequence[DayMoment], days: DaySet, after: float, until: float) -> list[Occurrence]:
        """Those later than ``after``, up to ``until``, in order; of longer spans only the last days."""
        after = max(after, until - MOST_DAYS_BACK * 86_400)
        first, last = local_date(after, self.zone), local_date(until, self.zone)
        found = [
            one
            for ahead in range(-1, (last - first).days + 2)
            for one in self._of_day(moments, days, first + timedelta(days=ahead))
        ]
        return sorted(one for one in found if after < one.at <= until)

    def next_occurrence(self, moments: Sequence[DayMoment], days: DaySet, after: float) -> Occurrence | None:
        """The first one later than a time, within the next MOST_DAYS_AHEAD days."""
        first = local_date(after, self.zone)
        best: Occurrence | None = None
        for ahead in range(-1, MOST_DAYS_AHEAD):
            if best is not None and ahead > 1 and best.at < after + (ahead - 1) * 86_400:
                break
            later = [one for one in self._of_day(moments, days, first + timedelta(days=ahead)) if one.at > after]
            best = min([*later, best] if best is not None else later, default=None)
        return best

    def window(self, start: DayMoment, end: DayMoment, wall: float) -> tuple[bool, float]:
        """Whether a time is between two moments, and until when that stays so."""
        inside, changes = False, [wall + 86_400.0]
        for begin, finish in self._windows(start, end, local_date(wall, self.zone)):
            inside = inside or begin <= wall < finish
            changes += [at for at in (begin, finish) if at > wall]
        return inside, min(changes)

    # --- inside --------------------------------------------------------------------------------

    def _sun_time(self, event: SunEvent, place: HomePlace, day: date) -> float | None:
        """Of the sun's day whose noon is on that local day: zones beside the date line call it by another date."""
        for ahead in (0, -1, 1):
            other = day + timedelta(days=ahead)
            if local_date(noon(place, other), self.zone) == day:
                return sun_time(event, place, other)
        return None

    def _includes(self, days: DaySet, day: date) -> bool:
        return days.includes(day, days.holidays is not None and self.holidays.includes(day))

    def _of_day(self, moments: Sequence[DayMoment], days: DaySet, day: date) -> Iterator[Occurrence]:
        if days is not DAILY and not self._includes(days, day):
            return
        for place, moment in enumerate(moments):
            at = self.instant(moment, day)
            if at is not None:
                yield Occurrence(at, f"{day}#{place}", place)

    def _windows(self, start: DayMoment, end: DayMoment, day: date) -> Iterator[tuple[float, float]]:
        for ahead in (-1, 0, 1):
            first = day + timedelta(days=ahead)
            begin, finish = self.instant(start, first), self.instant(end, first)
            if begin is not None and finish is not None and _is_overnight(start, end, begin, finish):
                finish = self.instant(end, first + timedelta(days=1))
            if begin is not None and finish is not None:
                yield begin, finish


def _is_overnight(start: DayMoment, end: DayMoment, begin: float, finish: float) -> bool:
    """Whether an end belongs to the next day. Clock times say so themselves: in a skipped hour both are one moment."""
    if start.kind == end.kind == "clock":
        return end.second <= start.second
    return finish <= begin
