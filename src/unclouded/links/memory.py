"""Two connected links in one process: ``one, other = memory.pair()``.

What one end sends reaches the other in the next loop iteration, datagram by datagram. Both are up as soon as both
are started; when one is closed, the other is down.
"""

import asyncio

from unclouded.core.sessions.link import Inlet
from unclouded.core.sessions.session import Failure, LinkPath, Out
from unclouded.links.dial import PENDING_LIMIT, fail_soon


def pair(path: LinkPath | None = None, other: LinkPath | None = None) -> tuple["MemoryLink", "MemoryLink"]:
    """Two connected ends. ``path``: the first end's path to the second; ``other``: the second's to the first."""
    one = MemoryLink(path or LinkPath())
    two = MemoryLink(other or path or LinkPath())
    one.peer, two.peer = two, one
    return one, two


class MemoryLink:
    """One end of a pair. ``dropped`` counts rejected datagrams."""

    def __init__(self, path: LinkPath) -> None:
        self.peer: MemoryLink | None = None
        self.dropped = 0
        self._path = path
        self._inlet: Inlet | None = None
        self._pending = 0

    def start(self, inlet: Inlet) -> None:
        self._inlet = inlet
        peer = self.peer
        if peer is not None and peer._inlet is not None:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._up)
            loop.call_soon(peer._up)

    def send(self, out: Out) -> None:
        """On a request/response path, ``out.id`` arrives at the other end as ``re``, and its ``re`` comes back."""
        peer = self.peer
        if peer is None or peer._inlet is None:
            self._fail(out, Failure.CLOSED)
        elif self._pending + len(out.data) > PENDING_LIMIT:
            self._fail(out, Failure.FULL)
        else:
            self._pending += len(out.data)
            asyncio.get_running_loop().call_soon(self._deliver, peer, out)

    async def close(self) -> None:
        if self._inlet is None:
            return
        self._inlet = None
        if self.peer is not None:
            asyncio.get_running_loop().call_soon(self.peer._down)

    # --- inside --------------------------------------------------------------------------------

    def _fail(self, out: Out, why: Failure) -> None:
        self.dropped += 1
        fail_soon(lambda: self._inlet, out.id, why)

    def _deliver(self, peer: "MemoryLink", out: Out) -> None:
        self._pending -= len(out.data)
        if peer._inlet is not None:
            peer._inlet.received(out.data, peer._path.name, out.re or out.id)

    def _up(self) -> None:
        if self._inlet is not None:
            self._inlet.up(self._path)

    def _down(self) -> None:
        if self._inlet is not None:
            self._inlet.down(self._path.name, "The other end was closed.")
