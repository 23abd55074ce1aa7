"""How long the hub waits: for answers, after failures, and because the fleet says so.

Source: docs/protocols/fleet.md §5
"""

import math
from collections.abc import Callable

TIMEOUT_S = 5.0  # for the first answer; doubled with each failure
LONGEST_TIMEOUT_S = 120.0
JITTER = 0.2  # of a time-out, in both directions
LONGEST_WAIT_S = 3600.0  # that the fleet may ask for


class Pace:
    """Time-outs that double while nothing succeeds. ``random``: uniform, 0 to 1."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._failures = 0

    def timeout(self) -> float:
        """Seconds to wait for an answer, or before the next attempt."""
        whole = min(TIMEOUT_S * 2.0 ** min(self._failures, 10), LONGEST_TIMEOUT_S)
        return whole * (1 + JITTER * (2 * self._random() - 1))

    def wait(self, wait_s: float) -> float:
        """The time that the fleet asks for, and at random up to a fifth more: it asks many hubs at once."""
        return min(bounded(wait_s) * (1 + JITTER * self._random()), LONGEST_WAIT_S)

    def part_of(self, spread_s: float) -> float:
        """A random part of a time."""
        return bounded(spread_s) * self._random()

    def failed(self) -> None:
        """One more attempt in a row has failed: the next delay is longer."""
        self._failures += 1

    def succeeded(self) -> None:
        """An attempt has succeeded: delays start from the shortest again."""
        self._failures = 0


def bounded(wait_s: float) -> float:
    """A time that the fleet asks for, within what it may."""
    return min(max(wait_s, 0.0), LONGEST_WAIT_S) if math.isfinite(wait_s) else 0.0
