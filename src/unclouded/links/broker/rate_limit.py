"""What keeps the broker calm: who guessed passwords too often, and what the log was told already."""

from collections.abc import Hashable
from typing import TypeVar

GUESSES = 8  # failed passwords from one address …
WINDOW = 60.0  # … within so many seconds …
BLOCKED = 60.0  # … and it is not let in for so long
TELL_AGAIN = 600.0  # s after which the log hears the same thing of the same address once more
REMEMBERED = 1_024  # addresses; the oldest is forgotten

K = TypeVar("K")
V = TypeVar("V")


class LoginRateLimiter:
    """Counts failed passwords by address. Times are the loop's."""

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
        """Note a failure. True: from now on the address is blocked."""
        recent = [at for at in self._failures.pop(address, []) if now - at < WINDOW]
        recent.append(now)
        if len(recent) >= GUESSES:
            _remember(self._blocked, address, now + BLOCKED)
            return True
        _remember(self._failures, address, recent)
        return False

    def passed(self, address: str) -> None:
        self._failures.pop(address, None)


class RepeatFilter:
    """Says whether something is news, so that a plug that calls every 3 s does not fill the log."""

    def __init__(self) -> None:
        self._at: dict[Hashable, float] = {}

    def news(self, what: Hashable, now: float) -> bool:
        at = self._at.get(what)
        if at is not None and now - at < TELL_AGAIN:
            return False
        self._at.pop(what, None)
        _remember(self._at, what, now)
        return True


def _remember(table: dict[K, V], key: K, value: V) -> None:
    table[key] = value
    while len(table) > REMEMBERED:
        del table[next(iter(table))]
