"""Two limits of the broker: failed passwords per address, and repeated log messages."""

from collections.abc import Hashable
from typing import TypeVar

MAX_FAILURES = 8  # failed passwords from one address …
WINDOW_S = 60.0  # … within this time …
BLOCK_S = 60.0  # … block the address for this time
REPEAT_AFTER_S = 600.0  # s after which the same message about the same address is logged again
MAX_ENTRIES = 1_024  # addresses; the oldest is removed

K = TypeVar("K")
V = TypeVar("V")


class LoginRateLimiter:
    """Counts failed passwords by address. Times are those of the event loop."""

    def __init__(self) -> None:
        self._failures: dict[str, list[float]] = {}
        self._blocked: dict[str, float] = {}

    def blocked(self, address: str, now: float) -> bool:
        until = self._blocked.get(address)
        if until is None:
            return False
        if until > now:
            return True
        del self._blocked[address]
        return False

    def failed(self, address: str, now: float) -> bool:
        """Count a failure. True: the address is blocked from now on."""
        recent = [at for at in self._failures.pop(address, []) if now - at < WINDOW_S]
        recent.append(now)
        if len(recent) >= MAX_FAILURES:
            _put_bounded(self._blocked, address, now + BLOCK_S)
            return True
        _put_bounded(self._failures, address, recent)
        return False

    def succeeded(self, address: str) -> None:
        self._failures.pop(address, None)


class RepeatFilter:
    """Tells new messages from repeated ones, so that a plug that reconnects every 3 s does not fill the log."""

    def __init__(self) -> None:
        self._at: dict[Hashable, float] = {}

    def is_new(self, what: Hashable, now: float) -> bool:
        at = self._at.get(what)
        if at is not None and now - at < REPEAT_AFTER_S:
            return False
        self._at.pop(what, None)
        _put_bounded(self._at, what, now)
        return True


def _put_bounded(table: dict[K, V], key: K, value: V) -> None:
    table[key] = value
    while len(table) > MAX_ENTRIES:
        del table[next(iter(table))]
