"""When each sub-device is asked for a heartbeat, and when it counts as offline.

    seen ──period──► 0a ──period──► 0a ──period──► offline        the vendor's rule: two cycles without an answer
    seen ──period, less a resend──► 0a ──resend──► 0a ──resend──► 0a ──resend──► offline      the FAQ's rule

They are asked one after the other, a second apart or, where there are many, spread over the period. Any sign
of life counts as an answer. Source: docs/protocols/tuya_gateway.md §2.3.1.
"""

import heapq

import msgspec

FIRST_STEP_S = 1.0  # between the first questions of a connection; ours: until then they show as offline


class HeartbeatRule(msgspec.Struct, frozen=True):
    """Times in seconds. ``resend_s``: between an unanswered question and the next; 0 = a whole period.

    ``misses``: unanswered questions in a row after which a sub-device is offline.
    """

    period_s: float
    resend_s: float = 0.0
    misses: int = 2

    @property
    def wait_s(self) -> float:
        """Seconds that an answer may take before the question is asked again."""
        return self.resend_s or self.period_s

    @property
    def quiet_s(self) -> float:
        """From a sign of life to the next question."""
        return max(self.period_s - self.resend_s, self.resend_s)

    @property
    def asks_offline(self) -> bool:
        """Whether one that is offline is still asked; by the FAQ's rule it is not until it reports."""
        return not self.resend_s


class _Watched:
    """One sub-device. ``is_online`` None: it is not known. ``place``: the number of its place in the order."""

    __slots__ = ("is_asked", "is_online", "missed", "next_at", "place")

    def __init__(self, next_at: float) -> None:
        self.next_at = next_at
        self.place = 0
        self.is_online: bool | None = None
        self.is_asked = False
        self.missed = 0


class HeartbeatsDue(msgspec.Struct):
    """Which sub-devices to ask now, and which are offline from now on."""

    ask: list[str]
    offline: list[str]


class HeartbeatSchedule:
    """The presence of all sub-devices. While it is paused no one is asked, and no one goes offline by silence."""

    def __init__(self, rule: HeartbeatRule, paused: bool = False) -> None:
        self.is_paused = paused
        self._rule = rule
        self._watched: dict[str, _Watched] = {}
        self._order: list[tuple[float, int, str]] = []  # a heap; times may have been put off since
        self._count = 0

    def begin(self, ids: list[str], now: float) -> None:
        """A new connection: nothing is known of these, and they are soon asked, one after the other."""
        self._watched.clear()
        self._order.clear()
        step = min(FIRST_STEP_S, self._rule.period_s / max(len(ids), 1))
        for number, id in enumerate(ids, 1):
            self._watch(id, now + number * step)

    def add(self, id: str, now: float) -> None:
        """It has joined, so it is there."""
        if id not in self._watched:
            self._watch(id, now + self._rule.quiet_s)
        self.seen(id, now)

    def expect(self, id: str, now: float) -> None:
        """It may be there, which is asked now."""
        self._watch(id, now)

    def drop(self, id: str) -> None:
        """It has left: it is asked no more."""
        self._watched.pop(id, None)

    def is_online(self, id: str) -> bool | None:
        """None = not known yet, or no such sub-device."""
        watched = self._watched.get(id)
        return None if watched is None else watched.is_online

    def seen(self, id: str, now: float) -> bool:
        """A sign of life; True where it was not online before."""
        watched = self._watched.get(id)
        if watched is None:
            return False
        is_back = not watched.is_online
        watched.is_online, watched.is_asked, watched.missed = True, False, 0
        watched.next_at = now + self._rule.quiet_s
        if is_back:
            self._push(id, watched)
        return is_back

    def lost(self, id: str) -> bool:
        """It is offline, as the gateway says; True where that was not known."""
        watched = self._watched.get(id)
        if watched is None or watched.is_online is False:
            return False
        watched.is_online, watched.is_asked, watched.missed = False, False, 0
        return True

    def pause(self) -> None:
        """No questions; what was missed so far does not count later."""
        self.is_paused = True
        for watched in self._watched.values():
            watched.is_asked, watched.missed = False, 0

    def resume(self, now: float) -> None:
        """Questions again, spread over one period; without effect where it was not paused."""
        if not self.is_paused:
            return
        self.is_paused = False
        self._order.clear()
        step = self._rule.period_s / max(len(self._watched), 1)
        for number, (id, watched) in enumerate(self._watched.items(), 1):
            watched.next_at = now + number * step
            self._push(id, watched)

    def due(self, now: float) -> HeartbeatsDue:
        """Which are to be asked now, and which have missed too many answers since the last call."""
        due = HeartbeatsDue([], [])
        while self._order and self._order[0][0] <= now and not self.is_paused:
            _, place, id = heapq.heappop(self._order)
            watched = self._watched.get(id)
            if watched is None or watched.place != place:
                continue
            if watched.next_at > now:
                self._push(id, watched)
            else:
                self._ask(id, watched, now, due)
        return due

    def deadline(self) -> float | None:
        """When the next may be due, in monotonic seconds, at times too early; None = paused, or there are none."""
        return self._order[0][0] if self._order and not self.is_paused else None

    # --- inside ----------------------------------------------------------------------------------

    def _watch(self, id: str, at: float) -> None:
        watched = self._watched[id] = _Watched(at)
        self._push(id, watched)

    def _push(self, id: str, watched: _Watched) -> None:
        self._count += 1
        watched.place = self._count
        heapq.heappush(self._order, (watched.next_at, watched.place, id))

    def _ask(self, id: str, watched: _Watched, now: float, due: HeartbeatsDue) -> None:
        watched.missed += watched.is_asked
        if watched.missed >= self._rule.misses and watched.is_online is not False:
            watched.is_online, watched.missed = False, 0
            due.offline.append(id)
        watched.is_asked = watched.is_online is not False or self._rule.asks_offline
        if watched.is_asked:
            due.ask.append(id)
            watched.next_at = now + self._rule.wait_s
            self._push(id, watched)
