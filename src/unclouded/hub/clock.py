"""The wall clock of the hub, and whether it may be believed.

A small computer without a battery clock starts in the past. Until the time is trusted nothing is
stamped: what devices said waits with its monotonic time and is stamped when the clock is right.
"""

import time
from collections.abc import Callable

TRUSTED_FROM = 1_767_225_600.0  # 2026-01-01: no hub runs a version that is older than itself


class WallClock:
    """Unix seconds at a given ``now`` (monotonic seconds of the loop)."""

    def __init__(self, now: Callable[[], float], wall: Callable[[], float] = time.time) -> None:
        self._now = now
        self._wall = wall

    def at(self, now: float) -> float:
        """The wall time that belongs to ``now``; a clock that was set meanwhile counts as it is set."""
        return self._wall() - (self._now() - now)

    def ahead(self) -> float:
        """How far the wall clock is ahead of the monotonic one now, in seconds."""
        return self._wall() - self._now()

    def trusted(self) -> bool:
        return self._wall() >= TRUSTED_FROM
