"""Whether an appliance has finished, by the power that it takes. Pure.

    power   ▁▁█████▂████▁▁▁▁▁▁▁▁▁
            idle ─ above ─► working ─ not above `below_W` for `for_s` ─► finished, once
                                └─ a shorter pause is part of the work

``at`` is the time of a reading, in seconds. A device that reports changes only is silent at 0 W, so time passes by
``tick`` as well. A device that stops answering has not finished: the pause begins again with its next reading.
"""

import msgspec


class FinishedRule(msgspec.Struct, frozen=True):
    """``above_W``: it works; ``below_W``: it does not, for ``for_s`` s; ``least_s``: that it must have worked."""

    above_W: float
    below_W: float
    for_s: float
    least_s: float = 0.0


class FinishedDetector:
    """The state of one appliance. Its methods return the seconds that it worked, once it has finished."""

    def __init__(self, rule: FinishedRule) -> None:
        self._rule = rule
        self._began: float | None = None  # when it began to work; None: it does not
        self._worked_until = 0.0  # the last time at which it certainly worked
        self._low_since: float | None = None  # since when it takes little; None: it takes much, or is not known

    def take(self, power_W: float, at: float) -> float | None:
        """The power at a time; an earlier one than before is ignored."""
        finished = self.tick(at)
        if power_W > self._rule.above_W:
            self._began = at if self._began is None else self._began
            self._low_since = None
            self._worked_until = max(self._worked_until, at)
        elif self._began is not None and power_W <= self._rule.below_W:
            if self._low_since is None:
                self._low_since = self._worked_until = max(at, self._worked_until)
        elif self._began is not None:
            self._low_since = None  # between the limits: neither begun nor ended
        return finished

    def tick(self, at: float) -> float | None:
        """Time has passed; nothing was reported."""
        if self._began is None or self._low_since is None or at < self._low_since + self._rule.for_s:
            return None
        worked = self._worked_until - self._began
        self._began = self._low_since = None
        self._worked_until = 0.0
        return worked if worked >= self._rule.least_s else None

    def lost(self) -> None:
        """The device does not answer: what it takes is not known."""
        self._low_since = None

    def deadline(self) -> float | None:
        """When ``tick`` would find that it has finished; None = not before another reading."""
        return None if self._low_since is None else self._low_since + self._rule.for_s
