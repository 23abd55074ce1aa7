"""When a hub that NATS refuses asks for another token over HTTPS. Source: docs/protocols/fleet.md §10"""

from collections.abc import Callable

SPREAD_S = 300.0  # all hubs of a fleet may be refused at the same moment


class RefusedRenewal:
    """``chance``: 0 … 1. ``now``: monotonic s."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._due: float | None = None

    def is_due(self, is_refused: bool, now: float) -> bool:
        """Whether to ask now: first within SPREAD_S of the refusal, then each SPREAD_S to twice that."""
        if not is_refused:
            self._due = None
            return False
        if self._due is None:
            self._due = now + SPREAD_S * self._chance()
            return False
        if now < self._due:
            return False
        self._due = now + SPREAD_S * (1 + self._chance())
        return True
