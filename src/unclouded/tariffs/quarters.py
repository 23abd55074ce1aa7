"""Quarters of an hour: their numbers (Unix seconds / 900), local days, zones; the energy of a home in each of them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

import msgspec

from unclouded.core.calendar.local_time import instant_of, local_date
from unclouded.tariffs.zones import SLOTS, ZoneCalendar

QUARTER = 900  # s


class HomeEnergy(msgspec.Struct, frozen=True, kw_only=True):
    """The energy of a home in consecutive quarters from the number ``first`` on, in mWh; 0 where it is not known.

    ``bought`` contains ``controlled``: what a circuit with prices of its own uses. ``unknown``, ``estimated``: 1 for
    each quarter of which that is true.
    """

    first: int
    bought: Sequence[int]
    fed_in: Sequence[int]
    produced: Sequence[int]
    controlled: Sequence[int]
    unknown: bytes
    estimated: bytes

    @property
    def end(self) -> int:
        """The number behind the last quarter."""
        return self.first + len(self.bought)

    def cut(self, first: int, end: int) -> "HomeEnergy":
        """The quarters from ``first`` until before ``end``, which it has."""
        low, high = first - self.first, max(end, first) - self.first
        return HomeEnergy(
            first=first,
            bought=self.bought[low:high],
            fed_in=self.fed_in[low:high],
            produced=self.produced[low:high],
            controlled=self.controlled[low:high],
            unknown=self.unknown[low:high],
            estimated=self.estimated[low:high],
        )


class LocalDay(NamedTuple):
    """A local day, and its quarters from ``first`` until before ``end``."""

    day: date
    first: int
    end: int


def days_of_range(first: int, end: int, zone: tzinfo) -> list[LocalDay]:
    """The local days of a range of quarters, the first and the last one cut to it."""
    found = []
    while first < end:
        day = local_date(first * QUARTER, zone)
        until = max(min(day_begin(day + timedelta(days=1), zone), end), first + 1)
        found.append(LocalDay(day, first, until))
        first = until
    return found


def day_begin(day: date, zone: tzinfo) -> int:
    """The first quarter of a local day; of one that the zone does not have, the one behind it."""
    for ahead in (0, 1, 2):
        at = instant_of(day + timedelta(days=ahead), 0, zone)
        if at is not None:
            return -int(-at // QUARTER)
    raise ValueError(f"{day} is not in the calendar")


def zones_of_range(days: Sequence[LocalDay], calendar: ZoneCalendar, zone: tzinfo) -> bytes:
    """The place of the zone of each quarter of some days."""
    if len(calendar.names) == 1:
        return bytes(sum(one.end - one.first for one in days))
    return b"".join(_zones_of_day(one, calendar, zone) for one in days)


def _zones_of_day(one: LocalDay, calendar: ZoneCalendar, zone: tzinfo) -> bytes:
    slots = calendar.slots(one.day)
    offset = _offset(one.first, zone)
    if offset == _offset(one.end - 1, zone):
        begin = (one.first * QUARTER + offset) // QUARTER % SLOTS
        return slots[begin : begin + one.end - one.first]
    return bytes(
        slots[(number * QUARTER + _offset(number, zone)) // QUARTER % SLOTS] for number in range(one.first, one.end)
    )


def _offset(number: int, zone: tzinfo) -> int:
    found = datetime.fromtimestamp(number * QUARTER, zone).utcoffset()
    return round(found.total_seconds()) if found is not None else 0
