"""The delay before something that failed is tried again: 1, 2, 4 … 60 s, with jitter.

started ──► failed ──► 1 s ──► failed ──► 2 s ──► … ──► 60 s
    └── failed, but only after ``stable_after_s`` ──► 1 s
"""

import random

FIRST_DELAY_S = 1.0
MAX_DELAY_S = 60.0  # before jitter
JITTER = 0.2  # fraction of a delay, to either side, so that many do not try again at the same moment
STABLE_AFTER_S = 30.0  # s that a connection must last before the delays restart at the first


class RetryDelays:
    """``now``: seconds of the event loop. ``stable_after_s``: 0 = any success restarts the delays.

    ``first_s`` and ``max_s``: FIRST_DELAY_S and MAX_DELAY_S unless given.
    """

    def __init__(
        self, first_s: float | None = None, max_s: float | None = None, stable_after_s: float = STABLE_AFTER_S
    ) -> None:
        self._max_s = MAX_DELAY_S if max_s is None else max_s
        self._first_s = min(FIRST_DELAY_S if first_s is None else first_s, self._max_s)
        self._stable_after_s = stable_after_s
        self._next_s = self._first_s
        self._started: float | None = None

    def started(self, now: float) -> None:
        """It works, or runs, from now on."""
        self._started = now

    def next(self, now: float) -> float:
        """It has failed; the delay before the next attempt."""
        if self._started is not None and now - self._started >= self._stable_after_s:
            self._next_s = self._first_s
        self._started = None
        delay_s = self._next_s * random.uniform(1 - JITTER, 1 + JITTER)
        self._next_s = min(self._next_s * 2, self._max_s)
        return delay_s
