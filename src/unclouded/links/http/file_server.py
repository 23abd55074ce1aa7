"""Offers one file to one device over HTTP in the local network: how plugs fetch firmware.

    offer(peer, name, data) ──► http://HUB:PORT/RANDOM/NAME        withdraw(offer) ──► 404, connections closed
    device ──► GET, HEAD; whole or from an offset (Range)          sent, whole ──► how far it is

Only the device at ``peer`` is answered; everybody else gets 403, whatever the path. The server listens while something
is offered, at the address of this computer that faces the device. Source: docs/protocols/meross.md §1.11.5.
"""

import asyncio
import contextlib
import re
import secrets
import socket
from collections.abc import Mapping

import h11

from unclouded.links.ports import listening, url_of

HEAD_LIMIT = 8_192  # bytes of a request line and headers
HEAD_TIMEOUT_S = 10.0
PIECE = 16_384  # bytes that are sent at once
PIECE_TIMEOUT_S = 30.0  # for a device to take one piece
CONNECTION_LIMIT = 4  # simultaneous connections; further ones are closed
TOKEN_BYTES = 8
RANGE = re.compile(rb"bytes=(\d{1,9})-")
DISCARD_PORT = 9  # no packet is sent there: the address only chooses the interface


class OfferedFile:
    """``url``: where the device fetches it. ``sent``: bytes of the newest download; ``whole``: complete downloads."""

    def __init__(self, peer: str, data: bytes, path: str) -> None:
        self.url = ""
        self.sent = 0
        self.whole = 0
        self.requests = 0
        self.peer = peer
        self.data = data
        self.path = path


class FileServer:
    """``port``: where it listens; 0 = any free port. All methods are called in the loop's thread."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._offers: dict[str, OfferedFile] = {}
        self._servers: dict[str, tuple[asyncio.Task[asyncio.Server], str]] = {}  # by the address that they listen at
        self._connections: dict[asyncio.Task[None], OfferedFile | None] = {}

    def offer(self, peer: str, name: str, data: bytes) -> OfferedFile:
        """Let the device at ``peer`` (an IP address) fetch ``data``. Raises LinkRefused where no port is free.

        ``name``: the last part of the path; letters, digits, ``.``, ``_`` and ``-``.
        """
        offer = OfferedFile(peer, data, f"/{secrets.token_hex(TOKEN_BYTES)}/{name}")
        offer.url = self._listen(facing(peer)) + offer.path
        self._offers[offer.path] = offer
        return offer

    def withdraw(self, offer: OfferedFile) -> None:
        """It can be fetched no longer; a download that is under way is cut off."""
        self._offers.pop(offer.path, None)
        gone = [task for task, one in self._connections.items() if one is offer or not self._offers]
        if not self._offers:
            for server, _ in self._servers.values():
                server.add_done_callback(_close)
            self._servers.clear()
        for task in gone:
            task.cancel()

    # --- inside --------------------------------------------------------------------------------

    def _listen(self, host: str) -> str:
        """The address for clients of the server on that interface, which is started where there is none."""
        known = self._servers.get(host)
        if known is not None:
            return known[1]
        sock, address = listening((host, self._port))
        task = asyncio.create_task(
            asyncio.start_server(self._connected, sock=sock, limit=HEAD_LIMIT), name=f"file-server.{address[1]}"
        )
        self._servers[host] = (task, url_of("http", address))
        return self._servers[host][1]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            if len(self._connections) < CONNECTION_LIMIT:
                self._connections[task] = None
                await self._serve(task, reader, writer)
        except (OSError, TimeoutError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._connections.pop(task, None)
            writer.close()

    async def _serve(
        self, task: "asyncio.Task[None]", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)
        try:
            async with asyncio.timeout(HEAD_TIMEOUT_S):
                request = await _request(http, reader)
        except h11.RemoteProtocolError:
            return
        if request is None:
            return
        offer, status = self._found(request, _peer_of(writer))
        if offer is None:
            writer.write(_reply(http, status, {"Content-Length": "0"}))
            await writer.drain()
            return
        self._connections[task] = offer
        await _send(http, offer, request, writer)

    def _found(self, request: h11.Request, peer: str) -> tuple[OfferedFile | None, int]:
        if not any(offer.peer == peer for offer in self._offers.values()):
            return None, 403
        offer = self._offers.get(request.target.decode("ascii", "replace"))
        if offer is None or offer.peer != peer:
            return None, 404
        return (offer, 200) if request.method in (b"GET", b"HEAD") else (None, 405)


async def _request(http: h11.Connection, reader: asyncio.StreamReader) -> h11.Request | None:
    """The head of the request; None where the connection ends before."""
    while True:
        event = http.next_event()
        if isinstance(event, h11.Request):
            return event
        if event is not h11.NEED_DATA:
            return None
        data = await reader.read(HEAD_LIMIT)
        if not data:
            return None
        http.receive_data(data)


async def _send(http: h11.Connection, offer: OfferedFile, request: h11.Request, writer: asyncio.StreamWriter) -> None:
    offset, size = _offset(request, len(offer.data)), len(offer.data)
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size - offset)}
    if offset:
        headers["Content-Range"] = f"bytes {offset}-{size - 1}/{size}"
    writer.write(_reply(http, 206 if offset else 200, headers))
    if request.method == b"GET":
        offer.requests += 1
        offer.sent = offset
        await _send_data(offer, writer)
    await writer.drain()


async def _send_data(offer: OfferedFile, writer: asyncio.StreamWriter) -> None:
    data = memoryview(offer.data)
    while offer.sent < len(data):
        piece = data[offer.sent : offer.sent + PIECE]
        writer.write(piece)
        async with asyncio.timeout(PIECE_TIMEOUT_S):
            await writer.drain()
        offer.sent += len(piece)
    offer.whole += 1


def _offset(request: h11.Request, size: int) -> int:
    """Where the download begins; 0 for any other kind of range."""
    found = RANGE.fullmatch(dict(request.headers).get(b"range", b""))
    offset = int(found[1]) if found else 0
    return offset if offset < size else 0


def _reply(http: h11.Connection, status: int, headers: Mapping[str, str]) -> bytes:
    with contextlib.suppress(h11.LocalProtocolError):
        return http.send(
            h11.Response(status_code=status, headers=[*headers.items(), ("Connection", "close")])
        ) or b""  # fmt: skip
    return b""


def _close(starting: "asyncio.Task[asyncio.Server]") -> None:
    """Close a server when it has started."""
    if not starting.cancelled() and starting.exception() is None:
        starting.result().close()


def _peer_of(writer: asyncio.StreamWriter) -> str:
    return str((writer.get_extra_info("peername") or ("",))[0])


def facing(peer: str) -> str:
    """The address of this computer on the interface that leads to ``peer``."""
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((peer, DISCARD_PORT))
            return str(sock.getsockname()[0])
    except OSError:
        return "0.0.0.0" if family is socket.AF_INET else "::"  # the device is asked from outside
