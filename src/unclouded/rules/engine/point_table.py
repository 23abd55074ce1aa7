"""All points that rules and timers set: who claims them, and the commands that follow.

Within one step rules come in the order of the file, so that the first of two that set a point differently wins.
"""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from unclouded.core.model import Outcome, Value
from unclouded.rules.devices import RuleDevices
from unclouded.rules.engine.bound_rule import BoundRule, PointKey
from unclouded.rules.engine.claims import TIMER_RANK, Claim, Target, earliest
from unclouded.rules.engine.outputs import RuleEvent, RuleOutput
from unclouded.rules.engine.point_control import PointControl, shown
from unclouded.rules.engine.rule_memory import RunMemory
from unclouded.rules.engine.timers import Timer
from unclouded.rules.text.spans import span_text

LAST_RANK = 1_000_000  # of a rule that is not in the file any more


class PointTable:
    """``devices``: those of the hub. ``changed``: whether there is something to remember since it was reset."""

    def __init__(self, devices: RuleDevices) -> None:
        self.devices = devices
        self.changed = False
        self.timers: dict[PointKey, Timer] = {}
        self._controls: dict[PointKey, PointControl] = {}
        self._touched: dict[PointKey, None] = {}
        self._events: list[RuleOutput] = []
        self._once: dict[PointKey, tuple[str, Value]] = {}  # what rules have set in this step
        self._due: dict[PointKey, float] = {}
        self._earliest: float | None = None  # of these and the timers
        self._ids = itertools.count(1)

    def control(self, key: PointKey) -> PointControl:
        """The control of a point, made where there is none; it is looked at in this step."""
        self._touched[key] = None
        control = self._controls.get(key)
        if control is None:
            control = self._controls[key] = PointControl(key)
        name = self.devices.name(key[0])
        control.label = name if key[1] == "on" else f"{name} {key[1]}"
        return control

    def known(self, key: PointKey) -> PointControl | None:
        """The control of a point; None = no rule or timer has used it yet. Unlike ``control``, makes none."""
        return self._controls.get(key)

    def controls(self) -> Iterable[tuple[PointKey, PointControl]]:
        """All controls that were made so far, by point."""
        return self._controls.items()

    def set_once(self, rule: BoundRule, settings: Iterable[tuple[PointKey, Value]], because: str) -> None:
        """A rule sets points, and lets them go."""
        for key, value in settings:
            control, name = self.control(key), rule.rule.name
            if self._is_lost(control, rule, value):
                continue
            self._once[key] = (name, value)
            control.claims.set_once(value)
            control.want(Target(value, name, because))

    def claim(self, rule: BoundRule, because: str) -> None:
        """A rule sets its points, and keeps them until ``release``."""
        self.changed = True
        for key, value in rule.settings:
            control = self.control(key)
            claim = _claim(rule, value, because)
            claim.released = self._is_lost(control, rule, value) and key in self._once
            control.claims.add(claim, control.has)
            if control.claims.winner is claim:
                control.want(Target(value, rule.rule.name, because))

    def resume(self, rule: BoundRule, because: str, released: Mapping[PointKey, float | None]) -> None:
        """After a restart: a rule goes on keeping its points. ``released``: those that it leaves alone, until when."""
        for key, value in rule.settings:
            control = self.control(key)
            claim = _claim(rule, value, because)
            claim.released, claim.released_until = key in released, released.get(key)
            control.claims.claims[claim.rule] = claim
            control.resume()

    def release(self, rule: BoundRule, because: str) -> None:
        """A rule keeps its points no longer."""
        self.changed = True
        ends = [(key, value) for key, value in rule.end_settings if not self._is_left_alone(key, rule.rule.name)]
        for key, _ in rule.settings:
            self._end_claim(key, rule.rule.name, because)
        self.set_once(rule, ends, because)

    def end_run(self, name: str, run: RunMemory, because: str, others: Collection[PointKey]) -> None:
        """After a restart without a rule: what it kept ends, unless it was set otherwise or another rule keeps it."""
        left = {(device, point) for device, point, _ in run.released} | set(others)
        for device, point, value in run.kept:
            control = self.control((device, point))
            if control.key not in left:
                end: Literal["back", "stay"] = "stay" if run.stays else "back"
                claim = Claim(rule=name, rank=LAST_RANK, value=value, because=run.because, end=end)
                control.claims.claims[name] = claim
                control.resume()
                self._end_claim(control.key, name, because)
        for device, point, value in run.after:
            control = self.control((device, point))
            if control.key not in left and control.claims.winner is None:
                control.want(Target(value, name, because))

    def drop(self, name: str) -> None:
        """Forget the claims of a rule that cannot go on; what it has set stays."""
        for control in self._controls.values():
            control.claims.claims.pop(name, None)

    def rank(self, rule: BoundRule) -> None:
        """A rule has another place in the file."""
        for control in self._controls.values():
            if (claim := control.claims.claims.get(rule.rule.name)) is not None:
                claim.rank = rule.rule.rank

    # --- timers --------------------------------------------------------------------------------

    def start_timer(self, timer: Timer, now: float, because: str = "") -> None:
        """Set a point until the timer ends; another timer of the point is replaced."""
        key = (timer.device, timer.point)
        control = self.control(key)
        because = because or f"{timer.origin or 'a user'} set a timer of {span_text(timer.ends - now)}"
        before = control.claims.base if key in self.timers else control.has
        control.claims.add(Claim(rule=timer.name, rank=TIMER_RANK, value=timer.value, because=because), before)
        control.claims.base = before if timer.end_value is None else timer.end_value
        control.want(Target(timer.value, timer.name, because))
        self.timers[key], self.changed = timer, True

    def resume_timer(self, timer: Timer) -> None:
        """After a restart: the timer goes on."""
        key = (timer.device, timer.point)
        control = self.control(key)
        because = f"{timer.origin or 'a user'} set a timer"
        claim = Claim(rule=timer.name, rank=TIMER_RANK, value=timer.value, because=because)
        control.claims.claims[timer.name] = claim
        if timer.end_value is not None:
            control.claims.base = timer.end_value
        control.resume()
        self.timers[key] = timer

    def end_timer(self, key: PointKey, because: str) -> None:
        """Ends the timer of this point, which must have one, at its time or before. ``because``: for people."""
        self.changed = True
        self._end_claim(key, self.timers.pop(key).name, because)

    # --- what happens --------------------------------------------------------------------------

    def reading(self, key: PointKey, value: Value, now: float) -> None:
        """A point has that value now."""
        control = self._controls.get(key)
        if control is not None and value != control.has:
            self._events += control.reading(value, now)
            self._touched[key], self.changed = None, True

    def settled(self, id: int, key: PointKey, outcome: Outcome, now: float) -> None:
        """The outcome of a command."""
        control = self._controls.get(key)
        if control is not None:
            self._events += control.settled(id, outcome, now)
            self._touched[key] = None

    def state_changed(self, device: str, is_usable: bool) -> None:
        """A device can be reached, or not."""
        for key, control in self._controls.items():
            if key[0] == device and is_usable:
                control.online()
                self._touched[key] = None
            elif key[0] == device:
                control.has = None

    def note(self, event: RuleEvent) -> None:
        """Adds an event to what the next ``step`` returns."""
        self._events.append(event)

    def step(self, now: float) -> list[RuleOutput]:
        """What is to be done now, and what is to be noted."""
        if self._earliest is not None and now >= self._earliest:
            for key, timer in [*self.timers.items()]:
                if now >= timer.ends:
                    self.end_timer(key, f"its timer of {self.devices.name(key[0])} ended")
            self._touched |= dict.fromkeys(key for key, at in self._due.items() if now >= at)
        if not self._touched and not self._events:
            return []
        for key in self._touched:
            control = self._controls[key]
            self._events += control.step(now, next(self._ids))
            self._due.pop(key, None)
            if (at := control.deadline()) is not None:
                self._due[key] = at
        self._earliest = earliest([*self._due.values(), *(one.ends for one in self.timers.values())])
        self._touched.clear()
        self._once.clear()
        events, self._events = self._events, []
        return events

    def deadline(self) -> float | None:
        """When ``step`` has something to do by time alone, in monotonic seconds; None = nothing waits."""
        return self._earliest

    # --- inside --------------------------------------------------------------------------------

    def _end_claim(self, key: PointKey, name: str, because: str) -> None:
        control = self.control(key)
        target = control.claims.end(name, because)
        if target is not None or (control.target is not None and control.target.rule == name):
            control.want(target)

    def _is_left_alone(self, key: PointKey, name: str) -> bool:
        """Whether another user or program has set the point that a rule keeps."""
        claim = self.control(key).claims.claims.get(name)
        return claim is not None and claim.released

    def _is_lost(self, control: PointControl, rule: BoundRule, value: Value) -> bool:
        """Whether an earlier rule keeps, or has just set, another value; that is noted."""
        first = self._once.get(control.key)
        blocker = control.claims.blocker(rule.rule.rank, value)
        other, theirs = (first[0], first[1]) if first else (blocker.rule, blocker.value) if blocker else ("", value)
        if theirs == value or other == rule.rule.name:
            return False
        keeps = "has just set it" if first else "keeps it"
        first_wins = "A timer goes first" if blocker and blocker.rank == TIMER_RANK else "The first in the file wins"
        not_set = f"{rule.rule.name}: {control.label} not set to {shown(value)}"
        text = f"{not_set}: {other} {keeps} {shown(theirs)}. {first_wins}."
        device, point = control.key
        self.note(
            RuleEvent(kind="rule_problem", text=text, rule=rule.rule.name, device=device, point=point, result="blocked")
        )
        return True


def _claim(rule: BoundRule, value: Value, because: str) -> Claim:
    return Claim(
        rule=rule.rule.name,
        rank=rule.rule.rank,
        value=value,
        because=because,
        end="back" if rule.rule.end == "back" else "stay",
        after_manual_s=rule.rule.after_manual_s,
    )


def settings_of(rule: BoundRule) -> Sequence[PointKey]:
    """All points that a rule sets, each once."""
    return tuple(dict.fromkeys(key for key, _ in (*rule.settings, *rule.end_settings)))
