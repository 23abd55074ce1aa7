"""What the days of a plug mean: which records are news, and how much was used today.

    ring ── sorted by time ──► every record newer than the last reported: {"consumption.counter": Wh} at its time
                               the newest: {"consumption.today": Wh}; 0 once the plug's own day is a later one

A record's time is its last update, so a closed day keeps the time of its end: a request after midnight
still returns the final value of the day. Hardware 1 changes days at midnight UTC whatever its time zone, hardware 2 at
its local midnight, without a time zone at midnight UTC. Source: docs/protocols/meross.md §1.8.11.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from unclouded.core.session import Event, Remember, Reported, WireValue
from unclouded.families.meross.messages import Day, Time

COUNTER = "consumption.counter"  # Wh of the day, at the record's own time: for counting
TODAY = "consumption.today"  # Wh of the plug's current day: for people
MEMORY_KEY = "consumption"  # what is remembered: the time of the newest record that was reported
LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()  # what no clock of a plug should show


def offset_at(time: Time, unix: float) -> int:
    """Seconds to add to Unix time for the plug's local time."""
    offset = 0
    for rule in time.time_rule:
        if len(rule) >= 2 and rule[0] <= unix:
            offset = rule[1]
    return offset


def day_of(unix: float, offset: int) -> str:
    """The date as plugs write it; "" for times that are none."""
    if not 0 <= unix < LATEST or abs(offset) > 86_400:
        return ""
    return (datetime.fromtimestamp(unix, UTC) + timedelta(seconds=offset)).date().isoformat()


class DayCounter:
    """Reads the days of one plug. ``memory``: what it remembered."""

    def __init__(self, memory: bytes = b"") -> None:
        self._reported_at = int(memory) if memory.isdigit() else None
        self._last: tuple[Day | None, str] | None = None

    def new_connection(self) -> None:
        """Report the newest record again."""
        self._last = None

    def read(self, days: Sequence[Day], today: str) -> list[Event]:
        """The news in these days (sorted by time). ``today``: the plug's date now, "" where it is not known."""
        real = [day for day in days if 0 < day.time < LATEST and day.value >= 0 and _is_date(day.date)]
        newest = real[-1] if real else None
        if self._last == (newest, today):
            return []
        is_news = self._last is None or self._last[0] != newest
        self._last = (newest, today)
        events: list[Event] = [_count(day) for day in self._missed(real)]
        if newest is not None and is_news:
            values: dict[str, WireValue] = {COUNTER: newest.value}
            if newest.date >= today:
                values[TODAY] = newest.value
            events.append(Reported(values, at=float(newest.time)))
            events += self._remember(newest.time)
        if today and (newest is None or newest.date < today):
            events.append(Reported({TODAY: 0}))
        return events

    def _missed(self, days: Sequence[Day]) -> Sequence[Day]:
        """Records but the newest that were updated since the last that was reported."""
        reported_at = self._reported_at
        return [] if reported_at is None else [day for day in days[:-1] if day.time > reported_at]

    def _remember(self, time: int) -> list[Event]:
        if self._reported_at == time:
            return []
        self._reported_at = time
        return [Remember(MEMORY_KEY, str(time).encode())]


def _count(day: Day) -> Event:
    return Reported({COUNTER: day.value}, at=float(day.time))


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
