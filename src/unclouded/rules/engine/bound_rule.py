"""A rule bound to the devices that the hub has: trackers of its conditions, the points that it sets, its state."""

from collections.abc import Callable, Iterator

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.model import Value
from unclouded.rules.calendar.calendar import HomeCalendar
from unclouded.rules.conditions import Condition, Leaf
from unclouded.rules.devices import RuleDevices
from unclouded.rules.engine.claims import earliest
from unclouded.rules.engine.reasons import ended_text, held_text, joined, missing_text
from unclouded.rules.engine.timetable import Timetable
from unclouded.rules.engine.trackers import (
    ClockTracker,
    Evaluate,
    StateTracker,
    Tracker,
    ValueTracker,
    evaluation,
    tracker_of,
)
from unclouded.rules.rule import Rule, Setting
from unclouded.rules.text.spans import moment_text

PointKey = tuple[str, str]
NEVER = float("inf")


class RuleRun(msgspec.Struct, kw_only=True):
    """A rule keeps its values. ``ends``: when at the latest, monotonic seconds; None: with its condition."""

    since: float
    since_wall: float
    because: str
    ends: float | None = None


class BoundRule:
    """``problem``: why it cannot be carried out, "" = it can. ``known``: the last result that was known.

    ``spent``: it has run for its longest time, and waits for its condition to begin again. ``paused_until``: Unix
    seconds, infinity = until it is resumed.
    """

    def __init__(self, rule: Rule, wall: float) -> None:
        self.rule = rule
        self.problem = ""
        self.known: bool | None = None
        self.spent = False
        self.run: RuleRun | None = None
        self.paused_until = 0.0
        self.used_day = ""
        self.used_s = 0.0
        self.last_at = 0.0
        self.last_text = ""
        self.settings: list[tuple[PointKey, Value]] = []
        self.end_settings: list[tuple[PointKey, Value]] = []
        self.trackers: dict[int, Tracker] = {}
        self.timetable = Timetable(rule.at, rule.days, wall)
        self.due = NEVER  # monotonic seconds: when time alone may change something
        self.due_wall = NEVER  # the same, Unix seconds
        self._result: Evaluate = lambda: None
        self._guard: Evaluate = lambda: None

    def bind(self, devices: RuleDevices) -> None:
        """Look up what it names; ``problem`` says what does not exist or does not fit."""
        self.trackers = {}
        try:
            self.settings = [_bound(one, devices) for one in self.rule.settings]
            ends = self.rule.end if isinstance(self.rule.end, tuple) else ()
            self.end_settings = [_bound(one, devices) for one in ends]

            def make(leaf: Leaf) -> Tracker:
                return self.trackers.setdefault(id(leaf), tracker_of(leaf, devices, self.rule.fresh_s))

            self._result = evaluation(self.rule.condition, make)
            self._guard = evaluation(self.rule.guard, make)
            self.problem = ""
        except CommandError as error:
            self.problem = str(error)
            self.trackers = {}

    def result(self) -> bool | None:
        """Whether its condition holds; None: not known."""
        return self._result()

    def guard(self) -> bool | None:
        """Whether what must hold besides does."""
        return self._guard()

    def tick(self, now: float, wall: float, calendar: HomeCalendar) -> None:
        """Time has passed: look what that changes in its conditions."""
        for tracker in self.trackers.values():
            if not isinstance(tracker, ClockTracker):
                tracker.tick(now)
            elif wall >= tracker.changes_at:
                tracker.look(calendar, wall)

    def clock_was_set(self) -> None:
        """The wall clock was set, so conditions on the time of day are looked at with the next ``tick``."""
        for tracker in self.trackers.values():
            if isinstance(tracker, ClockTracker):
                tracker.changes_at = 0.0

    def values(self) -> Iterator[ValueTracker]:
        """Those of its conditions that watch the value of a point."""
        return (one for one in self.trackers.values() if isinstance(one, ValueTracker))

    def states(self) -> Iterator[StateTracker]:
        """Those of its conditions that watch whether a device can be reached."""
        return (one for one in self.trackers.values() if isinstance(one, StateTracker))

    def plan(self, now: float, wall: float, calendar: HomeCalendar) -> None:
        """Work out when time alone may change something."""
        held = [one.deadline() for one in self.trackers.values() if not isinstance(one, ClockTracker)]
        self.due = _or_never(earliest([*held, self._least_end(now), self.run.ends if self.run else None]))
        times = [one.changes_at for one in self.trackers.values() if isinstance(one, ClockTracker)]
        times += [self.timetable.next.at] if self.timetable.next else []
        times += [self.paused_until] if self.paused_until else []
        times += [calendar.next_midnight(wall)] if self.rule.daily and (self.spent or self.run) else []
        self.due_wall = min(times, default=NEVER)

    def is_kept(self, now: float) -> bool:
        """Whether its least time is not over."""
        return self.run is not None and now < self.run.since + self.rule.at_least_s

    # --- text ----------------------------------------------------------------------------------

    def because(self, devices: RuleDevices) -> str:
        """Why its condition and its guard hold."""
        texts = {key: held_text(one.leaf, value_of(one), devices) for key, one in self.trackers.items() if one.result}
        return self._joined(texts, " and ")

    def missing(self, devices: RuleDevices) -> str:
        """What keeps its condition from holding."""
        return self._joined(self._texts_of_missing(missing_text, devices), "; ")

    def over(self, devices: RuleDevices) -> str:
        """Why its condition holds no longer."""
        return self._joined(self._texts_of_missing(ended_text, devices), " and ")

    def moment(self, place: int) -> str:
        """One of its times, as text."""
        return moment_text(self.rule.at[place])

    # --- inside --------------------------------------------------------------------------------

    def _texts_of_missing(
        self, text: Callable[[Leaf, bool | None, Value | None, RuleDevices], str], devices: RuleDevices
    ) -> dict[int, str]:
        return {
            key: text(one.leaf, one.result, value_of(one), devices)
            for key, one in self.trackers.items()
            if not one.result
        }

    def _joined(self, texts: dict[int, str], word: str) -> str:
        return word.join(filter(None, (joined(one, texts) for one in self._conditions())))

    def _conditions(self) -> tuple[Condition | None, ...]:
        return self.rule.condition, self.rule.guard

    def _least_end(self, now: float) -> float | None:
        """When its least time is over, where that is still to come."""
        if self.run is None or not self.rule.at_least_s:
            return None
        at = self.run.since + self.rule.at_least_s
        return at if at > now else None


def value_of(tracker: Tracker) -> Value | None:
    """The value that a tracker has."""
    return tracker.value if isinstance(tracker, ValueTracker) else None


def _bound(setting: Setting, devices: RuleDevices) -> tuple[PointKey, Value]:
    point, value = devices.settable(setting)
    return (setting.device, point), value


def _or_never(at: float | None) -> float:
    return NEVER if at is None else at
