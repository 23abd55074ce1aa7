"""The energy of a plug's days: which records are usable, and how much of each value was used on its day.

    ring ── usable records, by date ──► {"consumption.counter": Wh} with date and time, where a record is new
                          the newest ──► {"consumption.today": Wh}; 0 once the plug's own day is a later one

Every record counts for its own date, however late it is read: the ring keeps 30 days. A record's time is its last
update. Days of hardware 1 end at midnight UTC whatever its time zone, those of hardware 2 at its local midnight,
without a time zone at midnight UTC.

Some firmwares begin a day with yesterday's total. Whether a day was begun so is decided once, when its first record
is read, by the first of these that decides:

    the value is less than yesterday's                             begun at 0
    no plug can have used that much since midnight                 begun at yesterday's total
    the power measured since midnight fits one of the two only     that one
    what this plug did at the last midnight that was decided       the same; before that, by its firmware version

Source: docs/protocols/meross.md §1.8.11 and §1.11.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache

import msgspec

from unclouded.core.sessions.session import Event, Noticed, Remember, Reported, ReportedDay, WireValue
from unclouded.families.meross.wire.messages import Day, Time
from unclouded.families.meross.wire.time_rules import local_offset

COUNTER = "consumption.counter"  # Wh of the day in the report's ``day``: for counting
TODAY = "consumption.today"  # Wh of the plug's current day: for people
MEMORY_KEY = "consumption"  # what is remembered: see _Memory
DAY_S = 86_400
LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()  # what no clock of a plug should show
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
SYNCED = 1_000_000_000  # a clock below counts seconds since the start
RING_DAYS = 31  # days that a plug keeps at most
KEPT_DAYS = 62  # days whose first totals are remembered
CLOCK_OFF_S = DAY_S  # s between the clocks of plug and hub from which its dates are not usable
MOST_W = 4600.0  # 20 A at 230 V: what no plug passes
MARGIN_S = 120.0  # s added to the time since midnight: clocks of plugs are seconds late
BREAK_S = 120.0  # s between two powers that are too far apart to integrate
TOLERANCE_WH, TOLERANCE = 2.0, 0.1  # by which integrated power and a record may differ
CARRYING = frozenset({"2.1.4", "2.1.14", "2.1.15"})  # firmwares that begin a day with yesterday's total


def day_of(unix: float, offset: int) -> str:
    """The date as plugs write it; "" for times that are none."""
    if not 0 <= unix < LATEST or abs(offset) > DAY_S:
        return ""
    return _date(int((unix + offset) // DAY_S))


class PlugClock(msgspec.Struct, frozen=True, kw_only=True):
    """The clock of a plug when it answered, that of the hub, and the rules of its days (None: midnight is UTC)."""

    unix: float
    wall: float
    zone: Time | None = None

    @property
    def is_right(self) -> bool:
        return self.unix >= SYNCED and abs(self.unix - self.wall) <= CLOCK_OFF_S

    def today(self) -> str:
        """The plug's own date; "" where its clock is wrong."""
        return day_of(self.unix, self.offset) if self.is_right else ""

    @property
    def offset(self) -> int:
        """Seconds from UTC to its local time now."""
        return self._offset(self.unix)

    def start_of(self, day: str) -> float:
        """When a day of the plug began."""
        midnight = _midnight(day)
        start = midnight - self._offset(midnight)
        return midnight - self._offset(start)

    def _offset(self, unix: float) -> int:
        return 0 if self.zone is None else local_offset(self.zone.time_rule, unix)


class _Memory(msgspec.Struct):
    """What is remembered of the days.

    ``since``: the first date that counts. ``begun``: the total with which each date began. ``carries``: whether the
    last day that was decided began with yesterday's total.
    """

    since: str = ""
    begun: dict[str, int] = {}
    carries: bool | None = None


