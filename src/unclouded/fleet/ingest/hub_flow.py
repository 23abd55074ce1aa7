"""How much one hub may send, so that a faulty or hostile one disturbs no other. A hub of this program stays far below.

messages     4 that wait at once; 200 at once, then 50 a second: more are dropped, without an answer
content      who sends what takes long to read waits 20 times as long before its next message is read
"""

import logging
from collections import Counter, OrderedDict

from unclouded.core.system.bounded_table import put_newest
from unclouded.core.system.repeat_filter import RepeatFilter
from unclouded.core.system.token_buckets import MOST_KNOWN, TokenBuckets

log = logging.getLogger("unclouded.fleet.ingest")

MOST_WAITING_OF_HUB = 4  # messages; one is in flight at a time, beside states and reports
AT_ONCE = 200.0  # messages
PER_S = 50.0
COSTLY_S = 0.2  # processor time from which a message is costly: 250 kB of readings take a tenth of it
PAUSE = 20.0  # times the processor time of a costly message


class HubFlow:
    """``now``: s of the loop's clock."""

    def __init__(self) -> None:
        self._buckets = TokenBuckets[str](AT_ONCE, PER_S)
        self._waiting: Counter[str] = Counter()
        self._paused: OrderedDict[str, float] = OrderedDict()  # until when
        self._logged = RepeatFilter(MOST_KNOWN)

    def is_flood(self, hub: str, now: float) -> bool:
        """Whether a message of this hub is dropped unread."""
        if not self._buckets.take(hub, now):
            return False
        if self._logged.is_new(hub, now):
            log.warning("The hub %s sends too many messages; they are dropped. unclouded fleet revoke ends it.", hub)
        return True

    def wait_s(self, hub: str, now: float) -> float:
        """How long the hub has to wait before its message is read; 0.0: it is read now."""
        until = self._paused.get(hub, now)
        if until > now:
            return until - now
        return 1.0 if self._waiting[hub] >= MOST_WAITING_OF_HUB else 0.0

    def cost(self, hub: str, cost_s: float, now: float) -> None:
        """What reading a message of this hub took (s of processor time)."""
        if cost_s >= COSTLY_S:
            put_newest(self._paused, hub, now + cost_s * PAUSE, MOST_KNOWN)

    def waits(self, hub: str) -> None:
        """A message of it waits to be stored."""
        self._waiting[hub] += 1

    def taken(self, hub: str) -> None:
        """It is stored, or was put off."""
        self._waiting[hub] -= 1
        if self._waiting[hub] <= 0:
            del self._waiting[hub]
