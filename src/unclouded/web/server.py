"""Serves an ASGI application on a socket that is ours: uvicorn, without its signal handlers and logs.

DATA/control                  the Unix socket that only its owner may open
127.0.0.1:8099, 8100 …        TCP: the place that was asked for, or the first free port from the usual one on
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

PORTS_TRIED = 100  # from the usual one on
BACKLOG = 128  # connections that wait to be taken
LONGEST_HEAD = 32 * 1024  # bytes of a request before its body
LONGEST_MESSAGE = 64 * 1024  # bytes of a WebSocket message from a page
MOST_UNSENT = 16 * 1024  # bytes that the system keeps for a slow page before it says so
MOST_CONNECTIONS = 1_000  # over TCP; the broker's plugs need open files too
GOODBYE = 0.25  # s that answers under way have to end when the hub stops; streams have no end of their own
PROXIES = "127.0.0.1,::1"  # whose X-Forwarded-For and -Proto count: a reverse proxy on this computer


class _Server(uvicorn.Server):
    """Leaves the signals to the hub, which has more to close than this server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def hang_up(self) -> None:
        """Take nobody in any more, and say goodbye to who is here: a live page calls again by itself.

        What does not end then is cut off first, so that it ends as it does when its caller goes.
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
        """Whether there are answers under way after a moment's patience."""
        tasks = set(self.server_state.tasks)
        return bool(tasks and (await asyncio.wait(tasks, timeout=GOODBYE))[1])


class _PageProtocol(WebSocketsSansIOProtocol):
    """Says at once that a page is slow, instead of keeping frames for it that are old when it gets them."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=0)


class _Stoppable:
    """An application that may be stopped in the middle of an answer; uvicorn would log that as a mistake of ours."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # nobody but ``hang_up`` cancels it
            await self._app(scope, receive, send)


def unix_socket(path: Path) -> socket.socket:
    """A listening Unix socket that only its owner may open; what an earlier hub left is replaced.

    Raises LinkRefused where the path cannot be a socket.
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
        raise LinkRefused(f"{path} cannot be made: {error.strerror}. Choose another data folder with --data.") from None
    return sock


def tcp_socket(address: Address) -> socket.socket:
    """A listening socket on exactly this address; port 0 is any free port. Raises LinkRefused."""
    try:
        return _listening(address)
    except OSError as error:
        raise LinkRefused(
            f"The page cannot be served on {place(address)}: {_why(error)}. "
            "Choose another address with [web] listen or --web, or port 0 for any."
        ) from None


def next_free(address: Address) -> socket.socket:
    """The same, or on the next port that is free. Raises LinkRefused where there is none."""
    host, first = address
    for port in range(first, min(first + PORTS_TRIED, 65_536)):
        try:
            return _listening((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return tcp_socket((host, port))  # says why
    raise LinkRefused(f"No port from {first} on is free on {host}. Choose one with [web] listen or --web.")


def place(address: Address) -> str:
    """``127.0.0.1:8099``, ``[::1]:8099``."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def serve(app: ASGIApp, sock: socket.socket, tls: ssl.SSLContext | None = None) -> None:
    """Serve until cancelled; the socket stays the caller's.

    The WebSocket takes no long messages, and does not compress: one frame is made for all who look.
    """
    factory: Callable[[object, object], ssl.SSLContext] | None = None if tls is None else lambda *_: tls
    config = uvicorn.Config(
        _Stoppable(app),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        http="h11",
        h11_max_incomplete_event_size=LONGEST_HEAD,
        ws=_PageProtocol,
        ws_max_size=LONGEST_MESSAGE,
        ws_per_message_deflate=False,
        limit_concurrency=None if sock.family == socket.AF_UNIX else MOST_CONNECTIONS,
        forwarded_allow_ips=PROXIES,
        ssl_context_factory=factory,
    )
    server = _Server(config)
    with sock.dup() as ours:
        try:
            await server.serve(sockets=[ours])
        finally:
            await server.hang_up()


def _listening(address: Address) -> socket.socket:
    sock = listening_socket(address, BACKLOG, both=True)
    with contextlib.suppress(AttributeError, OSError):  # not every system has it; without, MB wait for the slow
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_UNSENT)
    return sock


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program listens there"
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error)
