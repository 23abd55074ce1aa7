"""A hub that only speaks the protocol: windows that change, sent until they are done, and what was acknowledged."""

import asyncio
import random
import time
from collections.abc import Sequence

import msgspec

from unclouded.fleet.enrolment.nats_request import identity_of
from unclouded.fleet.local_servers.trust import PrivateTrust
from unclouded.links.nats.client import NatsClient
from unclouded.uplink.contents.raw import encode_raw
from unclouded.uplink.messages import (
    Answer,
    Hello,
    LetOut,
    SentWindow,
    Welcome,
    Windows,
    decode_message,
    encode_message,
)

SPAN_S = 300
MOST = 8  # windows in a message
Place = tuple[str, int]


def fleet_client(urls: Sequence[str], trust: PrivateTrust, name: str = "fleet") -> NatsClient:
    return NatsClient(urls, identity_of(trust.fleet(name), name))


class ProtocolHub:
    """``windows``: what it has; ``dirty``: those that are not acknowledged in their newest version."""

    def __init__(
        self, hub: str, url: str, trust: PrivateTrust, shard: int, seed: int = 0, timeout_s: float = 1.0
    ) -> None:
        self.hub = hub
        self.windows: dict[Place, SentWindow] = {}
        self.dirty: set[Place] = set()
        self.acknowledged = self.sent = 0
        self.client = NatsClient([url], identity_of(trust.hub(hub), hub), f"_INBOX.{hub}", ping_s=0.5)
        self._chance = random.Random(seed)
        self._shard = shard
        self._timeout_s = timeout_s
        self._number = 0
        self._changed = asyncio.Event()
        self._first = (int(time.time()) // SPAN_S - 280) * SPAN_S

    def change(self, count: int = 1) -> None:
        """New windows, or new content of old ones."""
        for _ in range(count):
            start = self._first + SPAN_S * self._chance.randrange(240)
            self._number = max(self._number + 1, int(time.time() * 1000))
            values = [(start + second, [(0, 1, self._chance.randrange(5000), 0)]) for second in range(0, 60, 15)]
            self.windows["raw", start] = SentWindow(start, self._number, encode_raw(start, {1: values}))
            self.dirty.add(("raw", start))
        self._changed.set()

    async def run(self) -> None:
        """Connected, and sending what is dirty, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.client.run())
            while True:
                if not self.dirty:
                    self._changed.clear()
                    await self._changed.wait()
                elif not self.client.is_connected:
                    await asyncio.sleep(0.05)
                else:
                    await self._send()

    async def greet(self) -> Welcome:
        """Say hello without any sums."""
        hello = Hello((1,), "1.0", LetOut(("raw",)), len(self.dirty), {})
        reply = await self.client.request(f"hello.{self.hub}", encode_message(hello), 5.0)
        welcome = decode_message(reply.data)
        assert isinstance(welcome, Welcome)
        return welcome

    async def _send(self) -> None:
        chosen = [self.windows[place] for place in sorted(self.dirty, reverse=True)[:MOST]]
        self.sent += 1
        data = encode_message(Windows("raw", tuple(chosen)))
        reply = await self.client.request(f"up.{self._shard}.{self.hub}", data, self._timeout_s)
        answer = decode_message(reply.data) if not reply.failure else Answer(False, wait_s=0.02)
        assert isinstance(answer, Answer), msgspec.to_builtins(answer)
        assert not answer.refused
        if not answer.done:
            await asyncio.sleep(min(answer.wait_s, 0.3))
            return
        for one in chosen:
            self.acknowledged += 1
            if self.windows["raw", one.start].number == one.number:
                self.dirty.discard(("raw", one.start))
