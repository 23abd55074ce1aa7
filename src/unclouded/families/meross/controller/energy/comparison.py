"""The plug's own count of a day beside the energy that its power adds up to: both numbers are reported if they differ.

    power, integrated ──► day over, measured for at least COVERED of it ──┐
    record of that day, read after it is over ────────────────────────────┴──► apart: a notice, once until they agree

Its own count is what is stored: it also counts what was used without contact. Source: docs/protocols/meross.md §1.8.11.
"""

from collections.abc import Sequence

from unclouded.core.sessions.session import Event, Noticed, Reported
from unclouded.families.meross.controller import problems
from unclouded.families.meross.controller.energy.consumption import COUNTER, DAY_S, PlugClock

COVERED = 0.98  # of a day that must be measured before it is compared
GAP_S = 120.0  # between two powers from which what was used is not known
TOLERANCE_WH, TOLERANCE = 20.0, 0.1  # Wh, and a share of the greater number: loads that switch between two powers
KEPT_DAYS = 3  # days whose numbers are kept


class MeasuredDay:
    """What was measured of one day of a plug."""

    def __init__(self, date: str) -> None:
        self.date = date
        self.used_Wh = self.covered_s = 0.0

    def add(self, power_W: float, seconds: float) -> None:
        """A power in W that lasted so many seconds."""
        self.used_Wh += power_W * seconds / 3600
        self.covered_s += seconds


class EnergyComparison:
    """The days of one plug. They need not be counted on: a restart of the hub drops the day."""

    def __init__(self) -> None:
        self._days: list[MeasuredDay] = []  # the newest last
        self._counted: dict[str, float] = {}  # Wh by date, as the plug has them
        self._power_W = self._at = 0.0
        self._differs = False

    def measured(self, power_W: float, clock: PlugClock) -> None:
        """The power now."""
        today = clock.today()
        if not today:
            self._days.clear()
            return
        if not self._days or self._days[-1].date != today:
            self._begin(today, clock)
        since = clock.unix - self._at
        if 0 <= since <= GAP_S:
            self._days[-1].add((power_W + self._power_W) / 2, since)
        self._power_W, self._at = power_W, clock.unix

    def counted(self, events: Sequence[Event], clock: PlugClock) -> list[Event]:
        """The days were read: the notice of one that is over, where the numbers differ."""
        for event in events:
            if isinstance(event, Reported) and event.day is not None:
                self._counted[event.day.date] = float(event.values[COUNTER])
        today = clock.today()
        over = [day for day in self._days if today and day.date < today]
        self._days = [day for day in self._days if day not in over]
        return [notice for day in over for notice in self._compare(day)]

    # --- inside --------------------------------------------------------------------------------

    def _begin(self, today: str, clock: PlugClock) -> None:
        """A new day: what was used since the last power before midnight is shared out between both."""
        start = clock.start_of(today)
        if self._days and self._at < start <= self._at + GAP_S:
            self._days[-1].add(self._power_W, start - self._at)
            self._at = start
        self._days = [*self._days, MeasuredDay(today)][-KEPT_DAYS:]
        for date in sorted(self._counted)[:-KEPT_DAYS]:
            del self._counted[date]

    def _compare(self, day: MeasuredDay) -> list[Event]:
        counted = self._counted.get(day.date, 0.0)
        if day.covered_s < COVERED * (DAY_S - 3600):
            return []
        before, self._differs = self._differs, _is_apart(counted, day.used_Wh)
        if before or not self._differs:
            return []
        return [Noticed("energy_differs", problems.energy_differs(day.date, counted, day.used_Wh))]


def _is_apart(one: float, other: float) -> bool:
    return abs(one - other) > TOLERANCE_WH + TOLERANCE * max(one, other)