class DayCounter:
    """Reads the days of one plug. ``memory``: what it remembered. ``firmware``: its version, once it is known."""

    def __init__(self, memory: bytes = b"") -> None:
        self.firmware = ""
        self._memory = _decoded(memory)
        self._power = PowerOfDay()
        self._reported: dict[str, Day] = {}
        self._today: str | None = None
        self._problem = ""
        self._read_at = 0.0  # by the hub's clock, in this connection

    def new_connection(self) -> None:
        """Report every day again."""
        self._reported.clear()
        self._today = None
        self._read_at = 0.0
        self._power = PowerOfDay()

    def measured(self, power_W: float, clock: PlugClock) -> None:
        """The power now: it shows how much can have been used since midnight."""
        today = clock.today()
        self._power.take(power_W, clock.unix, today, clock.start_of(today) if today else 0.0)

    def read(self, days: Sequence[Day], clock: PlugClock) -> list[Event]:
        """The news in these days."""
        if clock.wall < SYNCED:
            return []  # the hub does not know the time yet: the ring keeps its days
        records = self._usable(days, clock)
        events = self._refusals(clock)
        before = self._memory.since, dict(self._memory.begun), self._memory.carries
        today, newest = clock.today(), records[-1] if records else None
        self._begin(records, clock)
        for previous, day in zip([None, *records], records, strict=False):
            if self._memory.since and day.date >= self._memory.since and self._reported.get(day.date) != day:
                events.append(self._report(day, previous, clock, today if day is newest else None))
        if today and today != self._today and (newest is None or newest.date < today):
            events.append(Reported({TODAY: 0}))
        self._today = today
        self._read_at = clock.wall
        if before != (self._memory.since, self._memory.begun, self._memory.carries):
            events.append(Remember(MEMORY_KEY, msgspec.json.encode(self._memory)))
        return events

    # --- inside --------------------------------------------------------------------------------

    def _refusals(self, clock: PlugClock) -> list[Event]:
        """Where the plug's clock is wrong: why its records are refused, once."""
        before, self._problem = self._problem, "" if clock.is_right else _clock_problem(clock)
        return [Noticed("energy", self._problem)] if self._problem not in ("", before) else []

    def _usable(self, days: Sequence[Day], clock: PlugClock) -> list[Day]:
        """One record of each date, by date: the one that was updated last."""
        found = {day.date: day for day in sorted(days, key=lambda day: day.time) if _is_usable(day, clock)}
        return [found[one] for one in sorted(found)]

    def _begin(self, records: Sequence[Day], clock: PlugClock) -> None:
        """The first contact: what was used before the newest day does not count."""
        if self._memory.since or not clock.is_right:
            return
        recent = records and records[-1].time >= clock.wall - RING_DAYS * DAY_S
        self._memory.since = records[-1].date if recent else clock.today()

    def _report(self, day: Day, previous: Day | None, clock: PlugClock, today: str | None) -> Event:
        """``today``: the plug's date, where this is its newest record."""
        self._reported[day.date] = day
        used = day.value - self._begun(day, previous, clock)
        values: dict[str, WireValue] = {COUNTER: used}
        if today is not None and day.date >= today:
            values[TODAY] = used
        of_day = ReportedDay(day.date, clock.start_of(day.date), self._read_at)
        return Reported(values, at=float(day.time), day=of_day)

    def _begun(self, day: Day, previous: Day | None, clock: PlugClock) -> int:
        """The total with which a day began."""
        begun = self._memory.begun
        if day.date not in begun:
            begun[day.date] = previous.value if previous and self._is_carried(day, previous, clock) else 0
            for one in sorted(begun)[:-KEPT_DAYS]:
                del begun[one]
        if day.value < begun[day.date]:
            begun[day.date] = 0  # it has started again meanwhile
        return begun[day.date]

    def _is_carried(self, day: Day, previous: Day, clock: PlugClock) -> bool:
        """Whether a day began with the total of the one before."""
        decided = self._decide(day, previous.value, clock)
        if decided is None:
            carries = self._memory.carries
            return self.firmware in CARRYING if carries is None else carries
        if previous.value > 0:
            self._memory.carries = decided
        return decided

    def _decide(self, day: Day, carried: int, clock: PlugClock) -> bool | None:
        if day.value < carried or carried == 0:
            return False
        start = clock.start_of(day.date)
        if day.value > MOST_W * (max(day.time - start, 0.0) + MARGIN_S) / 3600 + 1:
            return True
        used = self._power.since_midnight(day.date, clock.unix)
        if used is None:
            return None
        tolerance = TOLERANCE_WH + TOLERANCE * used
        from_0, from_yesterday = (abs(value - used) <= tolerance for value in (day.value, day.value - carried))
        return from_yesterday if from_0 != from_yesterday else None


class PowerOfDay:
    """The energy since midnight by the power that is measured: known from the first midnight on that is in contact."""

    def __init__(self) -> None:
        self._day = ""
        self._at = self._power_W = 0.0
        self._Wh: float | None = None

    def take(self, power_W: float, unix: float, day: str, start: float) -> None:
        """A power in W at ``unix``; ``day`` began at ``start``. After a break the energy of the day is unknown."""
        if not day or not 0 <= unix - self._at <= BREAK_S:
            self._Wh = None
        elif day != self._day:
            self._Wh = (power_W + self._power_W) / 2 * (unix - start) / 3600
        elif self._Wh is not None:
            self._Wh += (power_W + self._power_W) / 2 * (unix - self._at) / 3600
        self._day, self._at, self._power_W = day, unix, power_W

    def since_midnight(self, day: str, unix: float) -> float | None:
        """Wh since the start of a day; None where contact was lost since."""
        if self._Wh is None or day != self._day or not 0 <= unix - self._at <= BREAK_S:
            return None
        return self._Wh + self._power_W * (unix - self._at) / 3600


def _is_usable(day: Day, clock: PlugClock) -> bool:
    """Whether a record can be counted; those that a wrong clock dated cannot."""
    if day.value < 0 or not SYNCED <= day.time <= min(clock.wall + CLOCK_OFF_S, LATEST) or not _is_date(day.date):
        return False
    if not clock.is_right and abs(day.time - clock.unix) <= CLOCK_OFF_S:
        return False
    start = _midnight(day.date)
    return start - DAY_S <= day.time <= start + 2 * DAY_S


def _clock_problem(clock: PlugClock) -> str:
    shown = "counts from its start" if clock.unix < SYNCED else f"shows {_text(clock.unix)}"
    return (
        f"The plug's clock {shown}, while the hub's shows {_text(clock.wall)}. The energy of its days is not counted "
        "until it is right: let the plug reach a time server, or bind it to the hub's broker."
    )


def _text(unix: float) -> str:
    return day_of(unix, 0) or "an impossible time"


def _decoded(memory: bytes) -> _Memory:
    if memory.isdigit():  # the time of the newest record, as earlier versions remembered it
        return _Memory(since=day_of(float(memory) - DAY_S, 0))
    try:
        return msgspec.json.decode(memory, type=_Memory)
    except msgspec.MsgspecError:
        return _Memory()


@lru_cache(maxsize=256)
def _date(days: int) -> str:
    """The date that many days after 1 January 1970."""
    return date.fromordinal(EPOCH_ORDINAL + days).isoformat()


@lru_cache(maxsize=256)
def _midnight(day: str) -> float:
    """When a date begins in UTC, Unix seconds."""
    return (date.fromisoformat(day).toordinal() - EPOCH_ORDINAL) * float(DAY_S)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
