"""Carries out the timers and auto-off rules of a simulated plug: what is due, and what the relay is to do then.

A timer is due once in its local minute, by the plug's own clock; while that is not set, none is. A clock that is set
into the minute of a timer makes it due, one that is set past it does not. An auto-off rule begins to count when the
relay is switched on, by whatever. How a timer is continued after a restart is not known: here it is not.
Source: docs/protocols/meross.md §1.8.14, §1.8.15.
"""

import msgspec

from unclouded.core.sessions.session_parts import Timers, earliest
from unclouded.families.meross.plug.rules.store import RuleStore
from unclouded.families.meross.plug.rules.times import (
    DAY_S,
    REPEAT,
    Place,
    TimerFields,
    is_day,
    next_due,
    timer_fields,
)
from unclouded.families.meross.plug.state.plug_settings import PlugSettings, Rule
from unclouded.families.meross.plug.state.running_clock import RunningClock
from unclouded.families.meross.wire.time_rules import local_offset

LONGEST_S = 30 * DAY_S  # of an auto-off rule or a continuous timer


class _Delay(msgspec.Struct, frozen=True):
    """``week`` and ``duration`` of an auto-off rule."""

    week: int = 0
    duration: int = 0


class _Then(msgspec.Struct, frozen=True):
    delay: _Delay = _Delay()


class _Conditions(msgspec.Struct, frozen=True):
    """``rule`` of an auto-off rule: flat on hardware 2, nested on hardware 1."""

    week: int = 0
    duration: int = 0
    then: _Then | None = msgspec.field(default=None, name="_then_")


class _Trigger(msgspec.Struct, frozen=True):
    enable: int = 1
    rule: _Conditions = _Conditions()


class _Plan(msgspec.Struct, frozen=True):
    """The next timers. ``at``: on the monotonic clock; ``unix``: on the plug's."""

    at: float
    unix: int
    ids: tuple[str, ...]


class RuleRunner:
    """``due`` returns the states that the relay is to be switched to, in their order."""

    def __init__(self, settings: PlugSettings, clock: RunningClock, timers: RuleStore, triggers: RuleStore) -> None:
        self._settings = settings
        self._clock = clock
        self._stores = (timers, triggers)
        self._running = Timers()  # "end ID" of a continuous timer, "off ID" of an auto-off rule
        self._plan: _Plan | None = None
        self._planned_sets = 0  # of the clock
        self._last_unix = 0

    def rules_changed(self, now: float) -> None:
        """Rules, zone or place have changed: what was due before this is not made up for."""
        self._make_plan(self._clock.unix(now), now)

    def clock_may_be_set(self, now: float) -> None:
        """To be called after anything that may have set the clock."""
        if self._clock.sets == self._planned_sets:
            return
        unix = self._clock.unix(now)
        if self._last_unix > unix:
            self._last_unix = 0
        self._make_plan(max(unix // 60 * 60 - 1, self._last_unix), now)

    def relay_moved(self, is_on: bool, now: float) -> None:
        """Starts the auto-off rules of today where it is on now, and ends them where it is off."""
        self._running.clear(*(f"off {id}" for id in self._settings.triggers))
        if is_on:
            for id, rule in self._settings.triggers.items():
                delay = _delay_of(rule)
                if delay is not None and is_day(delay.week, self._local_day(now)):
                    self._running.set(f"off {id}", now + min(delay.duration, LONGEST_S))

    def restart(self) -> None:
        """What runs ends; timers are planned again once the clock is set."""
        self._running.clear_all()
        self._plan = None

    def due(self, now: float) -> list[bool]:
        """Timers and auto-off rules whose time has come; rules that count once are disabled by it."""
        states = [self._ended(name) for name in self._running.due(now)]
        plan = self._plan
        if plan is not None and plan.at <= now:
            states += [self._fire(id, now) for id in plan.ids]
            self._last_unix = plan.unix
            self._make_plan(plan.unix, now)
        return [state for state in states if state is not None]

    def deadline(self) -> float | None:
        """When the next rule is due, in monotonic seconds; None = none is, or the clock is not set."""
        return earliest(self._running.earliest(), self._plan.at if self._plan is not None else None)

    # --- inside --------------------------------------------------------------------------------

    def _make_plan(self, after: float, now: float) -> None:
        self._planned_sets = self._clock.sets
        self._plan = None
        if not self._clock.is_set or not self._settings.timers:
            return
        zone = self._settings.time_rule
        place = Place(self._settings.latitude, self._settings.longitude)
        due: dict[int, list[str]] = {}
        for id, rule in self._settings.timers.items():
            timer = timer_fields(rule)
            unix = next_due(timer, zone, place, after) if timer is not None else None
            if unix is not None:
                due.setdefault(unix, []).append(id)
        if due:
            unix = min(due)
            self._plan = _Plan(self._clock.now_at(unix, now), unix, tuple(due[unix]))

    def _fire(self, id: str, now: float) -> bool | None:
        timer = timer_fields(self._settings.timers.get(id, {"enable": 0}))
        if timer is None or not timer.enable:
            return None
        if timer.is_once:
            self._stores[0].disable(id)
        if timer.lasts_s:
            self._running.set(f"end {id}", now + min(timer.lasts_s, LONGEST_S))
        return timer.switches_on

    def _ended(self, name: str) -> bool | None:
        """What a continuous timer or an auto-off rule does at its end; None where it is there no longer."""
        kind, _, id = name.partition(" ")
        if kind == "end":
            timer: TimerFields | None = timer_fields(self._settings.timers.get(id, {}))
            return None if timer is None or id not in self._settings.timers else not timer.switches_on
        delay = _delay_of(self._settings.triggers.get(id, {}))
        if delay is None:
            return None
        if not delay.week & REPEAT:
            self._stores[1].disable(id)
        return False

    def _local_day(self, now: float) -> int:
        unix = self._clock.unix(now)
        return int(unix + local_offset(self._settings.time_rule, unix)) // DAY_S


def _delay_of(rule: Rule) -> _Delay | None:
    """None where it is switched off or cannot be read."""
    try:
        trigger = msgspec.convert(rule, _Trigger, strict=False)
    except (msgspec.MsgspecError, ValueError, OverflowError):
        return None
    conditions = trigger.rule
    delay = conditions.then.delay if conditions.then else _Delay(conditions.week, conditions.duration)
    return delay if trigger.enable and delay.duration > 0 else None
