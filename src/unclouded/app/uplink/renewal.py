"""When a hub that NATS refuses asks for another token over HTTPS. Source: docs/protocols/fleet.md §10

refused by NATS ──► within 5 minutes ──► asked ─┬─► another token
                                                ├─► revoked: it ends for good
                                                └─► busy, away, wrong clock: again after 1, 2, 4, 5 … minutes
"""

from collections.abc import Callable

from unclouded.core.system.retry_delays import RetryDelays

SPREAD_S = 300.0  # all hubs of a fleet may be refused at the same moment
FIRST_DELAY_S = 60.0
LONGEST_DELAY_S = 300.0


def renewal_delays() -> RetryDelays:
    """After each attempt to get another token that failed, but may succeed later."""
    return RetryDelays(FIRST_DELAY_S, LONGEST_DELAY_S, stable_after_s=0.0)


class RefusedRenewal:
    """``chance``: 0 … 1. ``now``: monotonic s."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._due: float | None = None
        self._delays = renewal_delays()

    def is_due(self, is_refused: bool, now: float) -> bool:
        """Whether to ask now: first within SPREAD_S of the refusal, then with delays that double."""
        if not is_refused:
            self._due = None
            self._delays = renewal_delays()
            return False
        if self._due is None:
            self._due = now + SPREAD_S * self._chance()
            return False
        if now < self._due:
            return False
        self._due = now + self._delays.next(now)
        return True
