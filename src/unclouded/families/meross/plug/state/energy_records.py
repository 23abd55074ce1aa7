"""The energy that a plug keeps: a ring of days, and on newer firmware one of hours.

    slot  0          1          2   …        each date has its slot (modulo 30 or 31), so after a month the wire shows
          04-29 462  03-31 515  04-01 469    the days from the middle on, and a day without power leaves an older record
    hour  0 … 23                             each hour of the day has its slot; those to come are still of yesterday

Whole Wh; ``time`` is the last update of a record. Source: docs/protocols/meross.md §1.8.11, §1.8.12.
"""

from datetime import UTC, date, datetime
from fractions import Fraction

import msgspec

from unclouded.families.meross.wire.messages import Day, Hour

KEY = "energy"  # under which they are remembered


class StoredEnergy(msgspec.Struct, omit_defaults=True):
    """``parts``: what has not made a whole Wh yet, as numerator and denominator, of the day and of the hour."""

    days: list[Day] = []
    hours: list[tuple[int, Hour]] = []
    parts: tuple[tuple[int, int], tuple[int, int]] = ((0, 1), (0, 1))


class EnergyRecords:
    """``slots``: of days. ``carries``: at midnight the day goes on from yesterday's total, as firmware 2.1.4 does."""

    def __init__(self, slots: int, carries: bool = False, memory: bytes = b"") -> None:
        self.is_changed = False  # since the last ``stored``
        self._slots = slots
        self._carries = carries
        stored = _decoded(memory)
        self._days = {_slot(day.date, slots): day for day in stored.days}
        self._hours = dict(stored.hours)
        self._day_part, self._hour_part = (Fraction(*part) for part in stored.parts)
        self._today = max(stored.days, key=lambda day: day.time).date if stored.days else ""

    @property
    def days(self) -> tuple[Day, ...]:
        """In the order of the slots."""
        return tuple(self._days[slot] for slot in sorted(self._days))

    @property
    def hours(self) -> tuple[Hour, ...]:
        """In the order of the slots."""
        return tuple(self._hours[slot] for slot in sorted(self._hours))

    def slot(self, number: int) -> Day | None:
        """What one slot of the ring of days has, from 0."""
        return self._days.get(number)

    def put_in_slot(self, number: int, day: Day | None) -> bool:
        """Write one slot, None = empty it. False where the day is none or belongs to another slot."""
        if day is None:
            self._days.pop(number, None)
            self.is_changed = True
            return True
        try:
            is_its_own = _slot(day.date, self._slots) == number and 0 <= day.value < 2**31
        except ValueError:
            return False
        if is_its_own:
            self._put(number, day)
        return is_its_own

    def add(self, energy_Wh: Fraction, unix: float, offset_s: int) -> None:
        """Energy that was used since the last call. ``offset_s``: of the local time in which its days end."""
        local = datetime.fromtimestamp(unix + offset_s, UTC)
        self._add_to_day(energy_Wh, local.date(), int(unix))
        self._add_to_hour(energy_Wh, local.hour, int(unix))

    def stored(self) -> bytes:
        """As they are remembered."""
        self.is_changed = False
        parts = [(part.numerator, part.denominator) for part in (self._day_part, self._hour_part)]
        return msgspec.json.encode(
            StoredEnergy(list(self._days.values()), sorted(self._hours.items()), (parts[0], parts[1]))
        )

    def _add_to_day(self, energy_Wh: Fraction, today: date, unix: int) -> None:
        slot, name = today.toordinal() % self._slots, today.isoformat()
        kept = self._days.get(slot)
        if kept is None or kept.date != name:
            before = next((day for day in self._days.values() if day.date == self._today), None)
            carried = before.value if before is not None and self._carries else 0
            if not self._carries:
                self._day_part = Fraction(0)
            kept = Day(date=name, time=unix, value=carried)
            self._put(slot, kept)
        self._today = name
        whole, self._day_part = divmod(self._day_part + energy_Wh, 1)
        if whole:
            self._put(slot, Day(date=name, time=unix, value=kept.value + int(whole)))

    def _put(self, slot: int, day: Day) -> None:
        self._days[slot] = day
        self.is_changed = True

    def _add_to_hour(self, energy_Wh: Fraction, hour: int, unix: int) -> None:
        kept = self._hours.get(hour)
        if kept is None or unix - kept.timestamp >= 7200 or unix < kept.timestamp:
            kept = self._hours[hour] = Hour(timestamp=unix, value=0)
            self._hour_part = Fraction(0)
        whole, self._hour_part = divmod(self._hour_part + energy_Wh, 1)
        if whole or unix - kept.timestamp >= 60:
            self._hours[hour] = Hour(timestamp=unix, value=kept.value + int(whole))


def _slot(day: str, slots: int) -> int:
    return date.fromisoformat(day).toordinal() % slots


def _decoded(memory: bytes) -> StoredEnergy:
    """None where it cannot be read."""
    try:
        stored = msgspec.json.decode(memory, type=StoredEnergy)
        for day in stored.days:
            date.fromisoformat(day.date)
        for part in stored.parts:
            Fraction(*part)
    except (msgspec.MsgspecError, ValueError, ZeroDivisionError, RecursionError):
        return StoredEnergy()
    return stored
