"""Replays what happened through the engine: what rules would have done, and why. No command is sent.

A command is confirmed at once. What was recorded of a point that a rule has set counts again when the recorded value
changes: then another user or program had set it.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from unclouded.core.model import Device, Fact, Outcome, Reading, Value
from unclouded.rules.calendar.calendar import HomeCalendar
from unclouded.rules.engine.outputs import RuleCommand, RuleOutput
from unclouded.rules.engine.rule_engine import RuleEngine
from unclouded.rules.rule import Rule

CONFIRMED = Outcome("confirmed")
BEFORE_S = 0.001  # s by which the engine begins earlier, so that a time of the first moment is due


class Replayed(msgspec.Struct, frozen=True):
    """Something that the engine decided at a time, Unix seconds."""

    at: float
    output: RuleOutput


class RuleReplay:
    """``facts``: by time, from ``start`` until before ``end`` (Unix seconds)."""

    def __init__(
        self, rules: Sequence[Rule], calendar: HomeCalendar, devices: Sequence[Device], start: float, end: float
    ) -> None:
        self._start, self._end = start - BEFORE_S, end
        self.engine = RuleEngine(rules, calendar, 0.0, self._start)
        self._devices = devices
        self._recorded: dict[tuple[str, str], Value] = {}
        self._simulated: set[tuple[str, str]] = set()

    def run(self, facts: Iterable[Fact]) -> Iterator[Replayed]:
        """All that the rules decide."""
        yield from self._done(self.engine.describe(self._devices, 0.0, self._start), self._start)
        for fact in facts:
            at = fact.at if isinstance(fact, Reading) else getattr(fact, "since", self._start)
            at = at if at > self._start + BEFORE_S else self._start
            yield from self._ticks(at)
            if at < self._end and (not isinstance(fact, Reading) or self._counts(fact)):
                now = at - self._start
                yield from self._done(self.engine.facts([fact], now, at, is_snapshot=True), at)
        yield from self._ticks(self._end)

    def problems(self) -> list[str]:
        """What keeps rules from being carried out."""
        return [f"{name}: {one.problem}" for name, one in self.engine.rules.items() if one.problem]

    # --- inside --------------------------------------------------------------------------------

    def _ticks(self, until: float) -> Iterator[Replayed]:
        """The times up to one at which something is due."""
        while True:
            now = self.engine.now
            due = max(self.engine.deadline(now, self._start + now), now)
            if self._start + due > until or self._start + due >= self._end:
                return
            yield from self._done(self.engine.tick(due, self._start + due), self._start + due)
            if due == now and self.engine.deadline(now, self._start + now) <= now:
                return

    def _counts(self, reading: Reading) -> bool:
        """Whether a recorded reading says something that the simulated commands have not overtaken."""
        key = (reading.device, reading.point)
        is_same = self._recorded.get(key) == reading.value
        self._recorded[key] = reading.value
        if key in self._simulated and is_same:
            return False
        self._simulated.discard(key)
        return True

    def _done(self, outputs: Iterable[RuleOutput], at: float) -> Iterator[Replayed]:
        waiting = list(outputs)
        while waiting:
            one = waiting.pop(0)
            yield Replayed(max(at, self._start + BEFORE_S), one)
            if isinstance(one, RuleCommand):
                waiting += self._confirmed(one, at)

    def _confirmed(self, one: RuleCommand, at: float) -> list[RuleOutput]:
        command, now = one.command, at - self._start
        key = (command.device, command.point)
        self._simulated.add(key)
        reading = Reading(command.device, command.point, command.value, at)
        outputs = self.engine.facts([reading], now, at, is_snapshot=True)
        return [*outputs, *self.engine.settled(one.id, key, CONFIRMED, now, at)]
