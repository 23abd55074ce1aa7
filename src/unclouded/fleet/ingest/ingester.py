"""Windows, states and reports of hubs into the database: in batches, answered after COMMIT.

Source: docs/protocols/fleet.md §2, §3, §5, §7, §8
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Protocol

from unclouded.core.system.repeat_filter import RepeatFilter
from unclouded.core.system.token_buckets import MOST_KNOWN
from unclouded.fleet.base.errors import BaseRefused, BaseUnavailable
from unclouded.fleet.base.views import HubWindows, StoredWindows
from unclouded.fleet.ingest.arrival import MOST_REASON, UNREADABLE_S, Arrival, Publish, hub_of, inbox_of, read
from unclouded.fleet.ingest.counters import IngestCounters
from unclouded.fleet.ingest.hub_flow import HubFlow
from unclouded.uplink.messages import (
    Answer,
    CommandReport,
    HubState,
    MessageError,
    RefusedWindow,
    Reports,
    Windows,
    encode_message,
)

log = logging.getLogger("unclouded.fleet.ingest")

BATCH = 64  # messages in one transaction
BATCH_S = 0.020  # s that the first of them waits for others
MOST_WAITING = 1_000  # messages; more are asked to come later
AWAY_S = (2.0, 10.0)  # a hub waits so long while the database is away
LONGEST_S = 30.0  # s of a transaction
SHUT_OUT_S = 3600.0  # a hub that is unknown or revoked waits so long
MOST_REPORTS = 1_000  # in a message: a hub of this program sends a hundred
MOST_SUSPECTS = 1_000  # hubs whose messages are stored alone
SLOWEST = 50.0  # messages/s that are assumed where nothing was measured yet


class WindowTaker(Protocol):
    """What it needs of the database: WindowStore has it."""

    async def store_windows(self, batch: Sequence[HubWindows], now: float) -> list[StoredWindows]: ...
    async def store_states(self, states: Mapping[str, HubState], now: float) -> None: ...
    async def store_reports(self, hub: str, reports: Sequence[CommandReport], now: float) -> bool: ...


class Ingester:
    """One consumer. ``wall``: Unix s; ``now``: s of the loop; ``chance``: 0 to 1."""

    def __init__(
        self,
        base: WindowTaker,
        publish: Publish,
        wall: Callable[[], float],
        now: Callable[[], float],
        chance: Callable[[], float] = random.random,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.counters = IngestCounters()
        self.observe: Callable[[float], None] = lambda seconds: None  # each transaction of windows
        self._base = base
        self._publish = publish
        self._wall = wall
        self._now = now
        self._chance = chance
        self._most_waiting = most_waiting
        self._waiting: deque[Arrival] = deque()
        self._filled = asyncio.Event()
        self._batch: Sequence[Arrival] = ()  # that is being stored
        self._suspects: set[str] = set()  # hubs with a message in a batch that crashed: theirs are stored alone
        self._flow = HubFlow()
        self._logged = RepeatFilter(MOST_KNOWN)
        self._away_until = 0.0
        self._is_ending = False
        self._rate = SLOWEST

    def receive(self, subject: str, data: bytes, reply: str) -> None:
        """A message has come. Never blocks and never raises."""
        hub = hub_of(subject)
        inbox = inbox_of(hub, reply)
        self.counters.messages += 1
        self.counters.message_bytes += len(data)
        if not hub:
            self.counters.foreign += 1
            return
        if self._flow.is_flood(hub, self._now()):
            self.counters.dropped += 1
            return
        wait_s = self._flow.wait_s(hub, self._now())
        if wait_s:
            self.counters.busy += 1
            self._send(inbox, Answer(False, wait_s=wait_s))
            return
        message = read(data)
        if isinstance(message, Answer):
            self._refuse(inbox, message)
        elif not isinstance(message, (Windows, HubState, Reports)):
            self._refuse(inbox, Answer(True))
        elif isinstance(message, Reports) and len(message.reports) > MOST_REPORTS:
            self._refuse(inbox, Answer(False, wait_s=UNREADABLE_S))
        elif len(self._waiting) >= self._most_waiting or self._now() < self._away_until:
            self._put_off(inbox)
        else:
            self._waiting.append(Arrival(hub, message, inbox, self._now()))
            self._flow.waits(hub)
            self.counters.waiting = len(self._waiting)
            self._filled.set()

    async def run(self) -> None:
        """Store what comes until ``end``, and then what waits."""
        while self._waiting or not self._is_ending:
            await self._filled.wait()
            await self._collect()
            await self._store(self._take())

    def end(self) -> None:
        """Nothing more is received: ``run`` returns once all is stored and answered."""
        self._is_ending = True
        self._filled.set()

    def crashed(self, error: Exception) -> None:
        """``run`` crashed: a message by itself is refused then, those of a batch are stored one by one next time."""
        batch, self._batch = self._batch, ()
        if len(batch) == 1 and isinstance(batch[0].message, Windows):
            self._answer(batch[0], _all_refused(batch[0].message, f"it cannot be stored ({type(error).__name__})"))
        elif len(self._suspects) < MOST_SUSPECTS:
            self._suspects |= {one.hub for one in batch}

    # --- a batch -------------------------------------------------------------------------------

    async def _collect(self) -> None:
        """Wait for others to share the transaction."""
        if len(self._waiting) < BATCH and not self._is_ending:
            await asyncio.sleep(BATCH_S)

    def _take(self) -> list[Arrival]:
        """The next batch, in the order in which it came; a message of a suspect alone."""
        taken: list[Arrival] = []
        while self._waiting and len(taken) < BATCH:
            is_alone = self._waiting[0].hub in self._suspects
            if is_alone and taken:
                break
            taken.append(self._waiting.popleft())
            self._flow.taken(taken[-1].hub)
            if is_alone:
                break
        if not self._waiting and not self._is_ending:
            self._filled.clear()
        self.counters.waiting = len(self._waiting)
        return taken

    async def _store(self, batch: Sequence[Arrival]) -> None:
        started = self._now()
        await self._store_part([one for one in batch if isinstance(one.message, Windows)], self._store_windows)
        await self._store_part([one for one in batch if isinstance(one.message, HubState)], self._store_states)
        for one in batch:
            if isinstance(one.message, Reports):
                await self._store_part([one], self._store_reports)
        self._measure(len(batch), self._now() - started)

    async def _store_part(
        self, part: Sequence[Arrival], store: Callable[[Sequence[Arrival]], Coroutine[None, None, None]]
    ) -> None:
        """One transaction and its answers; without the database, no answer is ``done``."""
        self._batch = part
        try:
            async with asyncio.timeout(LONGEST_S):
                if part:
                    await store(part)
        except (BaseUnavailable, TimeoutError) as error:
            self._go_away(part, str(error) or f"no answer within {LONGEST_S:.0f} s")
        self._batch = ()

    async def _store_windows(self, batch: Sequence[Arrival]) -> None:
        """One transaction; where the database refuses it, each message in one of its own."""
        started = self._now()
        try:
            results = await self._base.store_windows([_windows(one) for one in batch], self._wall())
            self.observe(self._now() - started)
        except BaseRefused as error:
            if len(batch) > 1:
                for one in batch:
                    await self._store_windows([one])
                return
            self.counters.failed_batches += 1
            self._answer(batch[0], _all_refused(batch[0].message, str(error)))
            return
        for one, result in zip(batch, results, strict=True):
            self._answer_stored(one, result)

    async def _store_states(self, batch: Sequence[Arrival]) -> None:
        """The newest of each hub; nothing is lost with one that is not stored."""
        states = {one.hub: one.message for one in batch if isinstance(one.message, HubState)}
        self.counters.states += len(batch)
        try:
            await self._base.store_states(states, self._wall())
        except BaseRefused as error:
            self.counters.failed_batches += 1
            log.warning("The states of %d homes were not stored: %s", len(states), error)
        for one in batch:
            self._answer(one, Answer(True))

    async def _store_reports(self, batch: Sequence[Arrival]) -> None:
        """Of one message."""
        (one,) = batch
        reports = one.message.reports if isinstance(one.message, Reports) else ()
        self.counters.reports += len(reports)
        try:
            is_known = await self._base.store_reports(one.hub, reports, self._wall())
        except BaseRefused as error:
            self.counters.failed_batches += 1
            if self._logged.is_new(one.hub, self._now()):
                log.warning("Reports of the hub %s were not stored: %s", one.hub, error)
            is_known = True
        self._answer(one, Answer(True) if is_known else self._shut_out())

    # --- answers -------------------------------------------------------------------------------

    def _answer_stored(self, one: Arrival, result: StoredWindows) -> None:
        self._flow.cost(one.hub, result.cost_s, self._now())
        self.counters.windows += result.stored
        self.counters.refused += len(result.refused)
        self._answer(one, Answer(True, result.refused, self._pace()) if result.known else self._shut_out())

    def _answer(self, one: Arrival, answer: Answer) -> None:
        self._send(one.inbox, answer)

    def _send(self, inbox: str, answer: Answer) -> None:
        """One that cannot be sent now is dropped: the hub asks again.

        One that is too large, as it refuses thousands of windows of a hostile hub, becomes one that has nothing done.
        """
        if not inbox:
            return
        try:
            data = encode_message(answer)
        except MessageError:
            data = encode_message(Answer(False, wait_s=UNREADABLE_S))
        self._publish(inbox, data)

    def _refuse(self, inbox: str, answer: Answer) -> None:
        self.counters.unknown += 1
        self._send(inbox, answer)

    def _put_off(self, inbox: str) -> None:
        self.counters.busy += 1
        first, last = AWAY_S if self._now() < self._away_until else (1.0, 1.0 + 2 * len(self._waiting) / self._rate)
        self._send(inbox, Answer(False, wait_s=first + (last - first) * self._chance()))

    def _shut_out(self) -> Answer:
        self.counters.foreign += 1
        return Answer(False, wait_s=SHUT_OUT_S)

    def _pace(self) -> float:
        """How long a hub that was answered waits with its next message: nothing, unless many wait."""
        waiting = len(self._waiting)
        return round(self._chance() * waiting / self._rate, 3) if waiting > self._most_waiting // 2 else 0.0

    def _go_away(self, batch: Sequence[Arrival], error: str) -> None:
        """The database cannot take this batch: hubs ask again. For a moment nothing else is tried."""
        self.counters.failed_batches += 1
        if self._now() >= self._away_until:
            log.warning("The database cannot be written now; hubs send again: %s", error)
        self._away_until = self._now() + AWAY_S[0]
        for one in [*batch, *self._waiting]:
            self._put_off(one.inbox)
        for one in self._waiting:
            self._flow.taken(one.hub)
        self._waiting.clear()
        self._filled.clear()

    def _measure(self, messages: int, took_s: float) -> None:
        self.counters.batches += 1
        self.counters.store_s += took_s
        if messages > BATCH // 2:
            self._rate = 0.9 * self._rate + 0.1 * messages / max(took_s, 0.001)


def _windows(one: Arrival) -> HubWindows:
    assert isinstance(one.message, Windows)
    return HubWindows(one.hub, one.message.level, one.message.windows)


def _all_refused(message: object, reason: str) -> Answer:
    """Answer that none of these windows can be stored, ever."""
    windows = message.windows if isinstance(message, Windows) else ()
    return Answer(True, tuple(RefusedWindow(one.start, reason[:MOST_REASON]) for one in windows))
