"""Time-of-use zones: which one counts in a quarter of an hour of the local clock.

    peak = "workdays 10:00-14:00, 18:00-22:00"           days and times
    summer_peak = "06-01 to 09-30 mon-fri 16:00-21:00"   only in a season
    night = "22:00-06:00"                                the hours after midnight belong to the day before
    cheap = "sat,sun; workdays 00:00-08:00"              one of several
    rest = "other"                                       all that no other zone has

An hour that the clocks skip has no quarters; one that they repeat is in the same zone twice.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise, product

import msgspec

from unclouded.core.calendar.days import DAILY, DaySet, HolidayList, days_of
from unclouded.core.errors import CommandError

SLOTS = 96  # quarters of an hour of a day by the clock
QUARTER_MIN = 15
OTHER = "other"
MOST_ZONES = 24
_SEASON = re.compile(r"(\d\d-\d\d)\s+to\s+(\d\d-\d\d)\b")
_TIMES = re.compile(r"\d{1,2}:\d\d\s*-\s*\d{1,2}:\d\d(?:\s*,\s*\d{1,2}:\d\d\s*-\s*\d{1,2}:\d\d)*")
_TIME = re.compile(r"(\d{1,2}):(\d\d)")


class ZoneWindow(msgspec.Struct, frozen=True):
    """Some times of some days. ``season``: (month, day) of its first and last day, None = the whole year.

    ``times``: (first, end) slots; an end that is not behind its first belongs to the next day.
    """

    days: DaySet = DAILY
    times: tuple[tuple[int, int], ...] = ((0, SLOTS),)
    season: tuple[tuple[int, int], tuple[int, int]] | None = None

    def includes(self, day: date, is_holiday: bool) -> bool:
        """Whether it begins on that day."""
        return self.is_season((day.month, day.day)) and self.days.includes(day, is_holiday)

    def is_season(self, day: tuple[int, int]) -> bool:
        """Whether a (month, day) is in the season."""
        if self.season is None:
            return True
        first, last = self.season
        return first <= day <= last if first <= last else day >= first or day <= last


class PriceZone(msgspec.Struct, frozen=True):
    """A zone. ``windows`` empty: all that no other zone has. ``text``: as it is written."""

    name: str
    windows: tuple[ZoneWindow, ...]
    text: str = ""


class ZoneCalendar:
    """The zones of a tariff. A tariff without zones has one, whose name is ""."""

    def __init__(self, zones: Sequence[PriceZone], holidays: HolidayList) -> None:
        self.names = tuple(one.name for one in zones) or ("",)
        self._zones = zones
        self._holidays = holidays
        self._windows = [(place, window) for place, zone in enumerate(zones) for window in zone.windows]
        self._rest = next((place for place, zone in enumerate(zones) if not zone.windows), 0)
        self._known: dict[date, tuple[bool, ...]] = {}
        self._templates: dict[tuple[tuple[bool, ...], tuple[bool, ...]], bytes] = {}

    def slots(self, day: date) -> bytes:
        """The place of the zone of each slot of the clock on a day."""
        key = self._matches(day - timedelta(days=1)), self._matches(day)
        if key not in self._templates:
            self._templates[key] = bytes(max(found, default=self._rest) for found in self._covering(*key))
        return self._templates[key]

    def faults(self) -> Iterator[tuple[str, str]]:
        """Zones that overlap, and times that no zone covers, as (name of a zone, sentence): one of each kind."""
        if not self._windows:
            return
        seen = set[tuple[str, ...]]()
        has_rest = any(not zone.windows for zone in self._zones)
        for before, today, when in self._kinds_of_days():
            for slot, found in enumerate(self._covering(before, today)):
                names = tuple(sorted(self.names[place] for place in found))
                if names in seen or len(names) == 1 or (has_rest and not names):
                    continue
                seen.add(names)
                at = f"{when} at {_clock(slot)}"
                if names:
                    yield names[1], f"overlaps the zone {names[0]!r}, as on {at}."
                else:
                    yield self.names[-1], f'no zone covers {at}. Widen one, or add a zone that is "{OTHER}".'

    # --- inside ----------------------------------------------------------------------------------

    def _matches(self, day: date) -> tuple[bool, ...]:
        if day not in self._known:
            is_holiday = self._holidays.includes(day)
            self._known[day] = tuple(window.includes(day, is_holiday) for _, window in self._windows)
        return self._known[day]

    def _covering(self, before: Sequence[bool], today: Sequence[bool]) -> list[set[int]]:
        """The zones of each slot of a day, by the windows that began on the day before and on this one."""
        found: list[set[int]] = [set() for _ in range(SLOTS)]
        for (place, window), was, is_now in zip(self._windows, before, today, strict=True):
            for first, end in window.times:
                slots: list[int] = []
                if is_now:
                    slots += range(first, end if end > first else SLOTS)
                if was and end <= first:
                    slots += range(end)
                for slot in slots:
                    found[slot].add(place)
        return found

    def _kinds_of_days(self) -> Iterator[tuple[tuple[bool, ...], tuple[bool, ...], str]]:
        """Each pair of days that can follow each other: what matches the first, the second, and the second as text."""
        leap = [date(2024, 1, 1) + timedelta(days=ahead) for ahead in range(-1, 366)]
        seen = set[tuple[tuple[bool, ...], tuple[bool, ...]]]()
        seasons = {
            tuple(tuple(window.is_season((one.month, one.day)) for _, window in self._windows) for one in pair): pair[1]
            for pair in pairwise(leap)
        }
        knows_holidays = any(window.days.holidays is not None for _, window in self._windows)
        pairs = list(product((False, True), repeat=2)) if knows_holidays else [(False, False)]
        for (first, second), shown in seasons.items():
            for weekday, holidays in product(range(7), pairs):
                days = [date(2024, 1, 7) + timedelta(days=weekday), date(2024, 1, 8) + timedelta(days=weekday)]
                before, today = (
                    tuple(
                        season and window.days.includes(day, is_holiday)
                        for season, (_, window) in zip(in_season, self._windows, strict=True)
                    )
                    for in_season, day, is_holiday in zip((first, second), days, holidays, strict=True)
                )
                if (before, today) not in seen:
                    seen.add((before, today))
                    kind = "holiday" if holidays[1] else days[1].strftime("%A")
                    yield before, today, f"a {kind} like {shown:%d %B}" if len(seasons) > 1 else f"a {kind}"


def zone_of(name: str, text: str) -> PriceZone:
    """A zone as people write it. Raises CommandError."""
    if text.strip() == OTHER:
        return PriceZone(name, (), text)
    return PriceZone(name, tuple(_window(one) for one in text.split(";")), text)


def _window(text: str) -> ZoneWindow:
    rest = text
    season = _SEASON.search(rest)
    if season:
        rest = rest.replace(season[0], " ", 1)
    times = _TIMES.search(rest)
    if times:
        rest = rest.replace(times[0], " ", 1)
    days = rest.strip()
    if not (days or times or season):
        raise _no_zone(text)
    return ZoneWindow(
        days_of(days) if days else DAILY,
        tuple(_slots(one) for one in times[0].split(",")) if times else ((0, SLOTS),),
        (_month_and_day(season[1], text), _month_and_day(season[2], text)) if season else None,
    )


def _slots(text: str) -> tuple[int, int]:
    first, end = (_slot(text, int(hour), int(minute)) for hour, minute in _TIME.findall(text))
    end = end or SLOTS
    if first in (SLOTS, end):
        raise CommandError(f"{text.strip()!r} is not a time of a day; write 10:00-14:00, or 22:00-06:00 over midnight.")
    return first, end


def _slot(text: str, hour: int, minute: int) -> int:
    if minute % QUARTER_MIN or hour * 60 + minute > 24 * 60 or minute >= 60:
        raise CommandError(f"{text.strip()!r}: a time is 00:00 to 24:00, in quarters of an hour.")
    return (hour * 60 + minute) // QUARTER_MIN


def _month_and_day(text: str, whole: str) -> tuple[int, int]:
    try:
        day = date.fromisoformat(f"2024-{text}")  # a year that has 29 February
    except ValueError:
        raise _no_zone(whole) from None
    return day.month, day.day


def _no_zone(text: str) -> CommandError:
    return CommandError(
        f"{text.strip()[:60]!r} is not a zone; write days, times or both, as in: workdays 10:00-14:00, 18:00-22:00; "
        f'with a season: 06-01 to 09-30 mon-fri 16:00-21:00; or "{OTHER}".'
    )


def _clock(slot: int) -> str:
    return f"{slot // 4:02}:{slot % 4 * QUARTER_MIN:02}"


def place_of(names: Sequence[str], chosen: Iterable[str]) -> frozenset[int]:
    """The places of zones by name."""
    wanted = set(chosen)
    return frozenset(place for place, name in enumerate(names) if name in wanted)
