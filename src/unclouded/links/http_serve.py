"""`http-listen://HOST:PORT`: the HTTP side of a simulated plug, reached by ``http://HOST:PORT``.

    POST /config, body ──► received(body, "http", re=n) ──► the session ──► Out(answer, re=n) ──► 200, body, closed
                                                                       └──► Out(b"", re=n)    ──► closed, no answer

A plug as docs/protocols/meross.md §1.4 has it: one request a connection, other paths are 404, a request that is too long
is hung up on. h11 reads the requests; replies are written by hand, because ``quirky=yes`` makes them slightly
malformed, as real plugs do, and no library would. Port 0 takes any free port; ``address`` and ``url`` say which.
"""

import asyncio
from pathlib import Path

import h11

from unclouded.core.link import Inlet, Link
from unclouded.core.session import Failure, LinkPath, Out
from unclouded.links.dial import fail_soon
from unclouded.links.ports import listening, url_of
from unclouded.links.url import Url

LONGEST_REQUEST = 4_096  # bytes of a body, where the address does not say; plugs take about 1 kB
LONGEST_HEAD = 8_192  # bytes of a request line and headers
PATIENCE = 10.0  # s for a request to come in, and again for the session to answer
CALLERS = 16  # connections at once; whoever comes on top is hung up on
PATH = LinkPath(name="http", asks=True)

# A control character in a value and a line that ends without CR: strict parsers refuse either.
QUIRKS = b"Server: Embedded\x01HTTP\r\nConnection: close\n"
PLAIN = b"Connection: close\r\n"


def open_http_listen(url: Url, baud: int, base: Path) -> Link:
    """Raises ConfigError where the address is wrong."""
    url.only("limit", "patience", "quirky")
    return HttpListenLink(
        *url.host_port("http-listen://127.0.0.1:8080", lowest=0),
        limit=url.integer("limit", LONGEST_REQUEST, 1, 1_000_000),
        patience=url.number("patience", PATIENCE, 3_600.0),
        quirky_headers=url.flag("quirky", False),
    )


class HttpListenLink:
    """A small HTTP server; it is up from start to close. ``dropped`` counts answers that nobody waited for."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        limit: int = LONGEST_REQUEST,
        patience: float = PATIENCE,
        quirky_headers: bool = False,
    ) -> None:
        self.address = (host, port)
        self.limit = limit
        self.patience = patience
        self.quirky_headers = quirky_headers
        self.dropped = 0
        self.callers: set[Caller] = set()
        self._inlet: Inlet | None = None
        self._server: asyncio.Task[asyncio.Server] | None = None
        self._waiting: dict[int, Caller] = {}
        self._last = 0

    @property
    def url(self) -> str:
        """Where others reach it; after ``start`` with the port it really has."""
        return url_of("http", self.address)

    def start(self, inlet: Inlet) -> None:
        """Raises LinkRefused where the address cannot be had."""
        sock, self.address = listening(self.address)
        self._inlet = inlet
        self._server = asyncio.create_task(
            asyncio.get_running_loop().create_server(lambda: Caller(self), sock=sock),
            name=f"http-listen.{self.address[1]}",
        )
        inlet.up(PATH)

    def send(self, out: Out) -> None:
        """Answer the request ``out.re``. Where its caller has gone, or was answered before, nothing is sent."""
        caller = self._waiting.pop(out.re, None)
        if caller is None:
            self.dropped += 1
            fail_soon(lambda: self._inlet, out.id, Failure.CLOSED)
        else:
            caller.answer(out.data)

    async def close(self) -> None:
        self._inlet = None
        if self._server is None:
            return
        server = await self._server
        self._server = None
        server.close()
        self._waiting.clear()
        gone = [caller.hang_up() for caller in self.callers]
        await asyncio.gather(*gone)
        await server.wait_closed()

    # --- what callers say ----------------------------------------------------------------------

    def admits(self, caller: "Caller") -> bool:
        if self._inlet is None or len(self.callers) >= CALLERS:
            return False
        self.callers.add(caller)
        return True

    def asked(self, caller: "Caller", body: bytes) -> None:
        """A whole request is there."""
        self._last += 1
        caller.number = self._last
        self._waiting[self._last] = caller
        if self._inlet is not None:
            self._inlet.received(body, PATH.name, self._last)

    def left(self, caller: "Caller") -> None:
        self.callers.discard(caller)
        self._waiting.pop(caller.number, None)


class Caller(asyncio.Protocol):
    """One connection: one request, one answer or none."""

    def __init__(self, link: HttpListenLink) -> None:
        self.number = 0  # of its request, once that is whole
        self._link = link
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)
        self._body = bytearray()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._gone = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._link.admits(self):
            self._wait()
        else:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        if self.number or self._transport is None or self._transport.is_closing():
            return  # a second request on one connection: plugs close after the first
        try:
            self._http.receive_data(data)
            while isinstance(event := self._http.next_event(), h11.Event):
                self._take(event)
        except h11.RemoteProtocolError:
            self._reply(b"400 Bad Request", b"")

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._link.left(self)
        self._gone.set_result(None)

    def answer(self, data: bytes) -> None:
        """Reply with ``data``; without any, hang up."""
        if data:
            self._reply(b"200 OK", data)
        else:
            self._close()

    async def hang_up(self) -> None:
        self._give_up()
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
                self._link.asked(self, bytes(self._body))

    def _wait(self) -> None:
        """Hang up when nothing comes any more, from the caller or, later, from the session."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._link.patience, self._give_up)

    def _give_up(self) -> None:
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
        if self._transport is not None:
            self._transport.close()
