"""What a server does for its hubs: it takes in what they send, greets them, and brings them commands and questions.

    NatsClient ─┬ up.SHARD.* (queue ingest.SHARD) ─► Ingester ─► database
                ├ hello.*    (queue hello)        ─► Greeter  ─► database
                └ down.HUB.* ◄─ CommandDispatcher, HubQuestions, LiveLooks

Stateless: any number of engines on one database share the work. Source: docs/protocols/fleet.md §1
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence

from unclouded.core.supervise import supervise
from unclouded.fleet.base.base import FleetBase
from unclouded.fleet.calls.dispatcher import CommandDispatcher
from unclouded.fleet.calls.hub_link import HubLink
from unclouded.fleet.calls.looking import LiveLooks
from unclouded.fleet.calls.questions import HubQuestions
from unclouded.fleet.ingest.greeter import Greeter, GreeterPlace, TokenRenewal
from unclouded.fleet.ingest.ingester import Ingester
from unclouded.fleet.upkeep import Upkeep
from unclouded.links.nats.client import NatsClient
from unclouded.links.nats.wire import NatsMessage

log = logging.getLogger("unclouded.fleet")

LONGEST_RESTART_S = 1.0  # s until an ingester that crashed goes on: hubs wait
DRAIN_S = 5.0  # s for what was received before the end


class FleetEngine:
    """One database, one connection. ``servers``: URLs of NATS that hubs are given; () = they keep theirs."""

    def __init__(
        self,
        base: FleetBase,
        client: NatsClient,
        renewal: TokenRenewal,
        shard: int = 0,
        servers: Sequence[str] = (),
        keep_days: Mapping[str, int] = {},
    ) -> None:
        loop = asyncio.get_running_loop()
        link = HubLink(client)
        self.client = client
        self.ingester = Ingester(base.windows, client.publish, time.time, loop.time)
        self.dispatcher = CommandDispatcher(base.dispatch, link, time.time)
        self.greeter = Greeter(
            base.windows,
            renewal,
            client.publish,
            time.time,
            loop.time,
            GreeterPlace(tuple(servers)),
            self.ingester.counters,
            self.dispatcher.connected,
        )
        self.questions = HubQuestions(link, time.time)
        self.looks = LiveLooks(link)
        self.upkeep = Upkeep(base.upkeep, keep_days, time.time)
        self._shard = shard

    def counters(self) -> Mapping[str, float]:
        """For metrics: by name."""
        return {
            **{f"ingest_{name}": value for name, value in self.ingester.counters.as_mapping().items()},
            **{f"commands_{name}": value for name, value in self.dispatcher.counters.as_mapping().items()},
            "looks": self.looks.hubs,
            "sealed_days": self.upkeep.sealed_days,
            "connected": float(self.client.is_connected),
        }

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the block lasts. At its end, what was received is stored and answered."""
        async with asyncio.TaskGroup() as group:
            ingesting = group.create_task(
                supervise("ingester", self.ingester.run, self.ingester.crashed, _soon), name="ingester"
            )
            tasks = [
                group.create_task(supervise("greeter", self.greeter.run, wait=_soon), name="greeter"),
                group.create_task(supervise("commands", self.dispatcher.run), name="commands"),
                group.create_task(supervise("upkeep", self.upkeep.run), name="upkeep"),
                group.create_task(supervise("nats", self.client.run), name="nats"),
            ]
            self._subscribe()
            try:
                yield
            finally:
                await self._drain(ingesting)
                for task in tasks:
                    task.cancel()

    # --- inside --------------------------------------------------------------------------------

    def _subscribe(self) -> None:
        self.client.subscribe(f"up.{self._shard}.*", self._windows, f"ingest.{self._shard}")
        self.client.subscribe("hello.*", self._hello, "hello")

    def _windows(self, message: NatsMessage) -> None:
        self.ingester.receive(message.subject, message.data, message.reply)

    def _hello(self, message: NatsMessage) -> None:
        self.greeter.receive(message.subject, message.data, message.reply)

    async def _drain(self, ingesting: asyncio.Task[None]) -> None:
        await self.client.drain()
        self.ingester.end()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await asyncio.shield(ingesting)
        ingesting.cancel()


async def _soon(pause: float) -> None:
    await asyncio.sleep(min(pause, LONGEST_RESTART_S))
