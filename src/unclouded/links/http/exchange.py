"""HTTP whose datagrams are whole requests and replies, heads included: for tests of how the other end speaks HTTP.

    client   Out(request, id) ──► one connection ──► received(all that came back, "http", re=id)
             another Out(more, id) goes out on the same connection, as long as that waits; Out(b"", id) closes it
    server   received(request, "http", re=n) ──► Out(reply, re=n) ──► written as it is, then closed

Nothing of the head is checked, added or corrected here. A reply ends where the other end closes, or is quiet for
QUIET_S; without any, the datagram has failed. ``Out(b"", re=n)`` closes without a reply. Source:
docs/protocols/meross.md §1.4.
"""

import asyncio
import re
import socket

from unclouded.core.sessions.link import Inlet
from unclouded.core.sessions.session import Failure, LinkPath, Out
from unclouded.core.system.sockets import Address
from unclouded.links.dial import fail_soon
from unclouded.links.ports import LinkServer

QUIET_S = 0.4  # s after which a reply is over on a connection that stays open
TIMEOUT_S = 10.0  # s for a connection, and for a whole request
REPLY_TIMEOUT_S = 120.0  # s for the first byte of a reply: a plug may scan for networks meanwhile
REQUEST_LIMIT = 65_536  # bytes of a request that is received; longer ones are closed
REPLY_LIMIT = 1_000_000  # bytes of a reply
READ_SIZE = 65_536
CLIENT_PATH = LinkPath(name="http", push=False, answers=True)
SERVER_PATH = LinkPath(name="http", asks=True)
LENGTH = re.compile(rb"\ncontent-length[ \t]*:[ \t]*(\d{1,9})", re.IGNORECASE)


class HttpExchangeLink:
    """Each datagram with a new id gets a connection of its own; several may be open at once."""

    def __init__(self, host: str, port: int, timeout_s: float = TIMEOUT_S) -> None:
        self._address = (host, port)
        self._timeout_s = timeout_s
        self._inlet: Inlet | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: dict[int, asyncio.Queue[bytes]] = {}  # what is still to be written, by id

    def start(self, inlet: Inlet) -> None:
        self._inlet = inlet
        inlet.up(CLIENT_PATH)

    def send(self, out: Out) -> None:
        if out.id in self._waiting:
            self._waiting[out.id].put_nowait(out.data)
            return
        if not out.data:
            return
        self._waiting[out.id] = asyncio.Queue()
        task = asyncio.create_task(self._exchange(out), name=f"exchange.{out.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        self._inlet = None
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    # --- inside --------------------------------------------------------------------------------

    async def _exchange(self, out: Out) -> None:
        try:
            result = await self._request(out)
        finally:
            del self._waiting[out.id]
        if self._inlet is None:
            return
        if isinstance(result, Failure):
            self._inlet.failed(out.id, result)
        else:
            self._inlet.received(result, CLIENT_PATH.name, out.id)

    async def _request(self, out: Out) -> bytes | Failure:
        try:
            async with asyncio.timeout(self._timeout_s):
                reader, writer = await asyncio.open_connection(*self._address)
        except (socket.gaierror, UnicodeError):
            return Failure.GONE
        except TimeoutError:
            return Failure.TIMEOUT
        except OSError:
            return Failure.REFUSED
        writer.write(out.data)
        more = asyncio.create_task(write_more(writer, self._waiting[out.id]), name=f"exchange.{out.id}.more")
        try:
            return await self._read(reader)
        finally:
            more.cancel()
            await asyncio.wait({more})
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> bytes | Failure:
        received = bytearray()
        try:
            while len(received) < REPLY_LIMIT:
                async with asyncio.timeout(QUIET_S if received else REPLY_TIMEOUT_S):
                    data = await reader.read(READ_SIZE)
                if not data:
                    break
                received += data
        except TimeoutError:
            return bytes(received) or Failure.TIMEOUT
        except OSError:
            return bytes(received) or Failure.CLOSED
        return bytes(received) or Failure.CLOSED


async def write_more(writer: asyncio.StreamWriter, queue: "asyncio.Queue[bytes]") -> None:
    """Write what comes; nothing = the connection is closed."""
    while data := await queue.get():
        writer.write(data)
    writer.transport.abort()


class HttpExchangeServer:
    """A server whose session sees each request whole and writes each reply whole."""

    def __init__(self, host: str, port: int) -> None:
        self._server = LinkServer("http", host, port)
        self._inlet: Inlet | None = None
        self._connections: set[ExchangeConnection] = set()
        self._unanswered: dict[int, ExchangeConnection] = {}
        self._last_id = 0

    @property
    def address(self) -> Address:
        return self._server.address

    @property
    def url(self) -> str:
        """The address for clients; after ``start`` with the real port."""
        return self._server.url

    def start(self, inlet: Inlet) -> None:
        """Raises LinkRefused where the address is not available."""
        self._server.open("exchanges", lambda: ExchangeConnection(self))
        self._inlet = inlet
        inlet.up(SERVER_PATH)

    def send(self, out: Out) -> None:
        connection = self._unanswered.pop(out.re, None)
        if connection is None:
            fail_soon(lambda: self._inlet, out.id, Failure.CLOSED)
        else:
            connection.reply(out.data)

    async def close(self) -> None:
        self._inlet = None
        await self._server.close(self._end_connections)

    async def _end_connections(self) -> None:
        for connection in list(self._connections):
            connection.abort()

    # --- called by connections -----------------------------------------------------------------

    def made(self, connection: "ExchangeConnection") -> None:
        """A client has connected."""
        self._connections.add(connection)

    def requested(self, connection: "ExchangeConnection", data: bytes) -> None:
        """A client has sent a whole request."""
        self._last_id += 1
        self._unanswered[self._last_id] = connection
        if self._inlet is not None:
            self._inlet.received(data, SERVER_PATH.name, self._last_id)

    def lost(self, connection: "ExchangeConnection") -> None:
        """A client is gone; its requests are not answered any more."""
        self._connections.discard(connection)
        self._unanswered = {id: one for id, one in self._unanswered.items() if one is not connection}


class ExchangeConnection(asyncio.Protocol):
    """One connection of a client: one request, one reply."""

    def __init__(self, server: HttpExchangeServer) -> None:
        self._server = server
        self._data = bytearray()
        self._is_whole = False
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._timer = asyncio.get_running_loop().call_later(TIMEOUT_S, self._late)
        self._server.made(self)

    def data_received(self, data: bytes) -> None:
        if self._is_whole:
            return
        self._data += data
        if len(self._data) > REQUEST_LIMIT:
            self.abort()
        elif is_whole(self._data):
            self._end(bytes(self._data))

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._server.lost(self)

    def reply(self, data: bytes) -> None:
        """Send these bytes, and close."""
        if self._transport is not None:
            self._transport.write(data)
            self._transport.close()

    def abort(self) -> None:
        """Close at once, without what waits to be sent."""
        if self._transport is not None:
            self._transport.abort()

    def _late(self) -> None:
        """What has come by now is handed on as it is: half a request, for example."""
        if not self._is_whole and self._data:
            self._end(bytes(self._data))
        elif not self._is_whole:
            self.abort()

    def _end(self, data: bytes) -> None:
        self._is_whole = True
        self._server.requested(self, data)


def is_whole(data: bytes | bytearray) -> bool:
    """Whether this is a head, and a body as long as it names."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    found = LENGTH.search(data, 0, end)
    return len(data) >= end + 4 + (int(found[1]) if found is not None else 0)
