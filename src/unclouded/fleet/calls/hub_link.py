"""What this package needs of the connection to the hubs, and what can be wrong with it.

Source: docs/protocols/fleet.md §1
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from unclouded.core.errors import LinkError


class HubAway(LinkError):
    """NATS proved that the hub is not connected ("no responders"): the message reached no one."""


class HubSilent(LinkError):
    """The hub did not answer in time: it may have the message, or not."""


class HubRequests(Protocol):
    """Requests over the fleet's connection."""

    async def request(self, subject: str, data: bytes, timeout_s: float) -> bytes:
        """The answer. Raises HubAway, HubSilent, and LinkError where the connection itself is down."""


class HubStreams(Protocol):
    """What hubs publish."""

    async def subscribe(self, subject: str, received: Callable[[bytes], None]) -> Callable[[], Awaitable[None]]:
        """Pass on what is published there; the result ends it. Raises LinkError."""


class HubConnection(HubRequests, HubStreams, Protocol):
    """Both."""
