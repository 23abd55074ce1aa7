"""A link: a two-way pipe to one device that keeps datagram borders where the wire has them."""

from typing import Protocol

from unclouded.core.sessions.session import Failure, LinkPath, Out


class Inlet(Protocol):
    """Where a link delivers what it receives: the driver."""

    def up(self, path: LinkPath) -> None:
        """The path can be used; again for the same path = a new connection."""

    def down(self, path: str, reason: str) -> None:
        """The path is gone, and why, as a sentence for people."""

    def received(self, data: bytes, path: str = "", re: int = 0) -> None:
        """Bytes of the other end. ``re``: the id of the datagram that they answer; 0 = none."""

    def failed(self, id: int, why: Failure) -> None:
        """The datagram with this id gets no answer."""


class Link(Protocol):
    """A wire as the driver sees it.

    A link that dials redials by itself (after 1 to 60 s with jitter) and reports ``down`` and ``up``.
    """

    def start(self, inlet: Inlet) -> None:
        """Begin, inside a running loop. Raises LinkRefused where no later try can help."""

    def send(self, out: Out) -> None:
        """Never blocks and never raises. A datagram with an id that does not fit into the queue fails as FULL."""

    async def close(self) -> None:
        """Close the wire. Nothing reaches the inlet afterwards."""
