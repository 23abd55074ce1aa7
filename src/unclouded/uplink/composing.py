"""A message of windows while it is put together: which windows, and what was read of them so far.

Source: docs/protocols/fleet.md §5
"""

from collections.abc import Sequence

from unclouded.store.outbox import Window
from unclouded.uplink.messages import LARGEST, SentWindow, Windows

MOST_WINDOWS = 64  # of one message
COMPOSING_S = 2.0  # after which a message is sent with what it has
OVERHEAD = 64  # bytes of a message beside its windows
WINDOW_OVERHEAD = 24  # bytes of a window beside its data


class Composing:
    """``windows``: of one level, those that go first; ``as_of``: the highest number when they were found."""

    def __init__(self, windows: Sequence[Window], as_of: int, now: float) -> None:
        self.as_of = as_of
        self.taken = list[Window]()
        self._left = list(reversed(windows))
        self._sent = list[SentWindow]()
        self._size = OVERHEAD
        self._until = now + COMPOSING_S

    @property
    def current(self) -> Window | None:
        """The window whose content is needed next."""
        return self._left[-1] if self._left else None

    def skip(self) -> None:
        """The current window is not in the message."""
        self._left.pop()

    def add(self, data: bytes, now: float) -> bool:
        """The content of the current window. False where it has no room in this message."""
        size = len(data) + WINDOW_OVERHEAD
        if self._size + size > LARGEST:
            self._left.clear()
            return False
        window = self._left.pop()
        self._size += size
        self.taken.append(window)
        self._sent.append(SentWindow(window.start, window.number, data))
        if now >= self._until:
            self._left.clear()
        return True

    def message(self) -> Windows:
        """The message with the windows that have fitted so far."""
        return Windows(self.taken[0].level, tuple(self._sent))


def is_too_large(data: bytes) -> bool:
    """Whether a window has room in no message."""
    return len(data) + WINDOW_OVERHEAD + OVERHEAD > LARGEST


def first_of(dirty: Sequence[Window], most: int) -> list[Window]:
    """Of the dirty windows, newest first: those of the level of the newest one."""
    return [one for one in dirty if one.level == dirty[0].level][: min(most, MOST_WINDOWS)]
