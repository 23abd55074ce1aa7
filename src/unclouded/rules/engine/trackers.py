"""Trackers: each follows one part of a condition over time. ``result`` None: not known, which never counts as true.

ValueTracker   a point of a device, or a value that is handed to the hub
StateTracker   whether a device is online
ClockTracker   the time of the day, the day
"""

import operator
from collections.abc import Callable, Mapping

from unclouded.core.errors import CommandError
from unclouded.core.model import Point, Value
from unclouded.rules.calendar.calendar import HomeCalendar
from unclouded.rules.conditions import (
    AllOf,
    AnyOf,
    Between,
    Comparison,
    Condition,
    DeviceState,
    Leaf,
    OnDays,
    ValueTest,
)
from unclouded.rules.devices import RuleDevices
from unclouded.rules.engine.held_test import HeldTest
from unclouded.rules.text.amounts import amount_of, is_number, switch_of, value_for

Compare = Callable[[Value, Value], bool]
COMPARES: Mapping[str, Compare] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
RESTART_GRACE_S = 120.0  # s after a restart in which what was true before stays so until it is known again


class ValueTracker:
    """``source``: (device, point) of its readings; ("", name) of a value that is handed to the hub.

    ``sign``: -1 or 1: only the negative or the positive part of it counts. ``fresh_s``: how long a value counts.
    """

    __slots__ = (
        "_begin", "_begin_compare", "_end", "_end_compare", "fresh_s", "fresh_until", "grace_until", "held", "leaf",
        "sign", "source", "value",
    )  # fmt: skip

    def __init__(self, leaf: Comparison, devices: RuleDevices, fresh_s: float) -> None:
        point, self.sign = (None, 0.0) if not leaf.device else devices.readable(leaf.device, leaf.point)
        self.leaf = leaf
        self.source = (leaf.device, point.key if point else leaf.point)
        self.fresh_s = fresh_s
        self.fresh_until: float | None = None
        self.grace_until: float | None = None
        self.value: Value | None = None
        self._begin, self._begin_compare = _limit(leaf.test, point), COMPARES[leaf.test.operator]
        until = leaf.until
        self._end = None if until is None else _limit(until, point)
        self._end_compare = COMPARES[until.operator] if until else operator.eq
        self.held = HeldTest(leaf.test.for_s, until.for_s if until else 0.0)

    @property
    def result(self) -> bool | None:
        return True if self.held.is_true else None if self.value is None else False

    def feed(self, value: Value, now: float, valid_s: float = 0.0) -> bool:
        """A new value, which counts for so long (0 = always). Whether the result or a deadline may be another."""
        if self.sign:
            value = max(self.sign * value, 0.0) if isinstance(value, int | float) else value
        held = self.held
        before, since = held.is_true, held.since
        was_known, self.value, self.grace_until = self.value is not None, value, None
        lasts = min((one for one in (self.fresh_s, valid_s) if one), default=0.0)
        self.fresh_until = now + lasts if lasts else None
        try:
            begins = self._begin_compare(value, self._begin)
            ends = not begins if self._end is None else self._end_compare(value, self._end)
        except TypeError:  # a text where a number is expected
            return self.lose()
        held.feed(begins, ends, now)
        return held.is_true != before or held.since != since or not was_known or bool(lasts)

    def lose(self, now: float | None = None) -> bool:
        """Its value is not known any more."""
        if now is not None and self.grace_until is not None and now < self.grace_until:
            return False
        changed = self.value is not None or self.held.is_true
        self.value = self.fresh_until = self.grace_until = None
        self.held.lose()
        return changed

    def resume(self, is_true: bool, since: float | None, now: float) -> None:
        """Go on after a restart as before it, until a value comes."""
        self.held.is_true, self.held.since = is_true, since
        self.grace_until = now + RESTART_GRACE_S

    def tick(self, now: float) -> None:
        if any(until is not None and now >= until for until in (self.fresh_until, self.grace_until)):
            self.lose()
        elif self.value is not None:
            self.held.tick(now)

    def deadline(self) -> float | None:
        due = [self.held.deadline() if self.value is not None else None, self.fresh_until, self.grace_until]
        return min((one for one in due if one is not None), default=None)


class StateTracker:
    """``is_usable`` None: the state of the device is not known yet."""

    __slots__ = ("held", "is_known", "leaf")

    def __init__(self, leaf: DeviceState, devices: RuleDevices) -> None:
        devices.device(leaf.device)
        self.leaf = leaf
        self.is_known = False
        self.held = HeldTest(leaf.for_s)

    @property
    def result(self) -> bool | None:
        return self.held.is_true if self.is_known else None

    def feed(self, is_online: bool, now: float) -> None:
        self.is_known = True
        self.held.feed(is_online == self.leaf.is_online, is_online != self.leaf.is_online, now)

    def tick(self, now: float) -> None:
        self.held.tick(now)

    def deadline(self) -> float | None:
        return self.held.deadline()


class ClockTracker:
    """``changes_at``: Unix seconds until which its result holds, unless the clock is set."""

    __slots__ = ("changes_at", "leaf", "result")

    def __init__(self, leaf: Between | OnDays) -> None:
        self.leaf = leaf
        self.result: bool | None = None
        self.changes_at = 0.0

    def look(self, calendar: HomeCalendar, wall: float) -> None:
        """It is that time now."""
        leaf = self.leaf
        if isinstance(leaf, Between):
            inside, self.changes_at = calendar.window(leaf.start, leaf.end, wall)
        else:
            inside, self.changes_at = calendar.includes(leaf.days, wall), calendar.next_midnight(wall)
        self.result = inside == leaf.inside


Tracker = ValueTracker | StateTracker | ClockTracker
Evaluate = Callable[[], bool | None]


def tracker_of(leaf: Leaf, devices: RuleDevices, fresh_s: float) -> Tracker:
    """Raises CommandError where a device or point does not exist, or a value does not fit it."""
    match leaf:
        case Comparison():
            return ValueTracker(leaf, devices, fresh_s)
        case DeviceState():
            return StateTracker(leaf, devices)
    return ClockTracker(leaf)


def evaluation(condition: Condition | None, make: Callable[[Leaf], Tracker]) -> Evaluate:
    """What computes the result of a condition from its trackers, which ``make`` makes. No condition is true."""
    if condition is None:
        return lambda: True
    if not isinstance(condition, AllOf | AnyOf):
        tracker = make(condition)
        return lambda: tracker.result
    parts = [evaluation(part, make) for part in condition.parts]
    decides = isinstance(condition, AnyOf)  # the result of a part that decides alone

    def combined() -> bool | None:
        results = [part() for part in parts]
        return decides if decides in results else None if None in results else not decides

    return combined


# --- inside -------------------------------------------------------------------------------------------


def _limit(test: ValueTest, point: Point | None) -> Value:
    """What values are compared with."""
    if point is None:
        switch = switch_of(test.text)
        return amount_of(test.text) if is_number(test.text) else test.text if switch is None else switch
    if test.operator in ("=", "!="):
        return value_for(point, test.text)
    if point.kind not in ("number", "counter"):
        raise CommandError(f"{point.key} is not a number; compare it with: is, is not.")
    return amount_of(test.text, point.unit)
