"""What a server does for its hubs: it takes in what they send, greets them, and brings them commands and questions.

    NatsClient ─┬ up.SHARD.* (queue ingest.SHARD) ─► Ingester ─► database SHARD
                ├ hello.*    (queue hello)        ─► Greeter  ─► the database that knows the hub
                └ down.HUB.* ◄─ CommandDispatcher, HubQuestions, LiveLooks

Stateless: any number of engines on the same databases share the work. Source: docs/protocols/fleet.md §1
"""

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from unclouded.core.system.bounded_table import put_newest
from unclouded.core.system.supervise import supervise
from unclouded.core.system.token_buckets import MOST_KNOWN
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.base.errors import BaseRefused, BaseUnavailable, HubRevoked
from unclouded.fleet.base.views import HubWelcome
from unclouded.fleet.calls.dispatcher import CommandDispatcher
from unclouded.fleet.calls.hub_link import HubLink
from unclouded.fleet.calls.looking import LiveLooks
from unclouded.fleet.calls.questions import HubQuestions
from unclouded.fleet.ingest.counters import IngestCounters
from unclouded.fleet.ingest.greeter import Greeter, GreeterPlace, TokenRenewal
from unclouded.fleet.ingest.ingester import Ingester
from unclouded.fleet.upkeep import Upkeep
from unclouded.links.nats.client import Handler, NatsClient
from unclouded.uplink.messages import Hello, HubToken

log = logging.getLogger("unclouded.fleet")

LONGEST_RESTART_S = 1.0  # s until an ingester that crashed goes on: hubs wait
DRAIN_S = 5.0  # s for what was received before the end
CANCELLED_S = 2.0  # s until a task that was cancelled and goes on is cancelled again
CANCELLATIONS = 5  # of one task at most
AT_ONCE = 4  # hellos and renewals at one database
TURN_S = 1.0  # s that one waits for others at the same database
STUCK_S = 5.0  # s that a database counts as too slow, after one waited in vain
TOO_SLOW = "The database answers too slowly."


class ShardParts:
    """What works on one database."""

    def __init__(self, base: FleetBase, client: NatsClient, keep_days: Mapping[str, int]) -> None:
        loop = asyncio.get_running_loop()
        self.ingester = Ingester(base.windows, client.publish, time.time, loop.time)
        self.dispatcher = CommandDispatcher(base.dispatch, HubLink(client), time.time)
        self.upkeep = Upkeep(base.upkeep, keep_days, time.time)

    def counters(self) -> Mapping[str, float]:
        """For metrics: by name."""
        return {
            **{f"ingest_{name}": value for name, value in self.ingester.counters.as_mapping().items()},
            **{f"commands_{name}": value for name, value in self.dispatcher.counters.as_mapping().items()},
            "sealed_days": self.upkeep.sealed_days,
        }


class DatabaseTurns:
    """Few at once at one database: where it is slow, the others are not held up. ``now``: s of the loop's clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._free = asyncio.Semaphore(AT_ONCE)
        self._stuck_until = 0.0

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises BaseUnavailable where the others before it do not end."""
        if self._free.locked() and self._now() < self._stuck_until:
            raise BaseUnavailable(TOO_SLOW)
        try:
            async with asyncio.timeout(TURN_S):
                await self._free.acquire()
        except TimeoutError:
            self._stuck_until = self._now() + STUCK_S
            raise BaseUnavailable(TOO_SLOW) from None
        try:
            yield
        finally:
            self._free.release()


class ShardGreeting:
    """Greets a hub by the database that knows it. ``renewals``: by shard."""

    def __init__(self, bases: Mapping[int, FleetBase], renewals: Mapping[int, TokenRenewal]) -> None:
        self._bases = bases
        self._renewals = renewals
        now = asyncio.get_running_loop().time
        self._turns = {shard: DatabaseTurns(now) for shard in bases}
        self._found = OrderedDict[str, int]()  # the database of a hub, as it was last found

    async def greet(self, hub: str, hello: Hello, now: float) -> HubWelcome:
        """Raises BaseUnavailable where none knows it, and one that may know it is away."""
        away: BaseUnavailable | None = None
        for shard in self._shards(hub):
            try:
                async with self._turns[shard].turn():
                    welcome = await self._bases[shard].windows.greet(hub, hello, now)
            except BaseUnavailable as error:
                away = error
                continue
            if welcome.known:
                put_newest(self._found, hub, shard, MOST_KNOWN)
                return welcome
        if away is not None:
            raise away
        return HubWelcome(known=False)

    async def renew(self, hub: str, public_key: str, now: float) -> HubToken:
        """Raises HubRevoked; BaseUnavailable where none knows it and one is away; else BaseRefused."""
        away: BaseUnavailable | None = None
        refused = BaseRefused(f"The hub {hub} is unknown.")
        for shard in self._shards(hub):
            try:
                async with self._turns[shard].turn():
                    return await self._renewals[shard].renew(hub, public_key, now)
            except BaseUnavailable as error:
                away = error
            except HubRevoked:
                raise
            except BaseRefused as error:
                refused = error
        raise away or refused

    def _shards(self, hub: str) -> Sequence[int]:
        """The databases, first the one that probably has it."""
        first = self._found.get(hub)
        return sorted(self._bases, key=lambda shard: shard != first)


