"""The 30 days of energy that a plug keeps, in the slots of a ring.

    slot  0          1          2   …        each date has its slot (modulo 30), so after a month the wire shows the
          04-29 462  03-31 515  04-01 469    days from the middle on, and a day without power leaves an older record

Whole Wh; ``time`` is the last update of the day. Source: docs/protocols/meross.md §1.8.11.
"""

from datetime import date
from fractions import Fraction

from unclouded.families.meross.wire.messages import Day

SLOTS = 30


class DayRing:
    """``carries``: at midnight the day goes on from yesterday's total, as firmware 2.1.4 does."""

    def __init__(self, carries: bool = False) -> None:
        self._carries = carries
        self._slots: dict[int, Day] = {}
        self._current: Day | None = None
        self._used = Fraction(0)

    @property
    def days(self) -> tuple[Day, ...]:
        """In the order of the slots."""
        return tuple(self._slots[slot] for slot in sorted(self._slots))

    def add(self, energy_Wh: Fraction, day: str, unix: int) -> None:
        """Energy that was used since the last call; ``day``: the plug's own date."""
        current = self._current
        slot = date.fromisoformat(day).toordinal() % SLOTS
        if current is None or current.date != day:
            kept = self._slots.get(slot)
            if kept is not None and kept.date == day:
                self._used = Fraction(kept.value)  # its clock went back
            elif current is None or not self._carries:
                self._used = Fraction(0)
            current = self._slots[slot] = Day(date=day, time=unix, value=0)
        self._used += energy_Wh
        if int(self._used) != current.value:
            current = self._slots[slot] = Day(date=day, time=unix, value=int(self._used))
        self._current = current
