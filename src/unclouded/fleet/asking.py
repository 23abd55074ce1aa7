"""One question to one hub, over a connection to NATS that is made for it: for the command line."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable

from unclouded.core.errors import LinkError
from unclouded.core.security.nkeys import NKey
from unclouded.fleet.calls.hub_link import HubLink
from unclouded.fleet.calls.questions import HubAnswer, HubQuestions
from unclouded.fleet.configuration import FleetConfiguration
from unclouded.fleet.folder.key_files import KeyFiles
from unclouded.fleet.keys.issuer import FLEET_LIFE_S, TokenIssuer
from unclouded.links.nats.client import NatsClient
from unclouded.links.nats.connection import NatsIdentity
from unclouded.uplink.messages import Question

CONNECT_S = 10.0
KEY_BYTES = 32


class FleetToken:
    """The token of one process. ``wall``: Unix s."""

    def __init__(self, issuer: TokenIssuer, key: NKey, wall: Callable[[], float]) -> None:
        self._issuer = issuer
        self._key = key
        self._wall = wall
        self._token = ""
        self._until = 0.0

    def now(self) -> str:
        """The newest one; each connection asks for it."""
        now = self._wall()
        if now >= self._until:
            self._token = self._issuer.fleet_token("fleet", self._key.public, int(now))
            self._until = now + FLEET_LIFE_S / 2
        return self._token


def fleet_identity(configuration: FleetConfiguration, issuer: TokenIssuer) -> NatsIdentity:
    """Who this process is at NATS: a key that is made now, and tokens that are renewed at half of their life."""
    key = NKey("user", os.urandom(KEY_BYTES))
    token = FleetToken(issuer, key, time.time)
    return NatsIdentity("unclouded fleet", token.now, key.sign, authority=configuration.nats_authority)


async def ask_hub(
    configuration: FleetConfiguration, hub: str, method: str, path: str, body: bytes = b"", content_type: str = ""
) -> HubAnswer:
    """What the hub's own API answers, as to an owner. Raises LinkError, ConfigError, CommandError."""
    question = Question(method, path, "owner", body, content_type)
    async with _connected(configuration) as client:
        return await HubQuestions(HubLink(client), time.time).ask(hub, question)


@contextlib.asynccontextmanager
async def _connected(configuration: FleetConfiguration) -> AsyncIterator[NatsClient]:
    changed = asyncio.Event()
    identity = fleet_identity(configuration, KeyFiles(configuration.keys).issuer())
    client = NatsClient(configuration.connect, identity, changed=changed.set)
    running = asyncio.create_task(client.run(), name="nats")
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_S):
                while not client.is_connected:
                    await changed.wait()
                    changed.clear()
        if not client.is_connected:
            raise LinkError(f"NATS cannot be reached: {client.state.text.removesuffix(' It is tried again.')}")
        yield client
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
