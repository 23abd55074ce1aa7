"""The wall clock of the hub, and whether it can be trusted.

A small computer without a battery clock starts in the past. Facts of that time wait (``hub/gate.py``) and get their
real times once the clock is right.
"""

import time
from collections.abc import Callable

STEP_S = 2.0  # s between two checks that are a step of the clock, not its correction
TRUSTED_FROM = 1_767_225_600.0  # 2026-01-01: no hub runs before its own version was made


class WallClock:
    """Unix seconds at a given ``now`` (monotonic seconds of the loop)."""

    def __init__(self, now: Callable[[], float], wall: Callable[[], float] = time.time) -> None:
        self._now = now
        self._wall = wall
        self._lead = self.ahead()

    def at(self, now: float) -> float:
        """The wall time at ``now``, by the clock as it is set at present."""
        return self._wall() - (self._now() - now)

    def ahead(self) -> float:
        """How far the wall clock is ahead of the monotonic one now, in seconds."""
        return self._wall() - self._now()

    def step(self) -> float:
        """The seconds by which the wall clock was set since the last call: negative = back, 0 = it went on."""
        lead, before = self.ahead(), self._lead
        self._lead = lead
        return lead - before if abs(lead - before) > STEP_S else 0.0

    def trusted(self) -> bool:
        """Whether the time of day is late enough to be set at all."""
        return self._wall() >= TRUSTED_FROM