class FleetEngine:
    """``bases``: by shard, at least one. ``servers``: URLs of NATS that hubs are given; () = they keep theirs."""

    def __init__(
        self,
        bases: Mapping[int, FleetBase],
        client: NatsClient,
        renewals: Mapping[int, TokenRenewal],
        servers: Sequence[str] = (),
        keep_days: Mapping[str, int] = {},
    ) -> None:
        loop = asyncio.get_running_loop()
        link = HubLink(client)
        greeting = ShardGreeting(bases, renewals)
        self.client = client
        self.shards = {shard: ShardParts(base, client, keep_days) for shard, base in bases.items()}
        self.hello_counters = IngestCounters()
        self.greeter = Greeter(
            greeting,
            greeting,
            client.publish,
            time.time,
            loop.time,
            GreeterPlace(tuple(servers)),
            self.hello_counters,
            self.connected,
            workers=AT_ONCE * len(bases),
        )
        self.questions = HubQuestions(link, time.time)
        self.looks = LiveLooks(link)

    def connected(self, hub: str) -> None:
        """This hub has just said hello: its commands are tried at once."""
        for parts in self.shards.values():
            parts.dispatcher.connected(hub)

    def observe(self, observe: Callable[[float], None]) -> None:
        """Get the seconds of each transaction of windows."""
        for parts in self.shards.values():
            parts.ingester.observe = observe

    def wake(self) -> None:
        """Commands were given."""
        for parts in self.shards.values():
            parts.dispatcher.wake()

    def counters(self) -> Mapping[str, float]:
        """Of all databases together, for metrics: by name."""
        sums: dict[str, float] = {}
        for counters in (*(one.counters() for one in self.shards.values()), self._hellos()):
            for name, value in counters.items():
                sums[name] = sums.get(name, 0.0) + value
        return {**sums, "looks": self.looks.hubs, "connected": float(self.client.is_connected)}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the block lasts. At its end, what was received is stored and answered, for twenty seconds at most.

        A task that does not end by then is named in the log, and left.
        """
        ingesting = [self._start_ingester(shard) for shard in self.shards]
        tasks = [
            asyncio.create_task(supervise("greeter", self.greeter.run, wait=_soon), name="greeter"),
            asyncio.create_task(supervise("nats", self.client.run), name="nats"),
        ]
        for parts in self.shards.values():
            tasks.append(asyncio.create_task(supervise("commands", parts.dispatcher.run), name="commands"))
            tasks.append(asyncio.create_task(supervise("upkeep", parts.upkeep.run), name="upkeep"))
        self._subscribe()
        try:
            yield
        finally:
            try:
                await self._drain(ingesting)
            finally:
                await end_tasks([*ingesting, *tasks])

    # --- inside --------------------------------------------------------------------------------

    def _start_ingester(self, shard: int) -> asyncio.Task[None]:
        ingester = self.shards[shard].ingester
        name = f"ingester {shard}"
        return asyncio.create_task(supervise(name, ingester.run, ingester.crashed, _soon), name=name)

    def _subscribe(self) -> None:
        for shard, parts in self.shards.items():
            self.client.subscribe(f"up.{shard}.*", _passed_to(parts.ingester), f"ingest.{shard}")
        self.client.subscribe("hello.*", _passed_to(self.greeter), "hello")

    def _hellos(self) -> Mapping[str, float]:
        return {f"ingest_{name}": value for name, value in self.hello_counters.as_mapping().items()}

    async def _drain(self, ingesting: Sequence[asyncio.Task[None]]) -> None:
        await self.client.drain()
        for parts in self.shards.values():
            parts.ingester.end()
        await asyncio.wait(ingesting, timeout=DRAIN_S)


async def end_tasks(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel them until all have ended, within ten seconds; then those that have not are named in the log.

    Once is not enough: wait_for of Python 3.11 loses a cancellation that comes with its result.
    """
    pending = set(tasks)
    for _ in range(CANCELLATIONS):
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCELLED_S)
        if not pending:
            return
    log.error("These tasks did not end in time: %s.", ", ".join(sorted(task.get_name() for task in pending)))


def _passed_to(consumer: Ingester | Greeter) -> Handler:
    return lambda message: consumer.receive(message.subject, message.data, message.reply)


async def _soon(pause: float) -> None:
    await asyncio.sleep(min(pause, LONGEST_RESTART_S))
