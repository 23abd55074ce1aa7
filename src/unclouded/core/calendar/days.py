"""The days on which a rule or a price counts: weekdays, holidays.

    daily · mon-fri · sat,sun · weekend · holidays · workdays (mon-fri that are no holidays) · sat,sun,holidays

A range may go over the end of the week: fri-mon.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.model import WEEKDAYS

EVERY_DAY = frozenset(range(7))
MOST_HOLIDAYS = 400
_GROUPS = {"daily": EVERY_DAY, "weekdays": frozenset(range(5)), "weekend": frozenset({5, 6})}
_EASTER_MONTH = 3


class DaySet(msgspec.Struct, frozen=True):
    """``weekdays``: 0 = Monday. ``holidays``: True: these too; False: not these; None: they count as their weekday."""

    weekdays: frozenset[int] = EVERY_DAY
    holidays: bool | None = None

    def includes(self, day: date, is_holiday: bool) -> bool:
        """Whether the set has this day; a holiday counts as its weekday where the set says nothing of holidays."""
        if is_holiday and self.holidays is not None:
            return self.holidays
        return day.weekday() in self.weekdays

    @property
    def is_daily(self) -> bool:
        """Whether the set has every day, with all holidays."""
        return self.weekdays == EVERY_DAY and self.holidays is not False


DAILY = DaySet()


class HolidayList:
    """The holidays of a place: ``12-25`` (each year), ``2026-04-03``, ``easter``, ``easter - 2`` (days before it).

    Raises CommandError for another text.
    """

    def __init__(self, texts: Sequence[str] = ()) -> None:
        if len(texts) > MOST_HOLIDAYS:
            raise CommandError(f"A list of holidays has at most {MOST_HOLIDAYS} entries.")
        self._dates: set[date] = set()
        self._yearly: set[tuple[int, int]] = set()
        self._from_easter: set[int] = set()
        for text in texts:
            self._add(text)
        self.is_empty = not texts

    def includes(self, day: date) -> bool:
        """Whether this day is a holiday: by its date, its day of each year, or its distance from Easter."""
        return (
            day in self._dates
            or (day.month, day.day) in self._yearly
            or (bool(self._from_easter) and (day - easter(day.year)).days in self._from_easter)
        )

    def _add(self, text: str) -> None:
        compact = text.replace(" ", "").lower()
        if compact.startswith("easter"):
            self._from_easter.add(_easter_offset(text, compact.removeprefix("easter")))
        elif len(compact) == len("12-25"):
            self._yearly.add(_month_and_day(text, compact))
        else:
            self._dates.add(_date(text, compact))


def easter(year: int) -> date:
    """Easter Sunday of the western churches, by the anonymous Gregorian computation."""
    golden, century = year % 19, year // 100
    skipped, corrected = century // 4, (century + 8) // 25
    moon = (19 * golden + century - skipped - (century - corrected + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (year % 100 // 4) - moon - year % 100 % 4) % 7
    later = (golden + 11 * moon + 22 * weekday) // 451
    return date(year, _EASTER_MONTH, 22) + timedelta(days=moon + weekday - 7 * later)


def days_of(text: str) -> DaySet:
    """The days that a text names. Raises CommandError."""
    weekdays: frozenset[int] = frozenset()
    holidays: bool | None = None
    for item in text.lower().replace(" ", "").split(","):
        if item == "workdays":
            weekdays, holidays = weekdays | _GROUPS["weekdays"], False if holidays is None else holidays
        elif item == "holidays":
            holidays = True
        else:
            weekdays |= _GROUPS.get(item) or _range(item)
    return DaySet(weekdays, holidays)


def days_text(days: DaySet) -> str:
    """``daily``, ``mon to fri``, ``workdays``, ``sat, sun, holidays``."""
    if days.weekdays == _GROUPS["weekdays"] and days.holidays is False:
        return "workdays"
    places = sorted(days.weekdays)
    is_run = len(places) > 2 and places[-1] - places[0] == len(places) - 1
    names = [WEEKDAYS[place] for place in places]
    shown = ["daily"] if len(places) == 7 else [f"{names[0]} to {names[-1]}"] if is_run else list(names)
    extra = {True: ["holidays"], False: ["no holidays"], None: []}[days.holidays]
    return ", ".join([*shown, *extra])


# --- inside -------------------------------------------------------------------------------------------


def _range(item: str) -> frozenset[int]:
    first, dash, last = item.partition("-")
    last = last if dash else first
    names: Sequence[str] = WEEKDAYS
    if first not in names or last not in names:
        raise CommandError(
            f"{item[:40]!r} is not a day; write daily, mon-fri, sat,sun, weekend, workdays or holidays, with commas."
        )
    begin, end = names.index(first), names.index(last)
    return frozenset((begin + step) % 7 for step in range((end - begin) % 7 + 1))


def _easter_offset(text: str, offset: str) -> int:
    digits = offset.lstrip("+-")
    if not offset:
        return 0
    if offset[0] not in "+-" or len(offset) - len(digits) != 1 or not digits.isdecimal() or len(digits) > 3:
        raise _no_holiday(text)
    return int(digits) if offset[0] == "+" else -int(digits)


def _month_and_day(text: str, compact: str) -> tuple[int, int]:
    day = _date(text, f"2024-{compact}")  # a year that has 29 February
    return day.month, day.day


def _date(text: str, compact: str) -> date:
    try:
        return date.fromisoformat(compact)
    except ValueError:
        raise _no_holiday(text) from None


def _no_holiday(text: str) -> CommandError:
    return CommandError(f"{text[:40]!r} is not a holiday; write 2026-04-03, 12-25 (each year), easter or easter - 2.")
