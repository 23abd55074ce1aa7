"""Serves an ASGI application on a given socket: uvicorn, without its signal handlers and access log.

DATA/control                  the Unix socket, accessible to its owner only
127.0.0.1:8099, 8100 …        TCP: the configured address, or the first free port from the default one on
"""

import asyncio
import contextlib
import errno
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from unclouded.core.errors import LinkRefused
from unclouded.core.sockets import Address, listening_socket

MAX_PORTS = 100  # tried from the default one on
BACKLOG = 128  # connections waiting to be accepted
MAX_HEADER_BYTES = 32 * 1024  # request line and headers
MAX_MESSAGE_BYTES = 64 * 1024  # a WebSocket message from a page
MAX_UNSENT_BYTES = 16 * 1024  # kernel send buffer of a slow page, before writing blocks
MAX_CONNECTIONS = 1_000  # over TCP; the broker's plugs need open files too
SHUTDOWN_TIMEOUT_S = 0.25  # for open responses when the hub stops; streams do not end by themselves
TRUSTED_PROXIES = "127.0.0.1,::1"  # X-Forwarded-For and -Proto are trusted from a proxy on this computer only


class _Server(uvicorn.Server):
    """A server without signal handlers: the hub handles signals, because it has more to close."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def close_connections(self) -> None:
        """Stop accepting, and close the open connections; a page reconnects by itself.

        Responses that do not end in time are aborted, as if their client had disconnected.
        """
        for server in self.servers if self.started else ():
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if await self._still_busy():
            for connection in list(self.server_state.connections):
                connection.transport.abort()
            await self._still_busy()
        for task in list(self.server_state.tasks):
            task.cancel()

    async def _still_busy(self) -> bool:
        """Whether responses are still open after SHUTDOWN_TIMEOUT_S."""
        tasks = set(self.server_state.tasks)
        return bool(tasks and (await asyncio.wait(tasks, timeout=SHUTDOWN_TIMEOUT_S))[1])


class _PageProtocol(WebSocketsSansIOProtocol):
    """Signals at once that a page is slow, instead of buffering frames that are outdated when they arrive."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=0)


class _Stoppable:
    """An application that may be cancelled during a response; uvicorn would log that as an error."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # only ``close_connections`` cancels it
            await self._app(scope, receive, send)


def unix_socket(path: Path) -> socket.socket:
    """A listening Unix socket, accessible to its owner only; one left by an earlier hub is replaced.

    Raises LinkRefused if the socket cannot be created.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            sock.bind(str(path))
        finally:
            os.umask(before)
        sock.listen(64)
    except OSError as error:
        sock.close()
        raise LinkRefused(
            f"{path} cannot be created: {error.strerror}. Choose another data folder with --data."
        ) from None
    return sock


def tcp_socket(address: Address) -> socket.socket:
    """A listening socket on exactly this address; port 0: any free port. Raises LinkRefused."""
    try:
        return _listening(address)
    except OSError as error:
        raise LinkRefused(
            f"The page cannot be served on {address_text(address)}: {_reason(error)}. "
            "Choose another address with [web] listen or --web, or port 0 for any free port."
        ) from None


def next_free(address: Address) -> socket.socket:
    """A listening socket on this address or on the next free port. Raises LinkRefused if there is none."""
    host, first = address
    for port in range(first, min(first + MAX_PORTS, 65_536)):
        try:
            return _listening((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return tcp_socket((host, port))  # raises with the reason
    raise LinkRefused(f"No port from {first} on is free on {host}. Choose one with [web] listen or --web.")


def address_text(address: Address) -> str:
    """``127.0.0.1:8099``, ``[::1]:8099``."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def serve(app: ASGIApp, sock: socket.socket, tls: ssl.SSLContext | None = None) -> None:
    """Serve until cancelled; the caller closes the socket.

    WebSocket messages are limited in length and not compressed, because one frame is encoded for all pages.
    """
    factory: Callable[[object, object], ssl.SSLContext] | None = None if tls is None else lambda *_: tls
    config = uvicorn.Config(
        _Stoppable(app),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        http="h11",
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        ws=_PageProtocol,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        limit_concurrency=None if sock.family == socket.AF_UNIX else MAX_CONNECTIONS,
        forwarded_allow_ips=TRUSTED_PROXIES,
        ssl_context_factory=factory,
    )
    server = _Server(config)
    with sock.dup() as ours:
        try:
            await server.serve(sockets=[ours])
        finally:
            await server.close_connections()


def _listening(address: Address) -> socket.socket:
    sock = listening_socket(address, BACKLOG, both=True)
    with contextlib.suppress(
        AttributeError, OSError
    ):  # not available on every system; without it, megabytes are buffered for slow pages
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MAX_UNSENT_BYTES)
    return sock


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program uses this port"
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error)
