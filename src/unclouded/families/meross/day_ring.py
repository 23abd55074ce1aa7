"""The 30 days of energy that a plug keeps, in the slots of a ring.

    slot  0          1          2   …        the oldest day is overwritten, so after a month the wire shows
          04-29 462  03-31 515  04-01 469    the days from the middle on: not in their order

Whole Wh; ``time`` is the last update of the day. Source: docs/protocols/meross.md §1.8.11.
"""

from fractions import Fraction

from unclouded.families.meross.messages import Day

SLOTS = 30


class DayRing:
    """``buggy``: at midnight the day continues from yesterday's total, as firmware 2.1.4 does at times."""

    def __init__(self, buggy: bool = False) -> None:
        self._buggy = buggy
        self._slots: list[Day] = []
        self._at = -1
        self._today = Fraction(0)

    @property
    def days(self) -> tuple[Day, ...]:
        """In the order of the slots."""
        return tuple(self._slots)

    def add(self, energy_Wh: Fraction, date: str, unix: int) -> None:
        """Energy that was used since the last call; ``date``: the plug's own day."""
        if self._at < 0 or self._slots[self._at].date != date:
            if self._at >= 0 and not self._buggy:
                self._today = Fraction(0)
            self._open(date, unix)
        self._today += energy_Wh
        whole = int(self._today)
        if whole != self._slots[self._at].value:
            self._slots[self._at] = Day(date=date, time=unix, value=whole)

    def _open(self, date: str, unix: int) -> None:
        self._at = (self._at + 1) % SLOTS
        day = Day(date=date, time=unix, value=0)
        if len(self._slots) < SLOTS:
            self._slots.append(day)
        else:
            self._slots[self._at] = day
