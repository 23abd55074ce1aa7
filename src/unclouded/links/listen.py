"""`listen://host:port`: a TCP server for one serial line, reached by ``tcp://host:port``.

The simulator's side of a serial server. A serial line has one peer: a new connection replaces the previous one,
because a peer that lost power never closes its connection. Port 0 takes any free port; ``address`` and ``url``
name it.
"""

import asyncio
from pathlib import Path

from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.session import Failure, LinkPath, Out
from unclouded.core.system.sockets import Address
from unclouded.links.dial import DialConnection, fail_soon
from unclouded.links.ports import LinkServer
from unclouded.links.tcp import keep_alive
from unclouded.links.url import Url


def open_listen(url: Url, baud: int, base: Path) -> Link:
    """Raises ConfigError where the address is wrong."""
    url.only()
    return ListenLink(*url.host_port("listen://127.0.0.1:6638", lowest=0))


class ListenLink:
    """A TCP server with one peer at a time. ``dropped`` counts rejected datagrams."""

    def __init__(self, host: str, port: int) -> None:
        self._server = LinkServer("tcp", host, port)
        self.dropped = 0
        self._inlet: Inlet | None = None
        self._connections: set[DialConnection] = set()
        self._connection: DialConnection | None = None

    @property
    def address(self) -> Address:
        return self._server.address

    @property
    def url(self) -> str:
        """The address for clients; after ``start`` with the real port."""
        return self._server.url

    def start(self, inlet: Inlet) -> None:
        """Raises LinkRefused where the address is not available."""
        self._server.open("listen", lambda: DialConnection(self._made, self._received))
        self._inlet = inlet

    def send(self, out: Out) -> None:
        failure = self._connection.send(out.data) if self._connection is not None else Failure.CLOSED
        if failure is not None:
            self.dropped += 1
            fail_soon(lambda: self._inlet, out.id, failure)

    async def close(self) -> None:
        self._inlet = None
        await self._server.close(lambda: asyncio.gather(*(one.close() for one in self._connections)))

    # --- inside --------------------------------------------------------------------------------

    def _made(self, connection: DialConnection) -> None:
        before, self._connection = self._connection, connection
        self._connections.add(connection)
        connection.gone.add_done_callback(lambda gone: self._gone(connection, gone.result()))
        if before is not None:
            before.abort()
        connection.tune(keep_alive)
        if self._inlet is not None:
            self._inlet.up(LinkPath())

    def _received(self, connection: DialConnection, data: bytes) -> None:
        if self._inlet is not None and connection is self._connection:
            self._inlet.received(data)

    def _gone(self, connection: DialConnection, error: Exception | None) -> None:
        self._connections.discard(connection)
        if connection is self._connection:
            self._connection = None
            if self._inlet is not None:
                cause = "was lost" if error else "was closed by the peer"
                self._inlet.down("", f"The connection {cause}. No client is connected to {self.url}.")
