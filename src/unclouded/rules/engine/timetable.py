"""When a rule with times is due, each occurrence exactly once: over restarts, changes of summer time, and a clock
that is set.

    looked ──── occurrence ──── wall      due now
    clock set back                        what was handled does not come again: its key is kept
    clock set forward, hub was off        more than MISSED_TOLERANCE_S late: missed
"""

from collections.abc import Sequence

from unclouded.core.calendar.days import DaySet
from unclouded.rules.calendar.calendar import DayMoment, HomeCalendar, Occurrence
from unclouded.rules.rule import MISSED_TOLERANCE_S

MOST_HANDLED = 200  # keys that are kept


class Timetable:
    """``looked``: Unix seconds up to which it has looked. ``handled``: keys of occurrences, oldest first."""

    def __init__(self, at: Sequence[DayMoment], days: DaySet, looked: float, handled: Sequence[str] = ()) -> None:
        self._at = at
        self._days = days
        self.looked = looked
        self.handled = dict.fromkeys(handled)
        self.next: Occurrence | None = None

    def due(self, calendar: HomeCalendar, wall: float) -> tuple[list[Occurrence], list[Occurrence]]:
        """Those that are due now, and those that were missed; each is returned once."""
        if not self._at or (self.next is not None and self.looked <= wall < self.next.at):
            self.looked = wall
            return [], []
        found = calendar.occurrences(self._at, self._days, self.looked, wall) if wall > self.looked else []
        found = [one for one in found if one.key not in self.handled]
        self.looked = wall
        self._handle(found)
        self.plan(calendar, wall)
        late = [one for one in found if wall - one.at > MISSED_TOLERANCE_S]
        return [one for one in found if one not in late], late

    def plan(self, calendar: HomeCalendar, wall: float) -> None:
        """Work out the next one that was not handled: after the clock was set back, some were."""
        after, self.next = min(wall, self.looked), None
        for _ in range(len(self.handled) + 1 if self._at else 0):
            one = calendar.next_occurrence(self._at, self._days, after)
            if one is None or one.key not in self.handled:
                self.next = one
                return
            after = one.at

    def take_over(self, other: "Timetable") -> None:
        """Go on where another one has ended, of the same times."""
        self.looked, self.handled = other.looked, dict(other.handled)

    def _handle(self, found: Sequence[Occurrence]) -> None:
        for one in found:
            self.handled[one.key] = None
        while len(self.handled) > MOST_HANDLED:
            del self.handled[next(iter(self.handled))]
