"""The clock of a simulated plug: it counts from its start until it is set; local time goes by the rules of its zone.

Source: docs/protocols/meross.md §1.6.5, §1.8.5.
"""

LATEST = 2.0**32 - 1  # Unix seconds; it counts in 32 bits


class RunningClock:
    """Runs from the first call. ``sets``: how often it was set or began again."""

    def __init__(self) -> None:
        self.sets = 0
        self._booted: float | None = None
        self._ahead: float | None = None

    @property
    def is_set(self) -> bool:
        return self._ahead is not None

    def uptime(self, now: float) -> float:
        """Seconds since its start."""
        if self._booted is None:
            self._booted = now
        return now - self._booted

    def unix(self, now: float) -> float:
        """Unix seconds; seconds since its start until it is set."""
        return self.uptime(now) + (self._ahead or 0.0)

    def now_at(self, unix: float, now: float) -> float:
        """The monotonic time at which it will show ``unix``."""
        return now + unix - self.unix(now)

    def set(self, unix: float, now: float) -> None:
        """``unix``: seconds since 1970, limited to what the plug can count. Uptime runs on as it was."""
        self._ahead = min(max(unix, 0.0), LATEST) - self.uptime(now)
        self.sets += 1

    def restart(self, now: float) -> None:
        """The plug starts: the time is lost."""
        self._booted, self._ahead = now, None
        self.sets += 1
