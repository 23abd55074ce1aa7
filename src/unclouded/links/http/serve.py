"""`http-listen://HOST:PORT`: the HTTP side of a simulated plug, reached by ``http://HOST:PORT``.

    POST /config, body ──► received(body, "http", re=n) ──► the session ──► Out(answer, re=n) ──► 200, body, closed
                                                                       └──► Out(b"", re=n)    ──► closed, no answer

A plug as in docs/protocols/meross.md §1.4: one request for each connection, 404 for other paths, and a request that is
too long closes the connection. h11 reads the requests; replies are written by hand, because ``quirky=yes`` makes
them slightly malformed, as real plugs do, and no library would. ``connections=1``: what is unanswered at a time;
further connections are closed. ``resets=yes``: what is closed without an answer is reset. Port 0 takes any free port;
``address`` and ``url`` name it.
"""

import asyncio
import socket
import struct
from pathlib import Path

import h11

from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.session import Failure, LinkPath, Out
from unclouded.core.system.sockets import Address
from unclouded.links.dial import fail_soon
from unclouded.links.ports import LinkServer
from unclouded.links.url import Url

REQUEST_LIMIT = 4_096  # bytes of a body, unless the address sets another limit; plugs accept about 1 kB
HEAD_LIMIT = 8_192  # bytes of a request line and headers
TIMEOUT_S = 10.0  # s for a request to arrive, and again for the session to answer
CONNECTION_LIMIT = 16  # simultaneous connections; further ones are closed
PATH = LinkPath(name="http", asks=True)

# A control character, a space after a name, and a line that ends without CR: strict parsers reject each.
QUIRKS = b"Server : Embedded\x01HTTP\r\nConnection: close\n"
PLAIN = b"Connection: close\r\n"


def open_http_listen(url: Url, baud: int, base: Path) -> Link:
    """Raises ConfigError where the address is wrong."""
    url.only("limit", "timeout", "quirky", "connections", "resets")
    return HttpListenLink(
        *url.host_port("http-listen://127.0.0.1:8080", lowest=0),
        limit=url.integer("limit", REQUEST_LIMIT, 1, 1_000_000),
        timeout=url.number("timeout", TIMEOUT_S, 3_600.0),
        quirky_headers=url.flag("quirky", False),
        connections=url.integer("connections", CONNECTION_LIMIT, 1, CONNECTION_LIMIT),
        resets=url.flag("resets", False),
    )


class HttpListenLink:
    """A small HTTP server; it is up from start to close. ``dropped`` counts answers without a waiting client."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        limit: int = REQUEST_LIMIT,
        timeout: float = TIMEOUT_S,
        quirky_headers: bool = False,
        connections: int = CONNECTION_LIMIT,
        resets: bool = False,
    ) -> None:
        self._server = LinkServer("http", host, port)
        self.limit = limit
        self.timeout = timeout
        self.quirky_headers = quirky_headers
        self.resets = resets
        self._most_connections = connections
        self.dropped = 0
        self.connections: set[RequestConnection] = set()
        self._inlet: Inlet | None = None
        self._unanswered: dict[int, RequestConnection] = {}
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
        self._server.open("http-listen", lambda: RequestConnection(self))
        self._inlet = inlet
        inlet.up(PATH)

    def send(self, out: Out) -> None:
        """Answer the request ``out.re``. Sends nothing where its connection is gone or was answered before."""
        connection = self._unanswered.pop(out.re, None)
        if connection is None:
            self.dropped += 1
            fail_soon(lambda: self._inlet, out.id, Failure.CLOSED)
        else:
            connection.answer(out.data)

    async def close(self) -> None:
        self._inlet = None
        await self._server.close(self._end_connections)

    async def _end_connections(self) -> None:
        self._unanswered.clear()
        await asyncio.gather(*[connection.abort() for connection in self.connections])

    # --- called by connections -----------------------------------------------------------------

    def accept(self, connection: "RequestConnection") -> bool:
        """Whether one more connection is served: not above the limit, nor before ``start``."""
        if self._inlet is None or sum(not one.is_answered for one in self.connections) >= self._most_connections:
            return False
        self.connections.add(connection)
        return True

    def request_received(self, connection: "RequestConnection", body: bytes) -> None:
        """A complete request has arrived."""
        self._last_id += 1
        connection.number = self._last_id
        self._unanswered[self._last_id] = connection
        if self._inlet is not None:
            self._inlet.received(body, PATH.name, self._last_id)

    def disconnected(self, connection: "RequestConnection") -> None:
        """A connection is gone; its request is not answered any more."""
        self.connections.discard(connection)
        self._unanswered.pop(connection.number, None)


class RequestConnection(asyncio.Protocol):
    """One connection: one request and at most one answer."""

    def __init__(self, link: HttpListenLink) -> None:
        self.number = 0  # of its request, once complete
        self.is_answered = False
        self._link = link
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)
        self._body = bytearray()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._gone = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._link.accept(self):
            self._wait()
        else:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        if self.number or self._transport is None or self._transport.is_closing():
            return  # a second request on one connection: plugs close it after the first
        try:
            self._http.receive_data(data)
            while isinstance(event := self._http.next_event(), h11.Event):
                self._take(event)
        except h11.RemoteProtocolError:
            self._reply(b"400 Bad Request", b"")

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._link.disconnected(self)
        self._gone.set_result(None)

    def answer(self, data: bytes) -> None:
        """Reply with ``data``; where that is empty, close without an answer."""
        if data:
            self._reply(b"200 OK", data)
        elif self._link.resets:
            self._reset()
        else:
            self._close()

    async def abort(self) -> None:
        """Close at once; returns when the connection is gone."""
        self._abort()
        await self._gone

    # --- inside --------------------------------------------------------------------------------

    def _take(self, event: h11.Event) -> None:
        match event:
            case h11.Request(method=b"POST", target=b"/config"):
                return
            case h11.Request():
                self._reply(b"404 Not Found", b"")
            case h11.Data():
                self._body += event.data
                if len(self._body) > self._link.limit:
                    self._close()
            case h11.EndOfMessage() if self._transport is not None and not self._transport.is_closing():
                self._wait()
                self._link.request_received(self, bytes(self._body))

    def _wait(self) -> None:
        """Abort when neither the client nor, later, the session goes on in time."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._link.timeout, self._abort)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _reply(self, status: bytes, body: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        extra = QUIRKS if self._link.quirky_headers else PLAIN
        head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n"
        self._transport.write(head % (status, extra, len(body)) + body)
        self._close()

    def _close(self) -> None:
        self.is_answered = True
        if self._transport is not None:
            self._transport.close()

    def _reset(self) -> None:
        """Closed with a reset: the client gets an error, not an end."""
        sock = self._transport.get_extra_info("socket") if self._transport is not None else None
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._abort()
