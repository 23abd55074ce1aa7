"""Reports of parts that have not identified themselves; those of the device itself wait for a short time only."""

import asyncio
from collections.abc import Callable

from unclouded.core.sessions.session import Reported

IDENTITY_TIMEOUT_S = 1.0  # s that the first reports of a device wait for it to identify itself
EARLY_REPORTS = 256  # reports that wait for an identity; more are dropped


class EarlyReports:
    """``overdue`` is called in the loop when the device has not identified itself in IDENTITY_TIMEOUT_S."""

    def __init__(self, overdue: Callable[[], None]) -> None:
        self._overdue = overdue
        self._reports: list[tuple[Reported, float]] = []
        self._timer: asyncio.TimerHandle | None = None

    @property
    def awaits_identity(self) -> bool:
        """Whether the device itself is waited for."""
        return self._timer is not None

    def add(self, report: Reported, now: float, *, is_device_known: bool) -> None:
        """Keeps a report and its time, monotonic seconds; the device is waited for unless it is known."""
        if len(self._reports) < EARLY_REPORTS:
            self._reports.append((report, now))
        if self._timer is None and not is_device_known:
            self._timer = asyncio.get_running_loop().call_later(IDENTITY_TIMEOUT_S, self._overdue)

    def device_known(self) -> None:
        """The device itself is known by now, or is taken for what it seems to be."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def take(self, key: str) -> list[tuple[Reported, float]]:
        """The reports of a part, which is known now, with their times; they wait no more."""
        own = [one for one in self._reports if one[0].part == key]
        self._reports = [one for one in self._reports if one[0].part != key]
        return own
