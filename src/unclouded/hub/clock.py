"""The wall clock of the hub, and whether it can be trusted.

A small computer without a battery clock starts in the past. Facts of that time wait (``hub/gate.py``) and get their
real times once the clock is right.
"""

import time
from collections.abc import Callable

TRUSTED_FROM = 1_767_225_600.0  # 2026-01-01: no hub runs before its own version was made


class WallClock:
    """Unix seconds at a given ``now`` (monotonic seconds of the loop)."""

    def __init__(self, now: Callable[[], float], wall: Callable[[], float] = time.time) -> None:
        self._now = now
        self._wall = wall

    def at(self, now: float) -> float:
        """The wall time at ``now``, by the clock as it is set at present."""
        return self._wall() - (self._now() - now)

    def ahead(self) -> float:
        """How far the wall clock is ahead of the monotonic one now, in seconds."""
        return self._wall() - self._now()

    def trusted(self) -> bool:
        return self._wall() >= TRUSTED_FROM
