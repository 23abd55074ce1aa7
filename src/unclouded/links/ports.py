"""Listening sockets and servers of links that wait for a connection, and their addresses for clients."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable

from unclouded.core.errors import LinkRefused
from unclouded.core.system.sockets import Address, listening_socket


def listening(address: Address) -> tuple[socket.socket, Address]:
    """A listening socket, and its address with the real port. Raises LinkRefused."""
    host, port = address
    try:
        sock = listening_socket(address)
    except OSError as error:
        raise LinkRefused(
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another address, or port 0 for any free port."
        ) from error
    return sock, (host, sock.getsockname()[1])


def url_of(scheme: str, address: Address) -> str:
    """The address for clients: ``tcp://127.0.0.1:6638``, ``tcp://[::1]:6638``."""
    host, port = address
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class LinkServer:
    """The server of a link: it listens from ``open`` to ``close``. ``address`` has the real port once it is open."""

    def __init__(self, scheme: str, host: str, port: int) -> None:
        self.address: Address = (host, port)
        self._scheme = scheme
        self._task: asyncio.Task[asyncio.Server] | None = None

    @property
    def url(self) -> str:
        """The address for clients."""
        return url_of(self._scheme, self.address)

    def open(self, name: str, make: Callable[[], asyncio.Protocol], context: ssl.SSLContext | None = None) -> None:
        """``make``: a protocol for each connection. Raises LinkRefused where the address is not available."""
        sock, self.address = listening(self.address)
        server = asyncio.get_running_loop().create_server(make, sock=sock, ssl=context)
        self._task = asyncio.create_task(server, name=f"{name}.{self.address[1]}")

    async def close(self, end_connections: Callable[[], Awaitable[object]]) -> None:
        """Listen no more, then end the connections."""
        if self._task is None:
            return
        server = await self._task
        self._task = None
        server.close()
        await end_connections()
        await server.wait_closed()
