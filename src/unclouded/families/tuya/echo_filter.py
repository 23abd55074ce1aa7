"""What a device reports just after a command: dimmers report every value that they pass on the way.

    06 brightness 100 ─► 07 12 · 07 57 · 07 93 · 07 100      within the window only 100 is passed on
                                     └ the last one is, when the window ends without it

A hub that takes the values on the way for another client's command sets them again, and lamp and hub chase each other
(docs/protocols/tuya_wifi.md §2.6 item 10). Nothing is lost: the value that the point comes to is always reported.
"""

from collections import Counter
from collections.abc import Mapping

from unclouded.core.sessions.session import WireValue

DROPPED = "values_on_the_way"


class EchoFilter:
    """The points that were set less than ``window_s`` ago. ``counts``: values on the way are counted there."""

    def __init__(self, window_s: float, counts: Counter[str]) -> None:
        self._window_s = window_s
        self._counts = counts
        self._wanted: dict[str, tuple[float, WireValue]] = {}  # until when, and which value
        self._last: dict[str, WireValue] = {}

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def sent(self, wanted: Mapping[str, WireValue], now: float) -> None:
        """These were set just now."""
        if self._window_s:
            self._wanted.update((key, (now + self._window_s, value)) for key, value in wanted.items())

    def pass_on(self, values: Mapping[str, WireValue]) -> dict[str, WireValue]:
        """What of a report is passed on now."""
        passed = {}
        for key, value in values.items():
            if key in self._wanted and value != self._wanted[key][1]:
                self._last[key] = value
                self._counts[DROPPED] += 1
            else:
                self._last.pop(key, None)
                passed[key] = value
        return passed

    def due(self, now: float) -> dict[str, WireValue]:
        """Where the window has ended: the last value that was held back."""
        over = [key for key, (until, _) in self._wanted.items() if until <= now]
        for key in over:
            del self._wanted[key]
        return {key: self._last.pop(key) for key in over if key in self._last}

    def deadline(self) -> float | None:
        """When the window of the next point ends, in monotonic seconds; None = none was set just now."""
        return min((until for until, _ in self._wanted.values()), default=None)

    def clear(self) -> None:
        """Forget what was sent and received."""
        self._wanted.clear()
        self._last.clear()
