"""`listen://host:port`: a TCP server of ours with one serial line behind it, reached by ``tcp://host:port``.

The simulator's side of a serial server. A line has one other end: whoever connects last has it, and the one
before is hung up on. (A peer that lost its power never says goodbye; its successor must not wait for it.)
Port 0 takes any free port; ``address`` and ``url`` say which.
"""

import asyncio
from pathlib import Path

from unclouded.core.link import Inlet, Link
from unclouded.core.session import Failure, LinkPath, Out
from unclouded.links.dial import DialConnection, fail_soon
from unclouded.links.ports import listening, url_of
from unclouded.links.tcp import keep_alive
from unclouded.links.url import Url


def open_listen(url: Url, baud: int, base: Path) -> Link:
    """Raises ConfigError where the address is wrong."""
    url.only()
    return ListenLink(*url.host_port("listen://127.0.0.1:6638", lowest=0))


class ListenLink:
    """A TCP server with one peer at a time. ``dropped`` counts datagrams that were not taken."""

    def __init__(self, host: str, port: int) -> None:
        self.address = (host, port)
        self.dropped = 0
        self._inlet: Inlet | None = None
        self._server: asyncio.Task[asyncio.Server] | None = None
        self._wires: set[DialConnection] = set()
        self._wire: DialConnection | None = None

    @property
    def url(self) -> str:
        """Where others reach it; after ``start`` with the port it really has."""
        return url_of("tcp", self.address)

    def start(self, inlet: Inlet) -> None:
        """Raises LinkRefused where the address cannot be had."""
        sock, self.address = listening(self.address)
        self._inlet = inlet
        self._server = asyncio.create_task(
            asyncio.get_running_loop().create_server(lambda: DialConnection(self._made, self._received), sock=sock),
            name=f"listen.{self.address[1]}",
        )

    def send(self, out: Out) -> None:
        failure = self._wire.send(out.data) if self._wire is not None else Failure.CLOSED
        if failure is not None:
            self.dropped += 1
            fail_soon(lambda: self._inlet, out.id, failure)

    async def close(self) -> None:
        self._inlet = None
        if self._server is None:
            return
        server = await self._server
        self._server = None
        server.close()
        await asyncio.gather(*(wire.close() for wire in self._wires))
        await server.wait_closed()

    # --- inside --------------------------------------------------------------------------------

    def _made(self, wire: DialConnection) -> None:
        before, self._wire = self._wire, wire
        self._wires.add(wire)
        wire.gone.add_done_callback(lambda gone: self._gone(wire, gone.result()))
        if before is not None:
            before.hang_up()
        wire.tune(keep_alive)
        if self._inlet is not None:
            self._inlet.up(LinkPath())

    def _received(self, wire: DialConnection, data: bytes) -> None:
        if self._inlet is not None and wire is self._wire:
            self._inlet.received(data)

    def _gone(self, wire: DialConnection, error: Exception | None) -> None:
        self._wires.discard(wire)
        if wire is self._wire:
            self._wire = None
            if self._inlet is not None:
                words = "was lost" if error else "hung up"
                self._inlet.down("", f"The other side {words}. Nobody is connected to {self.url} now.")
