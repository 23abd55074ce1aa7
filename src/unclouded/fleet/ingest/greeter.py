"""Answers the hello of hubs: which days differ, what is wanted again, how far their start is to be spread.

Source: docs/protocols/fleet.md §6, §10
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from unclouded.core.system.repeat_filter import RepeatFilter
from unclouded.core.system.token_buckets import MOST_KNOWN, TokenBuckets
from unclouded.fleet.base.errors import BaseRefused, BaseUnavailable, HubRevoked
from unclouded.fleet.base.views import HubWelcome
from unclouded.fleet.ingest.arrival import Arrival, Publish, hub_of, inbox_of, read
from unclouded.fleet.ingest.counters import IngestCounters
from unclouded.fleet.ingest.ingester import AWAY_S, LONGEST_S, SHUT_OUT_S
from unclouded.uplink.messages import Answer, AnyMessage, Hello, HubToken, Renew, Welcome, encode_message

log = logging.getLogger("unclouded.fleet.ingest")

WORKERS = 4  # hellos at once, where nothing else is said
MOST_WAITING = 5_000
RECENT_S = 60.0
AT_ONCE, PER_S = 20.0, 0.5  # hellos of one hub: one for each connection, and each hour
HELLOS_PER_S = 50.0  # of a restart of everything: so many hubs may start to send in each second
LONGEST_SPREAD_S = 300.0
JOIN = "Where the database is of before it joined: unclouded fleet enrol, and at home leave and join with the code."


class HubGreeting(Protocol):
    """What it needs of the database: WindowStore has it."""

    async def greet(self, hub: str, hello: Hello, now: float) -> HubWelcome: ...


class TokenRenewal(Protocol):
    """Who gives a hub its next token."""

    async def renew(self, hub: str, public_key: str, now: float) -> HubToken:
        """Raises BaseRefused where the hub is revoked or has another key, and BaseUnavailable."""


class GreeterPlace(msgspec.Struct, frozen=True):
    """Where hubs find the fleet. ``servers``: URLs of NATS."""

    servers: tuple[str, ...] = ()


class Greeter:
    """One consumer of ``hello.HUB``. ``connected``: called with each hub that has said hello."""

    def __init__(
        self,
        base: HubGreeting,
        renewal: TokenRenewal,
        publish: Publish,
        wall: Callable[[], float],
        now: Callable[[], float],
        place: GreeterPlace,
        counters: IngestCounters,
        connected: Callable[[str], None],
        chance: Callable[[], float] = random.random,
        workers: int = WORKERS,
    ) -> None:
        self._base = base
        self._renewal = renewal
        self._publish = publish
        self._wall = wall
        self._now = now
        self._place = place
        self._counters = counters
        self._connected = connected
        self._chance = chance
        self._workers = workers
        self._waiting = asyncio.Queue[Arrival](MOST_WAITING)
        self._buckets = TokenBuckets[str](AT_ONCE, PER_S)
        self._logged = RepeatFilter(MOST_KNOWN)
        self._recent: deque[float] = deque(maxlen=MOST_WAITING)

    def receive(self, subject: str, data: bytes, reply: str) -> None:
        """A message has come. Never blocks and never raises; without an answer the hub asks again."""
        hub = hub_of(subject)
        self._counters.messages += 1
        self._counters.message_bytes += len(data)
        if hub and self._buckets.take(hub, self._now()):
            self._counters.dropped += 1
            return
        message = read(data)
        if not hub or not isinstance(message, (Hello, Renew)):
            self._counters.unknown += 1
        elif self._waiting.full():
            self._counters.busy += 1
        else:
            self._recent.append(self._now())
            self._waiting.put_nowait(Arrival(hub, message, inbox_of(hub, reply), self._now()))

    async def run(self) -> None:
        """Answer until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._workers):
                group.create_task(self._work(), name=f"greeter {number}")

    async def _work(self) -> None:
        while True:
            one = await self._waiting.get()
            answer = await self._answer(one)
            if one.inbox:
                self._publish(one.inbox, encode_message(answer))
            if isinstance(answer, Welcome):
                self._connected(one.hub)

    async def _answer(self, one: Arrival) -> AnyMessage:
        try:
            async with asyncio.timeout(LONGEST_S):
                if isinstance(one.message, Renew):
                    self._counters.renewals += 1
                    return await self._renewal.renew(one.hub, one.message.public_key, self._wall())
                return await self._welcome(one.hub, one.message)
        except HubRevoked:
            self._counters.foreign += 1
            return Answer(False, wait_s=SHUT_OUT_S, revoked=True)
        except BaseRefused as error:
            self._counters.foreign += 1
            if self._logged.is_new(one.hub, self._now()):
                log.warning("The hub %s is refused: %s", one.hub, error)
            return Answer(False, wait_s=SHUT_OUT_S)
        except (BaseUnavailable, TimeoutError):
            self._counters.busy += 1
            return Answer(False, wait_s=AWAY_S[0] + (AWAY_S[1] - AWAY_S[0]) * self._chance())

    async def _welcome(self, hub: str, hello: AnyMessage) -> AnyMessage:
        assert isinstance(hello, Hello)
        self._counters.hellos += 1
        found = await self._base.greet(hub, hello, self._wall())
        if not found.known:
            self._counters.foreign += 1
            if self._logged.is_new(hub, self._now()):
                log.warning("The hub %s is in no database, or its key was revoked; it keeps what it has. %s", hub, JOIN)
            return Answer(False, wait_s=SHUT_OUT_S)
        self._counters.differing_days += sum(len(days) for days in found.differing.values())
        return Welcome(
            self._spread_s(),
            found.shard,
            self._place.servers,
            {level: tuple(days) for level, days in found.differing.items()},
            None if found.again is None else found.again.since,
            0 if found.again is None else found.again.number,
            found.highest,
        )

    def _spread_s(self) -> float:
        """The more hubs have connected within the last minute, the longer each waits before it sends."""
        while self._recent and self._recent[0] < self._now() - RECENT_S:
            self._recent.popleft()
        return round(min(LONGEST_SPREAD_S, len(self._recent) / HELLOS_PER_S), 2)
