"""Which reports of increments may have been counted before.

    08 ─► 07 {17: 1} ─► 07 {17: 1}        the first may be the answer to the query; the second is a new count
    22 [17: 1] ── 23 00, or none yet      the same 22 again is repeated
    22 [17: 1] ── 23 01, lost             the same 22 again after 5 to 7 s is repeated, unless 22s come in that rhythm

Source: docs/protocols/tuya_wifi.md §2.3.2, §2.4.11.
"""

from collections.abc import Collection

DUMP_S = 1.0  # in which an MCU reports all its data points after the query of the start; no frame ends them
DUMP_PAUSE_S = 0.4  # between two of these reports at most; ours
LEAST_RETRY_S = 0.25  # no MCU waits less for a 23; ours
RETRY_S = (5.0, 7.0)  # an MCU waits more than 5 s for a 23; the upper end is ours


class DumpReports:
    """The answers to the query of the start: each data point once, without long pauses."""

    def __init__(self) -> None:
        self._ends = self._until = float("-inf")
        self._seen: set[str] = set()

    def begin(self, now: float) -> None:
        """08 was sent: the reports that follow may be its answers."""
        self._ends = now + DUMP_S
        self._until = now + DUMP_PAUSE_S
        self._seen.clear()

    def is_open(self, now: float) -> bool:
        """Whether a report that comes now may still be one of them."""
        return now < self._until

    def continues(self, now: float) -> bool:
        """A 07 has come: is it one of them?"""
        if not self.is_open(now):
            return False
        self._until = min(self._ends, now + DUMP_PAUSE_S)
        return True

    def take(self, keys: Collection[str]) -> bool:
        """These points are in one of them: has none been in one before?"""
        is_first = self._seen.isdisjoint(keys)
        self._seen.update(keys)
        return is_first


class SyncRepeats:
    """The reports by 22 of one MCU."""

    def __init__(self) -> None:
        self._payload = b""
        self._at = float("-inf")
        self._number = 0
        self._is_stored: bool | None = None  # None = not answered yet
        self._was_retry = False  # the last one came in the time of a retry

    def received(self, payload: bytes, now: float) -> tuple[int, bool]:
        """A 22: its number, for ``answered``, and whether it is the last one again."""
        is_same, after_s = payload == self._payload, now - self._at
        in_time = is_same and self._is_stored is True and RETRY_S[0] <= after_s <= RETRY_S[1]
        unanswered = is_same and self._is_stored is None and after_s >= LEAST_RETRY_S
        repeated = unanswered or (is_same and self._is_stored is False) or (in_time and not self._was_retry)
        self._was_retry = in_time
        self._number += 1
        self._payload, self._at, self._is_stored = payload, now, None
        return self._number, repeated

    def answered(self, number: int, is_stored: bool) -> None:
        """The module answers the 22 of that number."""
        if number == self._number:
            self._is_stored = is_stored
