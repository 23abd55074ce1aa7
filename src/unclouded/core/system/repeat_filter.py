"""Distinguishes new log messages from repeated ones, by what they are about."""

from collections import OrderedDict
from collections.abc import Hashable

from unclouded.core.system.bounded_table import MAX_ENTRIES, put_newest

REPEAT_AFTER_S = 600.0  # s after which the same message about the same peer is logged again


class RepeatFilter:
    """So that a peer that reconnects or sends without pause does not fill the log. ``most``: peers it remembers."""

    def __init__(self, most: int = MAX_ENTRIES) -> None:
        self._most = most
        self._at: OrderedDict[Hashable, float] = OrderedDict()

    def is_new(self, what: Hashable, now: float) -> bool:
        """Has this not been logged within REPEAT_AFTER_S? It counts as logged now."""
        at = self._at.get(what)
        if at is not None and now - at < REPEAT_AFTER_S:
            return False
        put_newest(self._at, what, now, self._most)
        return True
