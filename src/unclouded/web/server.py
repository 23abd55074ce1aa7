"""Serves an ASGI application on a given socket: uvicorn, without its signal handlers and access log.

DATA/control                  the Unix socket, accessible to its owner only
127.0.0.1:8099, 8100 …        TCP: the configured address, or the first free port from the default one on
"""

import asyncio
import contextlib
import errno
import logging
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from unclouded.core.errors import LinkRefused
from unclouded.core.system.log_limit import LogLimit
from unclouded.core.system.sockets import AcceptLoop, Address, listening_socket, open_file_share
from unclouded.web.access.connections import (
    CLOSE_TIMEOUT_S,
    HANDSHAKE_TIMEOUT_S,
    MAX_PER_ADDRESS,
    ConnectionTable,
    HttpConnection,
    PageConnection,
    Slot,
)

log = logging.getLogger("unclouded.web")

MAX_PORTS = 100  # tried from the default one on
BACKLOG = 64  # connections waiting to be accepted
MAX_HEADER_BYTES = 32 * 1024  # request line and headers
MAX_MESSAGE_BYTES = 64 * 1024  # a WebSocket message from a page
MAX_UNSENT_BYTES = 16 * 1024  # kernel send buffer of a slow page, before writing blocks
MAX_CONNECTIONS = (1_000, 4)  # over TCP, and the part of the open files; the broker's plugs need files too
MAX_LOCAL_CONNECTIONS = (256, 8)  # over the Unix socket
SHUTDOWN_TIMEOUT_S = 0.25  # for open responses when the hub stops; streams do not end by themselves
TRUSTED_PROXIES = "127.0.0.1,::1"  # X-Forwarded-For and -Proto are trusted from a proxy on this computer only


class _Server(uvicorn.Server):
    """A server that decides about each connection when it is accepted.

    It has no signal handlers: the hub handles signals, because it has more to close.
    """

    def __init__(self, config: uvicorn.Config, sock: socket.socket, tls: ssl.SSLContext | None) -> None:
        super().__init__(config)
        self._sock = sock
        self._tls = tls
        most, part = MAX_LOCAL_CONNECTIONS if sock.family == socket.AF_UNIX else MAX_CONNECTIONS
        self._table = ConnectionTable(open_file_share(part, most), MAX_PER_ADDRESS)
        self._accepting: AcceptLoop | None = None
        self._opening: set[asyncio.Task[None]] = set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.servers = []
        self._accepting = AcceptLoop(self._sock, self._accepted)
        self.started = True

    async def close_connections(self) -> None:
        """Stop accepting, and close the open connections; a page reconnects by itself.

        Responses that do not end in time are aborted, as if their client had disconnected.
        """
        if self._accepting is not None:
            self._accepting.close()
        for task in list(self._opening):
            task.cancel()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if await self._still_busy():
            for connection in list(self.server_state.connections):
                connection.transport.abort()
            await self._still_busy()
        for task in list(self.server_state.tasks):
            task.cancel()

    def _accepted(self, connection: socket.socket, host: str) -> None:
        slot = self._table.open(host)
        if slot is None:
            connection.close()
            log.warning("Web: a connection from %s is refused: there are too many.", host or "this computer")
            return
        task = asyncio.create_task(self._open(connection, slot), name="web.connection")
        slot.abort = lambda: _cancel(task)
        self._opening.add(task)

        def opened(task: asyncio.Task[None]) -> None:
            self._opening.discard(task)
            if task.cancelled() or task.exception() is not None:
                slot.close()
                connection.close()

        task.add_done_callback(opened)

    async def _open(self, connection: socket.socket, slot: Slot) -> None:
        """The TLS handshake, if there is one; then the protocol has the connection."""
        loop = asyncio.get_running_loop()
        times = (None, None) if self._tls is None else (HANDSHAKE_TIMEOUT_S, CLOSE_TIMEOUT_S)
        try:
            await loop.connect_accepted_socket(
                lambda: HttpConnection(self.config, self.server_state, {}, loop, slot=slot),
                connection,
                ssl=self._tls,
                ssl_handshake_timeout=times[0],
                ssl_shutdown_timeout=times[1],
            )
        except OSError:  # the client has gone, or the handshake failed
            slot.close()
            connection.close()

    async def _still_busy(self) -> bool:
        """Whether responses are still open after SHUTDOWN_TIMEOUT_S."""
        tasks = set(self.server_state.tasks)
        return bool(tasks and (await asyncio.wait(tasks, timeout=SHUTDOWN_TIMEOUT_S))[1])


class _Interruptible:
    """An application whose client may disconnect, and that may be cancelled, in the middle of a request.

    uvicorn would log either with a traceback, as an error.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(asyncio.CancelledError, ClientDisconnect):  # only ``close_connections`` cancels it
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
    config = uvicorn.Config(
        _Interruptible(app),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        http="h11",
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        ws=PageConnection,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        forwarded_allow_ips=TRUSTED_PROXIES,
    )
    LogLimit.on("uvicorn.error", "unclouded.web", "unclouded.core.system.sockets", "asyncio")
    with sock.dup() as ours:
        server = _Server(config, ours, tls)
        try:
            await server.serve()
        finally:
            await server.close_connections()


def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()


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
