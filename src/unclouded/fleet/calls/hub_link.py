"""The connection to the hubs, as commands and questions use it, and what can be wrong with it.

Source: docs/protocols/fleet.md §1
"""

from collections.abc import Callable
from typing import Protocol

from unclouded.core.errors import LinkError
from unclouded.links.nats.client import NatsClient


class HubAway(LinkError):
    """NATS proved that the hub is not connected ("no responders"): the message reached no one."""


class HubSilent(LinkError):
    """The hub did not answer in time: it may have the message, or not."""


class HubRequests(Protocol):
    """Sends requests to hubs, and waits for their answers."""

    async def request(self, subject: str, data: bytes, timeout_s: float) -> bytes:
        """The answer. Raises HubAway, HubSilent, and LinkError where the connection itself is down."""


class HubConnection(HubRequests, Protocol):
    """Requests, and what hubs publish."""

    def subscribe(self, subject: str, received: Callable[[bytes], None]) -> Callable[[], None]:
        """Pass on what is published there; the result ends it."""


class HubLink:
    """Both, over NATS."""

    def __init__(self, client: NatsClient) -> None:
        self._client = client

    async def request(self, subject: str, data: bytes, timeout_s: float) -> bytes:
        """The answer of a hub. Raises HubAway where it is not connected, HubSilent after ``timeout_s``."""
        reply = await self._client.request(subject, data, timeout_s)
        if reply.failure == "no_responders":
            raise HubAway("The hub is not connected.")
        if reply.failure == "timeout":
            raise HubSilent(f"The hub did not answer within {timeout_s:.0f} s.")
        if reply.failure:
            raise LinkError(f"The hub cannot be asked now: the fleet's connection is down ({reply.failure}).")
        return reply.data

    def subscribe(self, subject: str, received: Callable[[bytes], None]) -> Callable[[], None]:
        """Call back with what arrives on a subject; the function that is returned ends it."""
        return self._client.subscribe(subject, lambda message: received(message.data))
