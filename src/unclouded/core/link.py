"""A link: a two-way pipe to one device that keeps datagram borders where the wire has them."""

from typing import Protocol

from unclouded.core.session import Failure, LinkPath, Out


class Inlet(Protocol):
    """Where a link pours what it hears: the driver."""

    def up(self, path: LinkPath) -> None: ...
    def down(self, path: str, reason: str) -> None: ...
    def received(self, data: bytes, path: str = "", re: int = 0) -> None: ...
    def failed(self, id: int, why: Failure) -> None: ...


class Link(Protocol):
    """What the driver knows of a wire.

    A link that dials redials by itself (1 to 60 s with jitter) and says ``down`` and ``up``.
    """

    def start(self, inlet: Inlet) -> None:
        """Begin, inside a running loop. Raises LinkRefused where no later try can help."""

    def send(self, out: Out) -> None:
        """Never blocks and never raises. What does not fit any more fails as FULL, if it has an id."""

    async def close(self) -> None:
        """Let go of the wire. Nothing reaches the inlet afterwards."""
